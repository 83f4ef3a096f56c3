"""What can be refused is refused before anything heavy is imported, and nobody waits for imports without a word."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from policies.policy import Policy
from search.cli.commands import COMMANDS
from search.cli.exit_code import ExitCode
from search.config.files import preset_names
from search.config.sweep import known_keys
from search.loading import tell_loading
from tests.tables import make_table
from tests.typist import HEAVY, type_all


# Types one request, and ends where anything heavy is to be imported.
STOPPED = """
import os, sys

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name in sys.argv[1].split(","):
            print(f"loads {name}", file=sys.stderr, flush=True)
            os._exit(0)

sys.meta_path.insert(0, Stop())
from search.cli.app import main

main(sys.argv[2:])
"""


def python(script, *arguments, folder, **options):
    return subprocess.run(
        [sys.executable, "-c", script, ",".join(HEAVY), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        **options,
    )


def mistyped(key):
    """The key with a letter too many in its last part."""
    return f"{key}x=1"


SECTIONS = sorted({key.rpartition(".")[0]: key for key in known_keys()}.values())
VALUES = {
    "target=2": "target must be above 0 and at most 1 but 2 was given",
    "workload=digit": "there is no workload 'digit'; did you mean 'digits'?",
    "name=a/b": "name must be a plain folder name",
    "seeds=[1, 1]": "seeds must differ",
    "training.epochs=-1": "training.epochs must be at least 0",
    "training.network=resnet": "there is no network 'resnet'; did you mean 'resnet-34'?",
    "data.audio.n_mels=0": "data.audio.n_mels must be above 0",
    "data.image_size=big": "data.image_size must be a whole number",
    "splits.train=0.9": "splits: split fractions must be positive and sum to 1",
    "teachers=[{name: one, modl: x}]": "unknown key 'teachers.0.modl'",
    "teachers=[{name: one}]": "must name one of soft_labels, model and network",
    "space.name=audi": "there is no space 'audi'; did you mean 'audio'?",
    "space.overrides={weight_deca: 1}": "has no dimension 'weight_deca'; nearest are weight_decay",
    "space.overrides={weight_decay: {low: x}}": "weight_decay: must be a number but 'x' was given",
    "search.first_trials={optimiser: adam}": "'optimiser' of number 1 must be among ['adamw', 'sgd']",
    "search.sampler=best": "search.sampler must be 'tpe', 'nsga2', 'gp' or 'random'",
    "policy.rules=[confidenc]": "there is no rule 'confidenc'",
    "policy.population=5": "policy.population must be at least 4, at most 10,000 and a multiple of 4",
    "policy.latency_ms=[1, 2]": "latency_ms must be 3 increasing positive times",
    "policy.quality=best": "there is no quality 'best'",
    "resources.cpus_per_trial=no": "resources.cpus_per_trial must be a number",
    "tracking.experiment=''": "tracking.experiment must not be empty",
}
WRONG = {
    ("run", "nothing"): "there is no preset 'nothing'",
    ("run", "nothing.yaml"): "there is no such sweep file",
    ("run", "{place}/mistyped.yaml"): "unknown key 'search.trails' (value 3); nearest valid keys are search.trials",
    ("run", "--resume"): "there is no sweep digits-<number>",
    ("run", "--resume", "--name", "nothing"): "there is no sweep 'nothing'",
    ("run", "--name", "a/b"): "name must be a plain folder name",
    **{("run", "--set", mistyped(key)): f"unknown key '{key}x'" for key in SECTIONS},
    **{("run", "--set", value): message for value, message in VALUES.items()},
    # What only the workload tells, such as the number of exits, is known of all of them.
    **{
        ("run", preset, "--set", "space.overrides={nothing: 1}"): "has no dimension 'nothing'"
        for preset in preset_names()
    },
    ("policy", "table.npz"): "a search needs --target",
    ("policy", "table.npz", "--target", "2"): "--target must be above 0 and at most 1",
    ("policy", "table.npz", "--target", "0.9", "--rule", "nothing"): "there is no rule 'nothing'",
    ("policy", "table.npz", "--target", "0.9", "--bound", "f1=0.9"): "there is no quality 'f1'",
    ("policy", "table.npz", "--preset", "nothing"): "--preset must be 'f1-under-budget'",
    ("policy", "table.npz", "--target", "0.9"): "table.npz: there is no such exit table",
    ("policy", "{place}/one.npz", "--target", "0.9", "--certify", "{place}/one.npz"): "share 300 ids",
    ("certify", "policy.json", "table.npz"): "a claim needs a target",
    ("certify", "policy.json", "table.npz", "--target", "95"): "target must be above 0 and at most 1 but is 95",
    ("certify", "policy.json", "table.npz", "--target", "0.9", "--delta", "2"): "delta must lie strictly between",
    ("certify", "policy.json", "table.npz", "--target", "0.9"): "table.npz: there is no such exit table",
    ("certify", "policy.json", "{place}/one.npz", "--target", "0.9"): "policy.json",
    ("report", "nothing"): "a finished search has summary.json",
    ("report", "nothing", "--compare"): "a finished search has summary.json",
    ("report", "nothing", "--split", "test"): "--split is for the table of --compare",
    ("compare", "none", "none", "--no-log"): "there is no run 'none'",
    ("compare", "none", "none", "--no-log", "--tracking-uri", "x"): "--tracking-uri is where the table is logged",
    **{
        (*command, "--set", value): message
        for command in (("teacher", "digits", "--out", "new"), ("soft-labels", "model", "digits", "--out", "new"))
        for value, message in {
            "training.epoch=3": "unknown key 'training.epoch'",
            "training.epochs=x": "training.epochs must be a whole number",
            "search.trials=3": "--set search.trials is about a search",
        }.items()
    },
    ("teacher", "nothing", "--out", "new"): "there is no preset 'nothing'",
    ("teacher", "digits", "--out", "new", "--param", "x"): "--param takes key=value",
    ("soft-labels", "model", "nothing", "--out", "new"): "there is no preset 'nothing'",
}
ASKED = [("--help",), ("--version",), *((command, "--help") for command in COMMANDS)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Tables, a policy, finished runs and a sweep file."""
    folder = tmp_path_factory.mktemp("place")
    make_table(prefix="one").save(folder / "one.npz")
    make_table(prefix="two", seed=1).save(folder / "two.npz")
    Policy("confidence", (0.8, 0.8), (1.0, 1.0, 1.0)).save(folder / "policy.json")
    figures = {"accuracy": 0.9, "macro_f1": 0.9, "mean_depth": 1.5, "mean_cost": 0.5}
    figures |= {"flip_rate": 0.1, "exit_consistency": 0.9, "exit_mix": [0.5, 0.5]}
    for name in ("run-1", "run-2"):
        (folder / name).mkdir()
        summary = {"selected": {"test": figures}, "baselines": {}, "certified": True}
        (folder / name / "summary.json").write_text(json.dumps(summary))
    (folder / "mistyped.yaml").write_text(yaml.safe_dump({"search": {"trails": 3}}))
    return folder


