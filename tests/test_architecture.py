"""The house rules that a tool can check: arrows point one way, nothing is typed that should not be."""

import ast
from pathlib import Path
import re

import pytest


ROOT = Path(__file__).parents[1]
PACKAGES = ("policies", "search", "spaces", "trainables")
ALLOWED = {
    "policies": {"policies"},
    "spaces": {"spaces"},
    "trainables": {"trainables", "policies"},
    "search": {"search", "trainables", "policies", "spaces"},
}
FORBIDDEN_LIBRARIES = {
    "policies": {"ray", "optuna", "mlflow", "torch"},
    "spaces": {"ray", "optuna", "mlflow", "torch"},
    "trainables": {"optuna", "mlflow", "deap"},
}


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


def imported(path):
    """Top-level names of everything that a file imports, wherever it does."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package):
    for path in sources(package):
        found = imported(path)
        assert not found & set(PACKAGES) - ALLOWED[package], path
        assert not found & FORBIDDEN_LIBRARIES.get(package, set()), path


def test_all_packages_are_distributed():
    """Of folders without ``__init__.py`` setuptools would take nothing."""
    for package in PACKAGES:
        for path in sources(package):
            assert (path.parent / "__init__.py").is_file(), path


def test_requirements_are_plain_pins_without_addresses():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert re.fullmatch(r"[a-z0-9._-]+==[^ ;@/]+( ; [^@/]+)?", line), line


def test_files_stay_readable():
    for package in PACKAGES:
        for path in sources(package):
            assert len(path.read_text().splitlines()) <= 300, path
