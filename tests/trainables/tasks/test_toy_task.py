"""A kind of answers from outside the packages goes the whole way of a trial."""

import math

import numpy as np
import pytest

from policies.goals.request import Request
from policies.tasks import load_table
from tests.toys.ordinal import ORDINAL, OrdinalTable
from tests.trainables.tasks.grades import GRADES
from trainables.export.model_file import load_model, save_model
from trainables.models import NetworkSpec
from trainables.multi_exit import MultiExitTrainable
from trainables.recipes.recipe import Recipe
from trainables.trials.batch_check import check_batch
from trainables.trials.metrics import diverged_report
from trainables.trials.spec import TrialSpec


EPOCHS = 6


@pytest.fixture
def spec():
    return TrialSpec(
        workload="tests.trainables.tasks.grades:WORKLOAD",
        class_names=tuple("0123456789"),
        network=NetworkSpec(n_exits=3, width=8),
        recipe=Recipe(epochs=EPOCHS, batch_size=64, patience=EPOCHS),
        search_target=Request(quality=ORDINAL.quality, target=1.0),
        rules=ORDINAL.rules,
        seeds=(0,),
    )


def begun(spec, digits, checkpoints=None):
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    config = {"trial": "grades", "learning_rate_adamw": 0.03}
    one.setup(config, spec=spec, train=digits.train, search=digits.search, checkpoints=checkpoints)
    return one


def test_its_loss_is_minimised_and_its_exits_are_reported(spec, digits, tmp_path):
    assert spec.task is GRADES
    trainable = begun(spec, digits, tmp_path)
    reports = [trainable.step() for _ in range(EPOCHS)]
    assert [report["failure"] for report in reports] == [""] * EPOCHS
    losses = [report["train_loss"] for report in reports]
    assert losses[-1] < losses[0] / 2
    model = spec.load_model(tmp_path / "grades", digits.train)
    table = spec.table(model, digits.search, "search")
    assert isinstance(table, OrdinalTable)
    errors = np.abs(table.grades - table.truths[:, None]).mean(axis=0)
    told = [reports[-1][f"{ORDINAL.quality}_exit_{depth}"] for depth in (1, 2, 3)]
    assert told == pytest.approx(errors, rel=1e-5)
    assert (errors < np.abs(table.truths - table.truths.mean()).mean()).all()
    table.save(tmp_path / "table.npz")
    np.testing.assert_array_equal(load_table(tmp_path / "table.npz").grades, table.grades)


def test_the_target_is_about_its_own_quality(spec, digits):
    trainable = begun(spec, digits)
    report = trainable.step()
    assert report["violation"] == pytest.approx(max(report[ORDINAL.quality] - 1.0, 0.0))
    assert "accuracy" not in report


def test_a_diverged_one_has_the_same_figures(spec, digits):
    report = begun(spec, digits).step()
    diverged = diverged_report(3, task=GRADES, search_target=spec.search_target)
    assert diverged.keys() <= report.keys()
    assert {name for name in report if "_exit_" in name} <= diverged.keys()
    assert math.isnan(diverged[f"{ORDINAL.quality}_exit_3"])


def test_a_batch_goes_through_before_anything_is_trained(spec, digits):
    check_batch(spec, {}, digits.train)


def test_its_network_goes_through_a_model_file(spec, digits, tmp_path):
    model = spec.build_model(digits.train)
    save_model(tmp_path / "model.safetensors", model, spec.model_config(digits.train, {}))
    again, _ = load_model(tmp_path / "model.safetensors")
    for split in (digits.search, digits.certify):
        tables = [GRADES.table(one, split, {}) for one in (model, again)]
        np.testing.assert_array_equal(tables[0].grades, tables[1].grades)
