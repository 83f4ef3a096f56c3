"""Every command and every file of the README, run as a reader would run them; sweeps are made small."""

import json
import os
from pathlib import Path
import re
import shlex
import struct
import subprocess
import sys
import time
from urllib.request import urlopen
import warnings

import numpy as np
import pytest
import torch
import yaml

from search.cli.app import ExitCode, main
from search.config.sweep import SweepConfig
from tests.sweeps import SMALL
from tests.tables import make_table
from trainables.data import SplitFractions
from trainables.models import NetworkSpec
from trainables.workloads import get_workload


ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.prefix) / "bin"
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
SWEEPS = [command for command in COMMANDS if re.match(r"(exitsearch run|python search/run\.py)(?! --help)", command)]
PORT = 5917


def shown_files():
    """Blocks whose first line is a comment with a file's name."""
    blocks = re.findall(r"```(?:python|yaml)\n(# ([\w.]+\.(?:py|yaml))\n.*?)```", README, re.DOTALL)
    return {name: text for text, name in blocks}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A reader's working folder: the files that the README shows, and a few images where the data would be."""
    folder = tmp_path_factory.mktemp("reader")
    for name, text in shown_files().items():
        (folder / name).write_text(text)
    (folder / "search").mkdir()
    (folder / "search" / "run.py").write_text((ROOT / "search" / "run.py").read_text())
    raw = folder / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 600), ("t10k", 100)):
        labels = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 28, 28)) + 19 * labels[:, None, None]
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (raw / f"{part}-{kind}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())
    return folder


def run(command, place, address="", *more):
    words = shlex.split(command.replace("../shared/data", "data"))
    words[0] = str(BIN / words[0])
    environment = {**os.environ, "RAY_ADDRESS": address}
    return subprocess.run([*words, *more], capture_output=True, text=True, cwd=place, env=environment, check=False)


def test_readme_shows_the_two_commands_first():
    assert COMMANDS[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_targets_exist(command):
    done = subprocess.run([*shlex.split(command), "--dry-run"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert ("search/run.py" if command.split()[1] == "run" else "pytest") in done.stdout


TINY = (*SMALL, "search.trials=1", "training.epochs=8", "training.batch_size=16", "policy.best_trials=1")


@pytest.mark.parametrize("command", [command for command in SWEEPS if "my_sweep" not in command])
def test_sweeps(command, place, ray_session, monkeypatch, capsys):
    """In this process, which has imported everything already."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    words = shlex.split(command.replace("../shared/data", "data"))
    arguments = words[words.index("run") + 1 :] if "run" in words else words[2:]
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments, *_settings()])
    printed = capsys.readouterr()
    assert ended.value.code == ExitCode.DONE, printed.out + printed.err
    assert "selected policy" in printed.out


def test_sweep_over_a_workload_of_the_readers_own(place, ray_session):
    """In a process of its own: Ray's workers must find the reader's module."""
    (command,) = [command for command in SWEEPS if "my_sweep" in command]
    done = run(command, place, ray_session, *_settings())
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "selected policy" in done.stdout
    assert "Traceback" not in done.stderr


def _settings():
    return [part for one in (*TINY, "search.first_trials=[]") for part in ("--set", one)]


OTHERS = [command for command in COMMANDS if command.startswith("python benchmarks/") or command.endswith("--help")]


@pytest.mark.parametrize("command", OTHERS)
def test_other_commands(command, place):
    if not command.endswith("--help"):
        command = f"python {ROOT / shlex.split(command)[1]} --samples 500 --policies 20"
    done = run(command, place)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_policies_without_a_sweep(place, monkeypatch, capsys):
    """With tables that the README's own function writes."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    written: dict = {}
    exec((place / "write_table.py").read_text(), written)  # noqa: S102
    for seed, name in enumerate(("search", "certify", "test")):
        table = make_table(900, 3, 4, seed=seed, prefix=name)
        # Surer exits than usual: the README's targets are high.
        logits = table.logits + 6 * (np.arange(4) == table.labels[:, None])[:, None]
        written["write_table"](f"{name}.npz", logits, table.labels, table.cost, table.ids)
    commands = [command for command in COMMANDS if re.match(r"exitsearch (policy|certify)", command)]
    assert len(commands) == 3
    for command in commands:
        words = shlex.split(command)
        more = ["--max-evaluations", "2000", "--out", "found"] if words[1] == "policy" else []
        with pytest.raises(SystemExit) as ended:
            main([*words[1:], *more])
        printed = capsys.readouterr()
        assert ended.value.code == ExitCode.DONE, printed.out + printed.err
        verdict = r"^Selected: .*\. Certified: " if words[1] == "policy" else r"^CERTIFIED: "
        assert re.search(verdict, printed.out, re.MULTILINE), printed.out
        (place / "policy.json").write_text((place / "found" / "policy.json").read_text())


def test_soft_labels_of_a_teacher_are_used_by_a_sweep(place, ray_session, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    commands = [command for command in COMMANDS if re.match(r"exitsearch (teacher|soft-labels)", command)]
    assert [command.split()[1] for command in commands] == ["teacher", "soft-labels"]
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        assert ended.value.code == ExitCode.DONE, capsys.readouterr().err
    teachers = "teachers=[{name: told, soft_labels: teachers/deep.npz}]"
    space = ("space.name=distillation", "space.overrides.distillation=teachers", "training.views=4")
    settings = [part for one in (teachers, *space) for part in ("--set", one)]
    with pytest.raises(SystemExit) as ended:
        main(["run", "digits", "--name", "taught", *_settings(), *settings])
    printed = capsys.readouterr()
    assert ended.value.code == ExitCode.DONE, printed.out + printed.err
    (report,) = json.loads((place / "runs" / "taught" / "alignment.json").read_text())
    assert report["problem"] == ""
    summary = json.loads((place / "runs" / "taught" / "summary.json").read_text())
    assert summary["selected"]["hyperparameters"]["kd_teachers"] == "told"


def test_exits_for_a_network_of_torchvision(place, monkeypatch):
    monkeypatch.syspath_prepend(str(place))
    workload = get_workload("my_network:WORKLOAD")
    splits = workload.load(None, SplitFractions(), split_seed=0)
    model = workload.build_model(splits.train, 10, NetworkSpec(workload.n_exits, workload.width))
    assert model.eval()(torch.zeros(2, 1, 8, 8)).shape == (2, 3, 10)


def test_every_command_is_of_a_kind_that_is_run_here():
    known = (
        "make ",
        "exitsearch run",
        "exitsearch policy",
        "exitsearch certify",
        "exitsearch teacher",
        "exitsearch soft-labels",
        "python search/run.py",
        "python benchmarks/",
        "mlflow ui",
        ". .venv/",
    )
    assert [command for command in COMMANDS if not command.startswith(known)] == []


def test_mlflow_page_opens(place):
    (command,) = [command for command in COMMANDS if command.startswith("mlflow ui")]
    words = shlex.split(command)
    with subprocess.Popen(
        [str(BIN / words[0]), *words[1:], "--port", str(PORT), "--workers", "1"],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            assert "<title>MLflow</title>" in _page(f"http://127.0.0.1:{PORT}/")
        finally:
            os.killpg(server.pid, 15)


def _page(address, seconds=90):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_sweep_file_that_is_explained_names_every_key_with_its_default():
    (text,) = re.findall(r"```yaml\n(name: null.*?)```", README, re.DOTALL)
    values = yaml.safe_load(text)
    assert values["space"].pop("overrides").keys() == {"learning_rate_adamw", "distillation", "label_smoothing"}
    defaults = SweepConfig().model_dump(mode="json")
    defaults["space"].pop("overrides")
    assert values == defaults
    SweepConfig.from_mapping(yaml.safe_load(text))


def test_pictures_exist():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for path in pictures:
        assert (ROOT / path).is_file(), path
