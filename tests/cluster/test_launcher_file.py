"""What can be said about cluster.yaml without machines."""

import re
import subprocess
import tomllib

import pytest
from ray.autoscaler._private.util import prepare_config, validate_config
import yaml

from tests.cluster.launcher_file import FILE, MACHINES, ROOT, commands, setup_without_installation, variant


def test_file_as_it_is_has_machines_on_premises():
    assert yaml.safe_load(FILE.read_text()) == variant("on premises")


@pytest.mark.parametrize("machines", MACHINES)
def test_ray_takes_it(machines, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = prepare_config(variant(machines))
    validate_config(config)
    assert config["provider"]["type"] == {"on premises": "local", "AWS": "aws", "Google Cloud": "gcp"}[machines]
    # A sweep counts the nodes that are there when it begins.
    workers = [kind for name, kind in config["available_node_types"].items() if kind["max_workers"]]
    assert [kind["min_workers"] for kind in workers] == [kind["max_workers"] for kind in workers]
    assert config["max_workers"] == sum(kind["max_workers"] for kind in workers) > 0


@pytest.mark.parametrize("machines", MACHINES)
def test_commands_are_for_bash(machines):
    for command in commands(variant(machines)):
        done = subprocess.run(["bash", "-n", "-c", f"({command})"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("machines", MACHINES)
def test_pages_are_for_the_head_alone(machines):
    text = "\n".join(commands(variant(machines)))
    assert set(re.findall(r"--(?:dashboard-)?host[= ](\S+)", text)) == {"127.0.0.1"}
    assert set(re.findall(r"https?://([^:/\s']+)", text)) == {"127.0.0.1"}
    assert "mlflow server --host" in text
    assert "--dashboard-host" in text
    assert "0.0.0.0" not in text  # noqa: S104


def test_all_packages_travel_and_little_else():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    mounts = variant("on premises")["file_mounts"]
    assert {name.removesuffix("*") for name in listed} <= set(mounts.values())
    for remote, local in mounts.items():
        path = ROOT / local
        assert remote == f"~/exitsearch/{local}"
        # Ray reads all of it at every `ray up`, whatever rsync leaves out. What Python and numba keep grows with use.
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        assert 0 < sum(file.stat().st_size for file in files if "__pycache__" not in file.parts) < 5 * 2**20, path


def bash(command, home):
    return subprocess.run(
        ["bash", "-c", f"source ~/.bashrc; ({command})"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_setup_leaves_the_same_when_it_runs_again(tmp_path):
    home, shared = tmp_path / "home", tmp_path / "shared"
    (home / "exitsearch").mkdir(parents=True)
    shared.mkdir()
    steps = [line for line in setup_without_installation(variant("AWS"), shared) if "python3 -c" not in line]
    seen = []
    for _ in range(2):
        for step in steps:
            done = bash(step, home)
            assert done.returncode == 0, done.stdout + done.stderr
        seen.append({path: path.read_text() for path in (home / ".bashrc", home / "exitsearch" / "env.sh")})
    assert seen[0] == seen[1]
    assert (home / "runs").resolve() == shared / "runs"
    told = bash("echo $MLFLOW_TRACKING_URI; echo $PATH", home).stdout.splitlines()
    assert told[0] == "http://127.0.0.1:5000"
    assert told[1].startswith(f"{home}/exitsearch/.venv/bin:")


def test_setup_stops_where_the_shared_folder_is_missing(tmp_path):
    (tmp_path / "exitsearch").mkdir()
    steps = setup_without_installation(variant("on premises"), tmp_path / "nothing")
    told = [done.stdout for step in steps if (done := bash(step, tmp_path)).returncode]
    assert len(told) >= 1
    assert told[0].startswith(f"{tmp_path / 'nothing'} must be a folder that all nodes share")


def test_setup_keeps_a_folder_of_runs_that_is_there_already(tmp_path):
    for name in ("home/exitsearch", "home/runs", "shared"):
        (tmp_path / name).mkdir(parents=True)
    steps = setup_without_installation(variant("on premises"), tmp_path / "shared")
    told = [done.stdout for step in steps if (done := bash(step, tmp_path / "home")).returncode]
    assert told[0].startswith("move ~/runs away")
