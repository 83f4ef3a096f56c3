"""What a sweep says of its network's architecture, and that nothing of it costs the sweep."""

import json

import numpy as np
import pytest

from search.reporting import architecture
from search.reporting.architecture import report_architecture
from search.run_folder.folder import RunFolder
from tests.trainables.models.architectures import made_up_report, random_report


INPUTS = np.zeros((4, 1, 8, 8), dtype=np.float32)


class Network:
    """One that tells what it is given."""

    def __init__(self, told):
        self.told = told

    def architecture_report(self, inputs):
        assert inputs is INPUTS
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def files_in(folder):
    return sorted(path.name for path in folder.path.iterdir())


def test_files_and_summary_say_what_the_network_told(folder):
    report = random_report(n_edges=4)
    found = report_architecture(Network(report), INPUTS, folder)
    assert found.notes == ()
    assert files_in(folder) == ["architecture.json", "architecture.png"]
    assert folder.architecture_files == [folder.architecture_file, folder.architecture_png]
    assert json.loads(folder.architecture_file.read_text()) == report.to_dict()
    summary = found.told["architecture"]
    assert sum(summary.operations.values()) == summary.n_edges == 4
    assert summary.other_than_alpha == report.other_than_alpha
    assert summary.squared_norm == report.squared_norm


def test_operations_of_most_edges_come_first(folder):
    report = made_up_report([[0, 0, 1], [1, 0, 0], [0, 0, 1]])
    assert list(report_architecture(Network(report), INPUTS, folder).summary.operations.items()) == [
        ("identity", 2),
        ("convolution", 1),
    ]


def test_a_network_with_nothing_to_tell_leaves_nothing(folder):
    found = report_architecture(Network(None), INPUTS, folder)
    assert (found.told, found.notes, files_in(folder)) == ({}, (), [])


@pytest.mark.parametrize(
    ("told", "reason"),
    [(RuntimeError("no memory\nlong story"), "no memory"), (ValueError(), "ValueError"), ("nonsense", "'str' object")],
)
def test_a_network_that_cannot_tell_costs_a_note(folder, told, reason):
    found = report_architecture(Network(told), INPUTS, folder)
    (note,) = found.notes
    assert note.startswith(f"the architecture of the network is not told: {reason}")
    assert "\n" not in note
    assert (found.told, files_in(folder)) == ({}, [])


def test_a_picture_that_fails_costs_the_picture_alone(folder, monkeypatch):
    def fail(report, path, *, title):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(architecture, "draw_architecture", fail)
    found = report_architecture(Network(random_report()), INPUTS, folder)
    assert found.notes == ("the architecture of the network is not drawn: [Errno 28] No space left on device",)
    assert found.summary is not None
    assert files_in(folder) == ["architecture.json"]


def test_a_folder_that_cannot_be_written_to_costs_a_note(tmp_path):
    found = report_architecture(Network(random_report()), INPUTS, RunFolder(tmp_path / "none"))
    assert len(found.notes) == 1
    assert found.told == {}