@pytest.fixture(scope="module")
def outcomes(place, tmp_path_factory):
    """Every request, typed in one process, one after the other."""
    folder = tmp_path_factory.mktemp("empty")
    requests = [*WRONG, *ASKED]
    found = type_all([[word.replace("{place}", str(place)) for word in request] for request in requests], folder)
    assert list(folder.iterdir()) == []
    return dict(zip(requests, found, strict=True))


@pytest.mark.parametrize("request_", WRONG, ids=" ".join)
def test_a_mistake_is_one_line_before_anything_heavy_is_imported(outcomes, request_):
    found = outcomes[request_]
    assert found.code == ExitCode.WRONG_INPUT
    assert found.out == ""
    assert found.err.startswith("error: ")
    assert len(found.err.splitlines()) == 1
    assert WRONG[request_] in found.err
    assert found.imported == []


@pytest.mark.parametrize("request_", ASKED, ids=" ".join)
def test_help_imports_nothing_heavy(outcomes, request_):
    found = outcomes[request_]
    assert found.code in {ExitCode.DONE, None}
    assert found.out
    assert found.imported == []


def test_completion_imports_nothing_heavy(tmp_path):
    typed = {"_EXITSEARCH_COMPLETE": "complete_bash", "COMP_WORDS": "exitsearch soft", "COMP_CWORD": "1"}
    script = f"import sys; sys.argv[:] = ['exitsearch', sys.argv[1]]{STOPPED.replace('sys.argv[2:]', '[]')}"
    done = python(script, folder=tmp_path, env=os.environ | typed)
    assert done.stdout.split() == ["soft-labels"], done.stderr


@pytest.mark.parametrize(
    "request_",
    [
        ("run", "digits"),
        ("run", "--set", "workload=own:WORKLOAD"),
        ("policy", "{place}/one.npz", "--certify", "{place}/two.npz", "--target", "0.9", "--out", "new"),
        ("certify", "{place}/policy.json", "{place}/two.npz", "--target", "0.9"),
        ("compare", "{place}/run-1", "{place}/run-2", "--no-log"),
        ("report", "--compare", "{place}/run-1", "{place}/run-2"),
        ("teacher", "digits", "--out", "new"),
        ("soft-labels", "{place}/policy.json", "digits", "--out", "new.npz"),
    ],
    ids=" ".join,
)
def test_it_is_told_before_anything_heavy_is_imported(place, tmp_path, request_):
    (tmp_path / "own.py").write_text("import torch\n")
    typed = [argument.replace("{place}", str(place)) for argument in request_]
    done = python(STOPPED, *typed, folder=tmp_path)
    told, end = done.stderr.splitlines()
    assert told.startswith("Loading libraries")
    assert end.startswith("loads ")
    assert done.stdout == ""


def test_it_is_told_only_where_something_is_loaded(capsys):
    tell_loading("search.loading")
    assert capsys.readouterr() == ("", "")
    tell_loading("search.nothing", "Loading much ...")
    assert capsys.readouterr() == ("", "Loading much ...\n")
