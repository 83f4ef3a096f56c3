# make run   the default sweep (handwritten digits, no download)
# make test  lint, types and all tests, two at a time
# make quick the tests without Ray, servers, browsers and long trainings: what to run while writing code
# make chaos sweeps whose driver, workers and nodes are killed 20 times each; takes a while
# Each first makes the environment that it needs, a user's or a developer's; a second call finds it made.

VENV ?= .venv
PYTHON ?= python3
# The package is installed in place, so an environment that several checkouts share must know which one came last.
USER := $(VENV)/.installed-$(shell (pwd; cat requirements.txt pyproject.toml) | sha256sum | cut -c1-16)
DEVELOPER := $(VENV)/.developer-$(shell cat requirements-dev.txt | sha256sum | cut -c1-16)

.PHONY: run test quick chaos lint lock clean
.DEFAULT_GOAL := test

run: $(USER)
	$(VENV)/bin/python search/run.py $(ARGS)

# One worker runs all tests with Ray, one after the other, while the other runs the rest file by file; then they share
# what is left. Two workers with a thread each leave no processor idle, and none fought over.
PYTEST = OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(VENV)/bin/python -m pytest
PARALLEL = --numprocesses 2 --dist loadgroup --no-loadscope-reorder --durations 25

# Tests start many processes; without bytecode each compiles what it imports anew: 16 processor-seconds in place of
# 6 for torch, Ray Tune and MLflow. Some container images forbid writing it.
unexport PYTHONDONTWRITEBYTECODE

test: $(DEVELOPER) lint
	$(PYTEST) $(PARALLEL) $(ARGS)

quick: $(DEVELOPER)
	$(PYTEST) $(PARALLEL) -m "not ray and not server and not slow" $(ARGS)

chaos: $(DEVELOPER)
	$(VENV)/bin/python -m pytest tests/chaos --kills 20 --timeout 3600 $(ARGS)

# What mypy found of a file holds for every checkout that has it, and is kept with the environment: 35 seconds less.
lint: $(DEVELOPER)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --cache-dir $(VENV)/.mypy_cache

$(USER): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python -r requirements.txt
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	rm -f $(VENV)/.installed-*
	touch $@

$(DEVELOPER): requirements-dev.txt $(USER)
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python -r requirements-dev.txt
	rm -f $(VENV)/.developer-*
	touch $@

# Resolve both lists anew: plain pins, no addresses.
COMPILE = $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
lock: $(USER)
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
