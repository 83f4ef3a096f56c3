"""Every command and file that the README and ``docs/`` show, run as a reader would; sweeps are made small."""

from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
import io
import json
import os
from pathlib import Path
from pkgutil import resolve_name
import re
from runpy import run_path
import shlex
import struct
import subprocess
import sys
import time
import tomllib
from urllib.request import urlopen
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import cohen_kappa_score
import torch
from torch import nn
import typer
from typer.testing import CliRunner
import yaml

from policies.calibration.temperature import fit_temperatures
from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.tasks import load_table
from search.cli.app import ExitCode, app, main
from search.config.sweep import SweepConfig
from tests.pages import ROOT, blocks, commands
from tests.search.tracking.servers import free_port
from tests.sweeps import SMALL
from tests.tables import make_table
from trainables.data import SplitFractions
from trainables.models import NetworkSpec
from trainables.workloads import Workload, get_workload


BIN = Path(sys.prefix) / "bin"
TINY = (
    *SMALL,
    *("search.trials=1", "training.epochs=8", "training.batch_size=16", "policy.best_trials=1"),
    "search.first_trials=[]",
)
# What is added to other commands; none may have it already, since an option counts once.
SMALLER = {
    "policy": ("--max-evaluations", "2000"),
    "bench": ("--rounds", "2"),
    "teacher": ("--set", "training.epochs=3"),
}
COMMANDS = commands()
# What is typed first, by what it makes: the first command that begins so.
NEEDED = {
    "exitsearch export listed-policy": ("exitsearch tabulate", "exitsearch policy tables/"),
    "exitsearch export": ("make run",),
    "exitsearch predict": ("exitsearch export runs/digits-1 --out digits-onnx --onnx",),
    "exitsearch check": ("exitsearch export runs/digits-1 --out digits-onnx --onnx",),
    "exitsearch bench": ("exitsearch export runs/digits-1 --out digits-onnx --onnx",),
    "exitsearch policy search.npz --certify certify.npz --max-drop 0.01 --objective": (
        "exitsearch bench digits-onnx --batch-size 1 --seconds 5 --times times.json",
    ),
    "mlflow models serve": ("exitsearch export",),
    "exitsearch run --resume": ("exitsearch run digits",),
    "exitsearch report": ("exitsearch run digits", "exitsearch policy search.npz --certify certify.npz --test"),
    "exitsearch certify": ("exitsearch policy search.npz --certify certify.npz --test",),
    "exitsearch policy tables/": ("exitsearch tabulate",),
    "exitsearch soft-labels": ("exitsearch teacher",),
}


def of_kind(*kinds):
    """The commands that begin with one of the kinds."""
    return [command for command in COMMANDS if command.startswith(kinds)]


def is_sweep(command):
    return command.startswith(("exitsearch run", "python search/run.py")) and not command.endswith("--help")


# In the reader's own module, which Ray's workers must find.
OWN_SWEEPS = [command for command in COMMANDS if is_sweep(command) and ".yaml" in command]
SWEEPS = [command for command in COMMANDS if is_sweep(command) and command not in OWN_SWEEPS]
REPORTS = of_kind("exitsearch report")
TABLES = of_kind("exitsearch policy", "exitsearch certify")
TABULATING = of_kind("exitsearch tabulate")
TEACHING = of_kind("exitsearch teacher", "exitsearch soft-labels")
HELP = [command for command in COMMANDS if command.endswith("--help")]
BENCHMARKS = of_kind("python benchmarks/")
MAKE = of_kind("make ")
EXPORTS = of_kind("exitsearch export")
SERVED = of_kind("mlflow models serve")
DEPLOYED = of_kind("exitsearch predict", "exitsearch check", "exitsearch bench")
PAGE = of_kind("mlflow ui")
SHELL = of_kind(". .venv/")


