"""A trial of a network that answers with sets of labels, from its first epoch to its model file."""

import math

import numpy as np
import pytest

from policies.goals.request import Request
from policies.levels.seen import pooled_table
from policies.parents.membership import Parents
from policies.pooling.fields import AnswerFields
from policies.tasks import get_task
from tests.toys.label_images import LABEL_NAMES, PLACE, VIEWS, VIEWS_PLACE, WORKLOAD
from trainables.data import SplitFractions
from trainables.errors import TrainingError
from trainables.export.model_file import load_model, save_model
from trainables.models import NetworkSpec
from trainables.multi_exit import MultiExitTrainable
from trainables.recipes.recipe import Recipe
from trainables.tasks import get_training_task
from trainables.teachers.teacher import NetworkTeacher, Teachers
from trainables.trials.batch_check import check_batch
from trainables.trials.metrics import diverged_report, quick_report
from trainables.trials.spec import TrialSpec
from trainables.trials.teacher import train_teacher


EPOCHS = 6
TASK = get_task("multi-label")


def spec_of(place, **changes):
    values = {
        "workload": place,
        "class_names": LABEL_NAMES,
        "network": NetworkSpec(n_exits=2, width=6),
        "recipe": Recipe(epochs=EPOCHS, batch_size=15, patience=EPOCHS),
        "search_target": Request(quality="exact_match", target=0.8),
        "rules": TASK.rules,
        "seeds": (0,),
    }
    return TrialSpec(**values | changes)


@pytest.fixture(scope="module")
def splits():
    return WORKLOAD.load(None, SplitFractions(), split_seed=0)


@pytest.fixture(scope="module")
def views():
    return VIEWS.load(None, SplitFractions(), split_seed=0)


def begun(spec, splits, checkpoints=None, **params):
    one = MultiExitTrainable.__new__(MultiExitTrainable)
    config = {"trial": "labels", "learning_rate_adamw": 0.03, **params}
    one.setup(config, spec=spec, train=splits.train, search=splits.search, checkpoints=checkpoints)
    return one


def test_it_learns_and_its_exits_are_reported(views, tmp_path):
    spec = spec_of(VIEWS_PLACE)
    trainable = begun(spec, views, tmp_path, distillation="self", alpha=0.3, margin_weight=0.01, mixup=0.2)
    reports = [trainable.step() for _ in range(EPOCHS)]
    assert [report["failure"] for report in reports] == [""] * EPOCHS
    assert reports[-1]["train_loss"] < reports[0]["train_loss"] / 2
    model = spec.load_model(tmp_path / "labels", views.train)
    table = spec.table(model, views.search, "search")
    right = table.truth.right(table.exit_answers).mean(axis=0)
    assert [reports[-1][f"exact_match_exit_{depth}"] for depth in (1, 2)] == pytest.approx(right)
    assert right[-1] > 0.8
    assert {f"{name}_exit_2" for name in spec.task.exit_figure_names} <= reports[-1].keys()
    assert "accuracy" not in reports[-1]


def test_figures_are_of_parents_where_policies_answer_about_parents(views):
    plain, pooled = (spec_of(VIEWS_PLACE, answers=one) for one in (AnswerFields(), AnswerFields(levels=("parent",))))
    model = plain.build_model(views.train)
    table = pooled.answered_table(model, views.search)
    assert table.answering.pooling == "mean"
    parents = Parents.of(table)
    of_parents = pooled_table(table, np.ones(2), parents)
    assert 3 * of_parents.n_samples == table.n_samples
    found = quick_report(table, task=pooled.task, search_target=pooled.search_target, rules=("label-margin",))
    divisors = TASK.fit_temperatures(table)
    right = pooled_table(table, divisors, parents)
    expected = right.truth.right(right.exit_answers).mean(axis=0)
    assert [found[f"exact_match_exit_{depth}"] for depth in (1, 2)] == pytest.approx(expected)
    # A share of the parents, not of the samples.
    n_right = found["exact_match"] * of_parents.n_samples
    assert n_right == pytest.approx(round(n_right))
    assert found["violation"] == pytest.approx(max(0.8 - found["exact_match"], 0))


def test_a_loss_can_be_what_the_target_is_about(splits):
    spec = spec_of(PLACE, search_target=Request(quality="hamming", target=0.2))
    report = begun(spec, splits).step()
    assert report["violation"] == pytest.approx(max(report["hamming"] - 0.2, 0.0))


def test_a_diverged_one_has_the_same_figures(splits):
    spec = spec_of(PLACE)
    report = begun(spec, splits).step()
    diverged = diverged_report(2, task=spec.task, search_target=spec.search_target)
    assert diverged.keys() <= report.keys()
    assert math.isnan(diverged["exact_match_exit_2"])


def test_a_batch_goes_through_before_anything_is_trained(splits):
    table = check_batch(spec_of(PLACE), {"positive_weighting": "balanced"}, splits.train)
    assert table.logits.shape == (15, 2, 4)


def test_its_network_goes_through_a_model_file(splits, tmp_path):
    spec = spec_of(PLACE)
    model = spec.build_model(splits.train)
    save_model(tmp_path / "model.safetensors", model, spec.model_config(splits.train, {}))
    again, config = load_model(tmp_path / "model.safetensors")
    assert config.class_names == LABEL_NAMES
    tables = [spec.table(one, splits.search, "search") for one in (model, again)]
    np.testing.assert_array_equal(tables[0].logits, tables[1].logits)


def test_a_teacher_is_kept_at_its_best_epoch_and_teaches(splits):
    spec = spec_of(PLACE, recipe=Recipe(epochs=10, batch_size=15), teachers=("large",))
    told = []
    teacher = train_teacher(
        *(spec_of(PLACE, recipe=spec.recipe), {"learning_rate_adamw": 0.03}, splits.train, splits.search),
        on_epoch=lambda *facts: told.append(facts),
    )
    qualities = [quality for _, _, quality in told]
    assert teacher.epoch == 1 + qualities.index(max(qualities))
    table = spec.table(teacher.network, splits.search, "search")
    assert teacher.qualities == pytest.approx(table.truth.right(table.exit_answers).mean(axis=0))
    params = {"distillation": "teachers", "combination": "convex", "kd_alpha": 1.0, "learning_rate_adamw": 0.03}
    teachers = Teachers([NetworkTeacher(teacher.network, (12, 12))])
    training = spec.training(params, splits.train, teachers=teachers)
    losses = [training.train_epoch() for _ in range(10)]
    assert losses[-1] < losses[0] / 2
    student = spec.table(training.network, splits.train, "train")
    own = spec.table(teacher.network, splits.train, "train")
    # It has seen no label.
    assert (student.exit_answers[:, -1] == own.exit_answers[:, -1]).mean() > 0.85


def test_a_teacher_that_knows_nothing_is_refused(splits):
    idle = {"optimiser": "sgd", "learning_rate_sgd": 1e-9}
    with pytest.raises(TrainingError, match="one answer for all of search but exact match 0.* labels are ever"):
        train_teacher(spec_of(PLACE), idle, splits.train, splits.search)


def test_detectors_are_not_trained_as_teachers(splits):
    assert not get_training_task("detection").is_taught
    spec = spec_of("voc")
    with pytest.raises(TrainingError, match="a teacher must be a network .* but the task is 'detection'"):
        train_teacher(spec, {}, splits.train, splits.search)
