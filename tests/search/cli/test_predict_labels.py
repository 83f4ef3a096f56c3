"""A network with sets of labels at the command line: names and probabilities."""

import csv
import io
import json
import sys

import numpy as np
import pytest

from search.cli.app import main
from tests.label_networks import LABEL_NAMES, label_policy, made_network, write_label_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_label_bundle(tmp_path_factory.mktemp("bundles") / "halves")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # The command puts the working folder there, in which later tests would find a folder "digits" as a package.
    monkeypatch.setattr(sys, "path", [*sys.path])
    np.save("pictures.npy", made_network().inputs[:20])
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr()


def expected():
    """Depth, names and probabilities of each sample, as the policy has them on the table."""
    decision = label_policy().decide(made_network().table)
    names = [{name for name, on in zip(LABEL_NAMES, row, strict=True) if on} for row in decision.answers]
    return (decision.exits + 1)[:20].tolist(), names[:20], decision.probabilities[:20]


@pytest.mark.parametrize("batch_size", [1, 16])
def test_json_has_the_labels_and_the_probability_of_each(bundle, place, capsys, batch_size):
    code, printed = outcome(capsys, "predict", bundle.folder, "pictures.npy", "--json", "--batch-size", batch_size)
    assert code == 0
    found = [json.loads(line) for line in printed.out.splitlines()]
    depths, names, probabilities = expected()
    assert [one["depth"] for one in found] == depths
    assert [set(one["labels"]) for one in found] == names
    shown = [[one["probabilities"][name] for name in LABEL_NAMES] for one in found]
    np.testing.assert_allclose(shown, probabilities, atol=1e-4)
    assert all(one["labels"] == sorted(one["labels"], key=lambda name: -one["probabilities"][name]) for one in found)


def test_csv_has_a_column_a_label(bundle, place, capsys):
    code, printed = outcome(capsys, "predict", bundle.folder, "pictures.npy", "--csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    depths, names, probabilities = expected()
    assert [int(row["depth"]) for row in rows] == depths
    assert [set(filter(None, row["labels"].split("; "))) for row in rows] == names
    found = [[float(row[f"probability[{name}]"]) for name in LABEL_NAMES] for row in rows]
    np.testing.assert_allclose(found, probabilities, atol=1e-4)


def test_a_table_for_people_and_the_check(bundle, place, capsys):
    code, printed = outcome(capsys, "predict", bundle.folder, "pictures.npy", "--check")
    assert code == 0
    assert "labels" in printed.out
    assert "Check inputs: as expected" in printed.out


def test_new_data_are_not_watched_as_classes(bundle, place, capsys):
    code, printed = outcome(capsys, "check", bundle.folder, "pictures.npy")
    assert code == 2
    assert "the task of this bundle is 'multi-label'" in printed.err