def test_every_command_is_run_here():
    run = [*OWN_SWEEPS, *SWEEPS, *REPORTS, *TABULATING, *TABLES, *TEACHING, *HELP, *BENCHMARKS, *MAKE, *PAGE, *SHELL]
    run += [*EXPORTS, *SERVED, *DEPLOYED]
    assert sorted(run) == sorted(COMMANDS)


@dataclass
class Reader:
    """Somebody who types commands in a folder, each once, and before it those that make what it needs.

    Attributes:
        folder: Where the reader is.
        seen: The exit status of each command, and all that it printed.
    """

    folder: Path
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)

    def type(self, command):
        """In this process, which has imported everything already."""
        if command not in self.seen:
            for needed in next((needs for begin, needs in NEEDED.items() if command.startswith(begin)), ()):
                self.type(next(one for one in COMMANDS if one.startswith(needed)))
            self.seen[command] = self._run(command)
        return self.seen[command]

    def _run(self, command):
        words = shlex.split(command.replace("../shared/data", "data"))
        arguments = ["run", *words[2:]] if words[0] in {"python", "make"} else words[1:]
        if arguments[0] == "run" and command not in HELP:
            arguments += small_settings()
        arguments += SMALLER.get(arguments[0], ())
        printed = io.StringIO()
        shown = warnings.showwarning
        with chdir(self.folder), redirect_stdout(printed), redirect_stderr(printed), pytest.raises(SystemExit) as ended:
            main(arguments)
        warnings.showwarning = shown
        if arguments[:2] == ["policy", "search.npz"] and "--out" not in arguments:
            self.folder.joinpath("policy.json").write_bytes((self.folder / "runs/policy-1/policy.json").read_bytes())
        return ended.value.code, printed.getvalue()


def small_settings():
    return [part for one in TINY for part in ("--set", one)]


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A reader's working folder: all files that are shown, tables of a network, and a few images for data."""
    folder = tmp_path_factory.mktemp("reader")
    for block in (*blocks("python"), *blocks("yaml")):
        if block.file_name is not None:
            (folder / block.file_name).write_text(block.text)
    write_images(folder / "data" / "FashionMNIST" / "raw")
    write_tables(folder)
    write_weights(folder)
    return folder


def write_images(folder):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 600), ("t10k", 100)):
        labels = np.arange(n) % 10
        images = rng.integers(0, 60, (n, 28, 28)) + 19 * labels[:, None, None]
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())


def write_tables(folder):
    """With the function that the page on policy search shows."""
    written: dict = {}
    exec((folder / "write_table.py").read_text(), written)  # noqa: S102
    for seed, name in enumerate(("search", "certify", "test")):
        table = make_table(900, 3, 4, seed=seed, prefix=name)
        # Surer exits than usual: the targets that are shown are high.
        logits = table.logits + 6 * (np.arange(4) == table.labels[:, None])[:, None]
        written["write_table"](folder / f"{name}.npz", logits, table.labels, table.cost, table.ids)


