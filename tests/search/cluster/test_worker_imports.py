"""What lies in the working folder hides nothing from Ray's workers, and can still be imported by them."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from search.cluster.worker_imports import runtime_env


SHADOWS = ("policies", "trainables", "search", "random", "numpy", "torch", "ray", "statistics")
SCRIPT = """
import os, sys
from pathlib import Path

import ray

from search.cluster.connection import connected
from search.config.resources import ResourcesSection


def look():
    from importlib.util import find_spec

    import own_workload

    # Where an import would look; what it would load costs seconds.
    names = NAMES
    return {name: find_spec(name).origin for name in names} | {"own": own_workload.VALUE, "path": sys.path}


sys.path.append(str(Path.cwd()))
with connected(ResourcesSection(cpus=1), ADDRESS):
    found = ray.get(ray.remote(look).remote())
folder = os.getcwd()
assert found["own"] == 7
assert found["path"][-1] == folder and found["path"].count(folder) == 1
for name in NAMES:
    assert not found[name].startswith(folder), found[name]
"""


@pytest.fixture
def place(tmp_path):
    """A working folder of a user who has many modules of names that are taken."""
    folder = tmp_path / "work"
    folder.mkdir()
    for name in SHADOWS:
        (folder / f"{name}.py").write_text("raise RuntimeError('this is not the one')\n")
    (folder / "spaces").mkdir()
    (folder / "spaces" / "__init__.py").touch()
    (folder / "own_workload.py").write_text("VALUE = 7\n")
    return folder


@pytest.mark.slow
@pytest.mark.ray
def test_workers_on_this_machine_import_what_the_driver_does(place, tmp_path):
    assert_workers_import_what_the_driver_does(place, tmp_path, "local")


@pytest.mark.slow
def test_workers_of_a_cluster_import_what_the_driver_does(place, tmp_path, ray_session):
    assert_workers_import_what_the_driver_does(place, tmp_path, ray_session)


def assert_workers_import_what_the_driver_does(place, tmp_path, address):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("NAMES", repr((*SHADOWS, "spaces"))).replace("ADDRESS", repr(address)))
    packages = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_driver_that_looks_there_first_has_workers_that_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "worker_process_setup_hook" in runtime_env()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert "worker_process_setup_hook" in runtime_env()
    for first in ("", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [first, *sys.path])
        assert runtime_env() == {}
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
