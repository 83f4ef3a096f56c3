"""What is particular to training towards sets of labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from policies.tables.multilabel import LabelSets, MultiLabelTable
from tests.toys.label_images import LABEL_NAMES, VIEWS
from trainables.data import SplitFractions
from trainables.errors import TrainingError
from trainables.losses.labels.positive_weights import positive_weights
from trainables.models import NetworkSpec
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.tasks import get_training_task
from trainables.workloads import get_workload


TASK = get_training_task("multi-label")


@pytest.fixture(scope="module")
def splits():
    return VIEWS.load(None, SplitFractions(), split_seed=0)


@pytest.fixture(scope="module")
def model(splits):
    return VIEWS.build_model(splits.train, len(LABEL_NAMES), NetworkSpec(2, width=6))


def settings(teachers=(), **params):
    return TrainingSettings.from_params(params, n_exits=2, epochs=1, teachers=teachers)


def table_of(answers, labels):
    """The last exit answers these sets, the first the opposite."""
    logits = np.where(np.array(answers)[:, None], 2.0, -2.0) * np.array([-1, 1])[:, None]
    names = [f"s{row}" for row in range(len(labels))]
    return MultiLabelTable(
        logits=logits.astype(np.float32),
        labels=np.array(labels, dtype=np.uint8),
        cost=np.array([0.5, 1.0]),
        ids=np.array(names),
        meta={"label_names": ["a", "b", "c"]},
    )


def test_targets_are_numbers_and_truth_is_sets(splits):
    targets = TASK.targets(splits.train)
    assert targets.dtype == np.float32
    np.testing.assert_array_equal(targets, splits.train.labels)
    truth = TASK.truth(splits.train, 4)
    assert isinstance(truth, LabelSets)
    assert truth.right(truth.labels == 1).all()
    np.testing.assert_array_equal(TASK.memberships(splits.train, 4), splits.train.labels == 1)


def test_a_table_has_labels_their_names_and_whole_parents(splits, model):
    table = TASK.table(model, splits.search, {"class_names": list(LABEL_NAMES)})
    assert table.labels.dtype == np.uint8
    np.testing.assert_array_equal(table.labels, splits.search.labels)
    np.testing.assert_array_equal(table.parents, splits.search.parents)
    assert table.label_names == LABEL_NAMES
    assert "class_names" not in table.meta


def test_rare_labels_are_weighed_as_asked(splits, model):
    outputs, targets = torch.randn(5, 2, 4), torch.from_numpy(TASK.targets(splits.train)[:5])
    for weighting in ("none", "capped", "balanced"):
        own = settings(positive_weighting=weighting)
        found = TASK.loss(own, splits.train, n_classes=4, model=model)(outputs, targets)
        weights = positive_weights(weighting, splits.train.labels)
        given = None if weights is None else torch.tensor(weights)
        expected = sum(F.binary_cross_entropy_with_logits(outputs[:, k], targets, pos_weight=given) for k in range(2))
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"class_weighting": "balanced"}, "class_weighting must be none .* any number of labels .* positive_weighting"),
        ({"distillation": "teachers", "kd_form": "dkd"}, "kd_form must be kd for sets of labels but is 'dkd'"),
    ],
)
def test_what_is_for_one_class_a_sample_is_refused(params, message):
    with pytest.raises(TrainingError, match=message):
        TASK.require_trainable(settings(teachers=("one",), **params))


@pytest.mark.parametrize("name", ["classification", "detection"])
def test_positive_weights_are_for_sets_of_labels_alone(name):
    with pytest.raises(TrainingError, match="positive_weighting must be none .* 'capped'; leave it out"):
        get_training_task(name).require_trainable(settings(positive_weighting="capped"))


def test_stop_heads_are_refused(splits):
    darts = replace(VIEWS, build=get_workload("darts").build)
    built = darts.build_model(splits.train, 4, NetworkSpec(2, width=8))
    with pytest.raises(TrainingError, match="name a network without stop heads"):
        TASK.loss(settings(), splits.train, n_classes=4, model=built)


@pytest.mark.parametrize("labels", [[[1, 0, 0]] * 6 + [[0, 1, 0]] * 4, [[0, 0, 0]] * 6 + [[0, 1, 0]] * 4])
def test_one_set_for_all_samples_is_doubted(labels):
    (found,) = TASK.doubts_after(table_of([labels[0]] * 10, labels))
    named = "'a'" if labels[0][0] else "no label"
    assert f"always answering {named} is right for 0.6000" in found.reason
    assert f"{sum(labels[0])} of 3 labels are ever answered" in found.reason
    assert "Hamming loss" in found.reason


def test_more_whole_sets_or_fewer_wrong_labels_are_not_doubted():
    labels = [[1, 1, 1]] * 4 + [[0, 0, 1]] * 3 + [[0, 1, 0]] * 3
    assert TASK.doubts_after(table_of(labels, labels)) == []
    labels = [[1, 1, 0]] * 5 + [[0, 0, 1]] * 5
    one_wrong = np.array(labels)
    one_wrong[np.arange(10), np.arange(10) % 3] ^= 1
    assert TASK.doubts_after(table_of(one_wrong, labels)) == []