def write_weights(folder):
    """Of the network that the page on own networks shows, which its reader has trained."""
    shown: dict = {}
    exec((folder / "listed.py").read_text(), shown)  # noqa: S102
    torch.manual_seed(0)
    network, (images, labels) = shown["Listed"](), load_digits(return_X_y=True)
    images, labels = torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(15):
        for rows in torch.randperm(len(labels)).split(128):
            loss = sum(nn.functional.cross_entropy(logits, labels[rows]) for logits in network(images[rows]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    torch.save({"epoch": 15, "state_dict": network.state_dict()}, folder / "listed.pt")


@pytest.fixture(scope="session")
def reader(place, few_draws):
    return Reader(place)


@pytest.fixture
def shown(place, monkeypatch):
    """Imports a module that a page shows, in the reader's folder."""
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(str(place))
    return import_module


def in_a_process(*words, place, address=""):
    environment = {**os.environ, "RAY_ADDRESS": address}
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, env=environment, check=False)


def test_the_two_commands_come_first():
    assert COMMANDS[:2] == ["make run", "make test"]


@pytest.mark.parametrize("command", MAKE)
def test_make_targets_exist(command):
    done = subprocess.run([*shlex.split(command), "--dry-run"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert ("search/run.py" if command.split()[1] == "run" else "pytest") in done.stdout


@pytest.mark.parametrize("command", [*SWEEPS, *REPORTS])
def test_sweeps_and_their_reports(command, reader, ray_session):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed
    assert "selected policy" in printed


@pytest.mark.parametrize("command", OWN_SWEEPS)
def test_sweeps_over_workloads_of_the_readers_own(command, place, ray_session):
    words = shlex.split(command)[1:]
    done = in_a_process("-m", "search", *words, *small_settings(), place=place, address=ray_session)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert "selected policy" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_command_is_installed_under_its_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert resolve_name(project["scripts"]["exitsearch"]) is main


@pytest.mark.parametrize("command", HELP)
def test_help(command, reader):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE
    assert "Usage:" in printed


@pytest.mark.slow
@pytest.mark.parametrize("command", BENCHMARKS)
def test_benchmarks(command, monkeypatch, capsys):
    """As a script, but in this process, which has imported everything already."""
    script = ROOT / shlex.split(command)[1]
    monkeypatch.setattr(sys, "argv", [str(script), "--samples", "500", "--policies", "20"])
    monkeypatch.syspath_prepend(str(script.parent))
    run_path(str(script), run_name="__main__")
    assert "policies / s" in capsys.readouterr().out


@pytest.mark.parametrize("command", TABLES)
def test_policies_without_a_sweep(command, reader):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed
    assert re.search(r"^Certified: ", printed, re.MULTILINE), printed


@pytest.mark.parametrize("command", TABULATING)
def test_tables_of_a_trained_network(command, reader):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed
    for name in ("search", "certify", "test"):
        assert load_table(reader.folder / "tables" / f"{name}.npz").n_exits == 3


def test_a_trained_network_is_cut_in_three_lines(shown, capsys):
    shown("cut_listed")
    assert capsys.readouterr().out == "3 exits at [0.01 0.21 1.  ]\n"


@pytest.mark.parametrize("command", TEACHING)
def test_teachers(command, reader):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed


def test_soft_labels_of_a_teacher_are_used_by_a_sweep(reader, ray_session, monkeypatch, capsys):
    for command in TEACHING:
        reader.type(command)
    monkeypatch.chdir(reader.folder)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    teachers = "teachers=[{name: told, soft_labels: teachers/deep.npz}]"
    space = ("space.name=distillation", "space.overrides.distillation=teachers", "training.views=4")
    settings = [part for one in (teachers, *space) for part in ("--set", one)]
    with pytest.raises(SystemExit) as ended:
        main(["run", "digits", "--name", "taught", *small_settings(), *settings])
    printed = capsys.readouterr()
    assert ended.value.code == ExitCode.DONE, printed.out + printed.err
    (report,) = json.loads(Path("runs/taught/alignment.json").read_text())
    assert report["problem"] == ""
    summary = json.loads(Path("runs/taught/summary.json").read_text())
    assert summary["selected"]["hyperparameters"]["kd_teachers"] == "told"


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.page)
def test_sweep_files_are_taken(block, shown):
    SweepConfig.from_mapping(yaml.safe_load(block.text))


TYPED = [
    line.split("  #")[0]
    for block in blocks("text")
    for line in block.text.splitlines()
    if re.match(r"exitsearch [a-z-]+ ", line)
]


@pytest.mark.parametrize("line", TYPED)
def test_commands_that_take_too_long_have_these_options(line):
    name, *arguments = shlex.split(line)[1:]
    command = typer.main.get_command(app).commands[name]
    command.make_context(name, arguments)


def test_a_policy_is_chosen_in_ten_lines(shown, capsys):
    shown("choose")
    assert re.fullmatch(r"certified bound 0\.9\d+\naccuracy 0\.9\d+ at mean depth 1\.\d+\n", capsys.readouterr().out)


class Listed(nn.Module):
    """Gives a list of logits; the first exit sees less."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 3), nn.Linear(4, 3)

    def forward(self, inputs):
        return [self.first(inputs[:, :2]), self.last(inputs)]


def test_any_network_gives_tables(shown, tmp_path, recwarn):
    network, inputs = Listed(), torch.randn(120, 4)
    labels = torch.arange(120) % 3
    batches = [([f"s{i}" for i in rows], inputs[rows], labels[rows]) for rows in torch.arange(120).split(50)]
    shown("exit_tables").write_table(tmp_path / "table.npz", network, batches, cost=[0.5, 1.0])
    table = load_table(tmp_path / "table.npz")
    assert (table.n_samples, table.n_exits, table.n_classes) == (120, 2, 3)
    np.testing.assert_array_equal(table.labels, labels)
    np.testing.assert_allclose(table.logits[:, 1], network(inputs)[1].detach(), rtol=1e-6)
    assert table.assumed == frozenset()
    assert [str(warning.message) for warning in recwarn.list] == []


WORKLOADS = [block for block in blocks("python") if "WORKLOAD = " in block.text]


@pytest.mark.parametrize("block", WORKLOADS, ids=lambda block: block.file_name)
def test_workloads_build_their_networks(block, shown):
    workload = get_workload(f"{block.file_name.removesuffix('.py')}:WORKLOAD")
    splits = workload.load(None, SplitFractions(), split_seed=0)
    n_classes = len(splits.class_names)
    model = workload.build_model(splits.train, n_classes, NetworkSpec(workload.n_exits, workload.width))
    images = torch.zeros(2, *splits.train.inputs.shape[1:])
    assert model.eval()(images).shape == (2, workload.n_exits, n_classes)


def test_data_source_can_be_split(shown):
    workload = Workload("own", shown("stripes").Stripes, lambda **_: None, n_exits=2, width=4)
    splits = workload.load(None, SplitFractions(), split_seed=0)
    assert splits.class_names == ("rows", "columns")
    assert set(splits.search.labels) == {0, 1}


QUICK = EvolveSettings(population=8, generations=2, max_levels=32)


def searched(place, goal, **options):
    table = load_table(place / "search.npz")
    return table, search_front(table, fit_temperatures(table), goal, settings=QUICK, **options)


def test_rule_is_searched(shown, place):
    shown("gini")
    _, front = searched(place, Goal(target=0.9), rules=["gini:RULE"])
    assert front.is_feasible
    assert front.policies[0].rule == "gini:RULE"


def test_quality_is_a_bound(shown, place):
    shown("first_class_recall")
    table, front = searched(place, Goal(target=0.5, bounds={"first_class_recall:QUALITY": 0.93}))
    answers = front.policies[0].decide(table).answers
    assert (answers[table.labels == 0] == 0).mean() >= 0.93


def test_pooled_quality_is_what_is_wanted(shown, place):
    shown("kappa")
    table, front = searched(place, Goal(quality="kappa:QUALITY", target=0.8), rules=["confidence"])
    answers = front.policies[0].decide(table).answers
    assert cohen_kappa_score(answers, table.labels) == pytest.approx(front.figure("kappa:QUALITY")[0])
    assert front.figure("kappa:QUALITY")[0] >= 0.8


def test_objective_is_minimised(shown, place):
    shown("energy")
    _, front = searched(place, Goal(target=0.5, objective="energy:OBJECTIVE"), rules=["confidence"])
    assert front.figure("mean_energy")[0] == pytest.approx(0.5 + 0.5 * front.figure("mean_cost")[0])


def test_baseline_has_its_row(shown, place, capsys):
    shown("halfway")
    with pytest.raises(SystemExit) as ended:
        main(shlex.split("policy search.npz --target 0.9 --max-evaluations 500 --out own --baseline halfway:BASELINE"))
    assert ended.value.code == ExitCode.DONE
    assert "BASELINE" in capsys.readouterr().out


def test_search_space_is_taken_by_a_sweep(shown):
    config = SweepConfig.from_mapping({"space": {"name": "short:ShortSpace", "overrides": {"label_smoothing": 0.0}}})
    names = {"learning_rate_adamw", "label_smoothing", "exit_weight_1", "exit_weight_2"}
    assert set(config.build_space().dimensions) == names


def test_command_is_typed(shown, reader):
    for command in TABLES:
        reader.type(command)
    program = typer.Typer()
    program.command()(shown("thresholds").thresholds)
    typed = CliRunner().invoke(program, ["runs/policy-1"])
    assert typed.exit_code == 0
    policy = json.loads(Path("runs/policy-1/policy.json").read_text())
    assert typed.stdout.split()[0] == policy["rule"]


@pytest.mark.parametrize("command", EXPORTS)
def test_exports(command, reader, ray_session):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed
    folder = shlex.split(command)[shlex.split(command).index("--out") + 1]
    assert f"\nBundle {folder}\n" in printed
    if "--no-register" not in command:
        assert "\nModel models:/digits-1@certified, version 1, in sqlite:" in printed


@pytest.fixture(scope="module")
def photos(place):
    """The images that the page on deploying makes."""
    with chdir(place):
        exec((place / "photos.py").read_text(), {})  # noqa: S102
    return place / "photos"


@pytest.mark.parametrize("command", DEPLOYED)
def test_what_was_exported_runs_and_is_watched(command, reader, photos, ray_session):
    status, printed = reader.type(command)
    assert status == ExitCode.DONE, printed


def test_a_bundle_is_written_in_python(reader, capsys):
    reader.type(next(command for command in COMMANDS if command.startswith("exitsearch policy tables/")))
    with chdir(reader.folder):
        exec((reader.folder / "own_bundle.py").read_text(), {})  # noqa: S102
    assert capsys.readouterr().out == "own-bundle\n"


def test_a_bundle_runs_in_python(reader, photos, ray_session, capsys):
    reader.type(next(command for command in DEPLOYED if "--check" in command))
    with chdir(reader.folder):
        run_path("run_bundle.py", run_name="__main__")
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2
    assert " at depth " in printed


@pytest.fixture(scope="module")
def model_server(reader, ray_session):
    """The port at which the model answers that was exported."""
    reader.type(next(command for command in EXPORTS if "--no-register" not in command))
    (command,) = SERVED
    words = [*shlex.split(command), "-p", str(free_port())]
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    with (reader.folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            words, cwd=reader.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _page(f"http://127.0.0.1:{words[-1]}/ping")
        yield words[-1]
    finally:
        os.killpg(server.pid, 15)
        server.wait()


@pytest.mark.slow  # a server and a process, each of which imports MLflow
def test_served_model_answers_as_the_one_in_process(model_server, reader):
    script = (reader.folder / "ask.py").read_text().replace("5001", model_server)
    asked, loaded = (
        subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            cwd=reader.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        for words in (("-c", script), ("in_process.py",))
    )
    assert asked.returncode == loaded.returncode == 0, asked.stderr + loaded.stderr
    answers = json.loads(asked.stdout)["predictions"]
    assert [list(one) for one in answers] == 2 * [["label", "confidence", "depth", "reason"]]
    rows = [line.split() for line in loaded.stdout.splitlines()[:3]]
    assert rows == [["label", "depth"], *([str(k), one["label"], str(one["depth"])] for k, one in enumerate(answers))]


@pytest.mark.parametrize("command", PAGE)
def test_mlflow_page_opens(command, place):
    words, port = shlex.split(command), free_port()
    with subprocess.Popen(
        [str(BIN / words[0]), *words[1:], "--port", str(port), "--workers", "1"],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            assert "<title>MLflow</title>" in _page(f"http://127.0.0.1:{port}/")
        finally:
            os.killpg(server.pid, 15)


def _page(address, seconds=600):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
