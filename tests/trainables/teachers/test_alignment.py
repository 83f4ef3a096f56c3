"""Soft labels that do not fit are refused, each with its own message and a report."""

from dataclasses import replace
import json

import numpy as np
import pytest

from tests.trainables.soft_label_files import CLASSES, N_SAMPLES, expected, rows_of, soft_labels
from trainables.errors import AlignmentError
from trainables.teachers.alignment import check_alignment, require_aligned


def report_of(soft, **changes):
    return check_alignment("teacher.npz", soft, expected(**changes))


def exchanged(soft, one, other):
    """Two columns exchanged, but not their names."""
    columns = np.arange(len(CLASSES))
    columns[[one, other]] = other, one
    return replace(soft, probabilities=soft.probabilities[:, :, columns])


def shuffled_rows(soft):
    """Probabilities in another order, but not the paths."""
    order = np.random.default_rng(0).permutation(N_SAMPLES)
    return replace(soft, probabilities=soft.probabilities[:, order])


def test_what_fits_is_let_through(tmp_path):
    report = report_of(soft_labels())
    assert (report.problem, report.message, report.first_difference) == ("", "", None)
    assert report.agreement > 0.9
    require_aligned([report, report], tmp_path / "alignment.json")
    assert len(json.loads((tmp_path / "alignment.json").read_text())) == 2


def test_a_weak_teacher_is_let_through():
    weak = report_of(soft_labels(knows=1.2))
    assert (weak.problem, weak.agreement < 0.7) == ("", True)


SWAPPED = list(range(N_SAMPLES))
SWAPPED[3], SWAPPED[70] = 70, 3

WRONG = {
    "order": (
        rows_of(soft_labels(), SWAPPED),
        {},
        "another order; first difference: row 3 is 'images/070.png' instead of 'images/003.png'",
    ),
    "length": (
        rows_of(soft_labels(), np.arange(N_SAMPLES - 1)),
        {},
        "must be 120 rows, one per training sample, but there are 119; row 119, 'images/119.png', is missing",
    ),
    "longer": (
        soft_labels(),
        {"paths": expected().paths[1:], "labels": expected().labels[1:]},
        "must be 119 rows.*there are 120; first difference: row 0 is 'images/000.png' instead of 'images/001.png'",
    ),
    "one too many": (
        soft_labels(),
        {"paths": expected().paths[:-1], "labels": expected().labels[:-1]},
        "must be 119 rows.*there are 120; row 119, 'images/119.png', is one too many",
    ),
    "samples": (
        soft_labels(paths=np.array([f"others/{i:03d}.png" for i in range(N_SAMPLES)])),
        {},
        "other samples; first difference: row 0 is 'others/000.png'",
    ),
    "temperature": (
        soft_labels(temperature=4.0),
        {},
        "temperature of the loss, 2, but are at 4; export them again with --temperature 2, or set kd_temperature to 4",
    ),
    "swapped names": (
        soft_labels(class_names=("bee", "ant", "cow")),
        {},
        "order of the data but column 0 is 'bee' instead of 'ant'",
    ),
    "other names": (soft_labels(class_names=("ant", "bee", "dog")), {}, "the file lacks 'cow'"),
    "swapped columns": (
        exchanged(soft_labels(), 1, 2),
        {},
        "where column 'bee' is the most probable, the label must mostly be 'bee', but it is 'cow'",
    ),
    "probabilities of other rows": (shuffled_rows(soft_labels()), {}, "more often than by chance"),
    "split": (soft_labels(split="search"), {}, "must be of split 'train' but are of 'search'"),
    "augmentation": (soft_labels(), {"augmentation": {"shift": 0.1}}, "augmented with {'shift': 0.1}, but are of"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_with_its_own_message(name, tmp_path):
    soft, changes, message = WRONG[name]
    report = report_of(soft, **changes)
    with pytest.raises(AlignmentError, match=message) as refused:
        require_aligned([report_of(soft_labels()), report], tmp_path / "report.json")
    assert "\n" not in str(refused.value)
    assert str(tmp_path / "report.json") in str(refused.value)
    written = json.loads((tmp_path / "report.json").read_text())[1]
    assert written["problem"] == report.problem
    assert set(written) >= {"lengths", "hashes", "first_difference"}


def test_messages_differ():
    messages = {report_of(soft, **changes).message for soft, changes, _ in WRONG.values()}
    assert len(messages) == len(WRONG)


def test_another_spelling_of_the_same_names_fits():
    paths = np.array([f"images/{i:03d} \u00e9.png" for i in range(N_SAMPLES)])
    decomposed = np.array([name.replace("\u00e9", "e\u0301") for name in paths])
    soft = soft_labels(class_names=("ant ", "be\u0301e", "cow"), paths=decomposed)
    assert report_of(soft, paths=paths, class_names=("ant", "b\u00e9e", "cow")).problem == ""
