"""Names cannot leave their folders, and what a stranger wrote runs no code."""

import json
from pathlib import Path
import pickle

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from search.config.files import load_sweep
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.trials.log import TrialLog
from tests.tables import make_table
from trainables.training.checkpoints import STATE_FILE, CheckpointFolder, read_state


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.fixture
def mark(tmp_path):
    """A file that is there once a stranger's code ran."""
    path = tmp_path / "ran"
    yield path
    assert not path.exists(), "code out of a stranger's file was run"


NAMES = ["../up", "..", ".", "a/b", "/abs", "a\\b", ".hidden", "", " ", "a\n", "a\0b", "x" * 101, "~", "-rf", "$HOME"]


@pytest.mark.parametrize("name", NAMES)
def test_sweep_names_stay_in_their_folder(name, tmp_path):
    with pytest.raises(ExitSearchError, match="name must be a plain folder name"):
        load_sweep("digits", [f"runs_dir={tmp_path}"], name=name)


@pytest.mark.parametrize(
    "name", ["../presets/digits", "..", "digits/../digits", "/etc/passwd", "digits.yaml/x", "di gits"]
)
def test_preset_names_stay_in_their_folder(name):
    with pytest.raises(
        ExitSearchError, match="no preset|no such sweep file|not a readable sweep file|mapping|not a YAML"
    ):
        load_sweep(name, [])


def test_unnamed_sweeps_are_called_after_the_file_and_not_its_path(tmp_path):
    from search.cli.run import _name_stem

    for sweep in ("../../etc/x.yaml", "/a/b/..yaml", "a b;c.yaml", "....yaml", "\n.yaml"):
        stem = _name_stem(sweep)
        assert "/" not in stem
        assert not stem.startswith((".", "-"))
        assert load_sweep("digits", [f"runs_dir={tmp_path}"], name=stem).name == stem


def test_somebody_elses_sweep_file(tmp_path, mark):
    file = tmp_path / "sweep.yaml"
    file.write_text(f"name: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{mark}']]\n")
    with pytest.raises(ExitSearchError, match="not a YAML file"):
        load_sweep(str(file), [])
    with pytest.raises(ExitSearchError, match="damaged"):
        RunFolder(tmp_path).read_config()


def test_somebody_elses_value_on_the_command_line(mark):
    with pytest.raises(ExitSearchError, match="is not YAML"):
        load_sweep("digits", [f"target=!!python/object/apply:os.mkdir ['{mark}']"])


def test_somebody_elses_table(tmp_path, mark):
    table = make_table(20, 3, 4)
    ids = np.array([Evil(mark)] * 20, dtype=object)
    np.savez(tmp_path / "table.npz", logits=table.logits, labels=table.labels, cost=table.cost, ids=ids)
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Evil(mark)))
    for name, told in (("table.npz", "'ids' holds Python objects, which are never opened"), ("plain.npz", "not a")):
        with pytest.raises(ExitSearchError, match=f"{name}: {told}"):
            ClassificationTable.load(tmp_path / name)


def test_somebody_elses_policy(tmp_path, mark):
    (tmp_path / "policy.json").write_bytes(pickle.dumps(Evil(mark)))
    with pytest.raises(ExitSearchError, match=r"policy\.json: not a readable policy"):
        Policy.load(tmp_path / "policy.json")


def test_somebody_elses_weights(tmp_path, mark):
    folder = CheckpointFolder(tmp_path / "trial-0001")
    folder.save(1, lambda path: torch.save({"epoch": 1, "model": Evil(mark)}, path / STATE_FILE))
    assert folder.newest(read_state) is None


SUGGESTED = {"event": "suggested", "time_ms": 1, "number": 0, "params": {}, "drawn": {}}


@pytest.mark.parametrize(
    "event",
    [
        {**SUGGESTED, "trial": "../../../tmp/evil"},
        {**SUGGESTED, "trial": "/etc"},
        {**SUGGESTED, "trial": "trial-0002"},
        {**SUGGESTED, "trial": "trial-0001", "number": 5},
        {"event": "suggested", "time_ms": 1},
        {"event": "reported", "time_ms": 1, "trial": "trial-0001", "metrics": {}},
        {"event": "ended", "time_ms": 1, "trial": "../x", "state": "FAIL", "failure": ""},
    ],
)
def test_somebody_elses_journal(event, tmp_path):
    (tmp_path / "journal.jsonl").write_text(json.dumps(event) + "\n")
    with Journal(tmp_path / "journal.jsonl") as journal, pytest.raises(ExitSearchError, match="line 1 is damaged"):
        TrialLog(journal)
