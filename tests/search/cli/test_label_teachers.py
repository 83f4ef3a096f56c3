"""Teachers and tables of networks that answer with sets of labels, from the command line."""

import json

import numpy as np
import pytest

from policies.tables.multilabel import MultiLabelTable
from search.cli.app import main
from search.config.files import load_sweep
from search.inputs import load_inputs
from search.teaching.checks import load_teachers
from tests.toys.label_images import LABEL_NAMES, PLACE
from trainables.errors import AlignmentError
from trainables.export.model_file import load_model
from trainables.teachers.soft_labels import LABELS, SoftLabels


SWEEP = (f"workload={PLACE}", "search.first_trials=[]")
DATA = ("digits", "--set", f"workload={PLACE}")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers") / "large"
    words = ["--set", "training.epochs=10", "--set", "training.batch_size=15", "--set", "training.n_exits=2"]
    run("teacher", *DATA, *words, "--param", "learning_rate_adamw=0.03", "--out", str(folder))
    return folder


def run(*words, code=0):
    with pytest.raises(SystemExit) as ended:
        main([*words])
    assert ended.value.code == code


def sweep_of(soft, *assignments):
    named = json.dumps([{"name": "large", "soft_labels": str(soft)}])
    return load_sweep("digits", [*SWEEP, f"teachers={named}", "training.augment=false", *assignments])


def test_a_teacher_tells_exact_match(teacher):
    told = json.loads((teacher / "teacher.json").read_text())
    assert len(told["search_exact_match_by_exit"]) == 2
    assert told["search_exact_match_by_exit"][-1] > 0.5
    assert load_model(teacher / "model.safetensors")[1].class_names == LABEL_NAMES


def test_soft_labels_pass_the_gate_of_their_sweep(teacher, tmp_path, capsys):
    out = tmp_path / "soft.npz"
    run("soft-labels", str(teacher / "model.safetensors"), *DATA, "--set", "training.augment=false", "--out", str(out))
    soft = SoftLabels.load(out)
    assert (soft.task, soft.class_names) == (LABELS, LABEL_NAMES)
    assert f"right about {soft.metadata['accuracy']:.1%} of the training samples" in capsys.readouterr().out
    inputs = load_inputs(sweep_of(out, "space.name=multi-label"))
    found = load_teachers(inputs, report_file=tmp_path / "report.json")
    assert found.reports[0].problem == ""
    np.testing.assert_allclose(found.reports[0].agreement, soft.metadata["accuracy"])


def test_a_space_without_teachers_names_the_one_with(tmp_path):
    out = tmp_path / "soft.npz"
    out.touch()
    with pytest.raises(Exception, match="set space.name to multi-label"):
        load_teachers(load_inputs(sweep_of(out)), report_file=tmp_path / "report.json")


def test_a_classifier_does_not_teach_sets_of_labels(tmp_path):
    words = ["--set", "training.epochs=1", "--param", "learning_rate_adamw=0.02", "--out", str(tmp_path / "digits")]
    run("teacher", "digits", *words)
    named = json.dumps([{"name": "large", "model": str(tmp_path / "digits" / "model.safetensors")}])
    config = load_sweep("digits", [*SWEEP, f"teachers={named}", "space.name=multi-label"])
    with pytest.raises(AlignmentError, match="must give answers of task 'multi-label' but gives those of 'classific"):
        load_teachers(load_inputs(config), report_file=tmp_path / "report.json")


def test_a_network_from_elsewhere_is_tabulated(tmp_path, capsys):
    words = ["tabulate", "tests.toys.label_images:listed", "--data", PLACE, "--out", str(tmp_path / "tables")]
    run(*words)
    printed = capsys.readouterr()
    assert "the last exit of tests.toys.label_images:listed tells too little: exact match 0." in printed.err
    assert "Exact match  0." in printed.out
    assert "'left', 'right', 'top', 'bottom', in this order" in printed.out
    table = MultiLabelTable.load(tmp_path / "tables" / "search.npz")
    assert (table.n_exits, table.label_names) == (2, LABEL_NAMES)
