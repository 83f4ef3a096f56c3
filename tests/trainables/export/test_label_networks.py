"""A network with sets of labels answers the same on its table, stage by stage, as graphs and in a bundle."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.pooling.answering import Answering
from policies.rules import RULES, get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.runtime import EarlyExitRuntime
from search.export.options import ExportOptions
from tests.label_networks import LABEL_NAMES, label_policy, label_subject, made_network, write_label_bundle
from trainables.errors import ExportError
from trainables.export.bundle.bundle import Bundle


LABEL_RULES = sorted(name for name in RULES if get_rule(name).task == "multi-label")
THRESHOLDS = (0.3, 0.5, 0.6, 0.45)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_label_bundle(tmp_path_factory.mktemp("bundles") / "halves", onnx=True)


def compared(answers, policy, rows=slice(None)):
    decision = policy.decide(made_network().table)
    return Agreement.of(answers, decision.exits[rows], decision.answers[rows])


@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("thresholds", [None, THRESHOLDS], ids=["half", "own thresholds"])
@pytest.mark.parametrize("rule", LABEL_RULES)
def test_every_rule_of_labels_decides_as_on_the_table(bundle, executor, rule, thresholds):
    policy = label_policy(rule, label_thresholds=thresholds)
    decision = policy.decide(made_network().table)
    # Every one of many thresholds in the middle is reached by few.
    assert rule in ("label-margins", "notes-gate", "notes-logistic") or len(np.unique(decision.exits)) > 1
    runtime = EarlyExitRuntime(bundle.stages(executor), policy, chunk_size=32)
    answers = runtime.run(made_network().inputs)
    found = compared(answers, policy)
    assert found.holds, found.sentence(made_network().table.ids.tolist())
    assert len(found.differing) <= 2
    assert answers.answers.dtype == bool
    np.testing.assert_allclose(answers.of_labels, decision.probabilities, atol=1e-4)
    for row in range(0, 140, 20):
        rows = slice(row, row + 1)
        assert compared(runtime.run(made_network().inputs[rows]), policy, rows).holds, row


def test_label_thresholds_change_what_is_answered(bundle):
    inputs, policy = made_network().inputs, label_policy("mean-label-confidence")
    own = EarlyExitRuntime(bundle.stages(), policy).run(inputs)
    other = EarlyExitRuntime(bundle.stages(), replace(policy, answering=Answering(label_thresholds=THRESHOLDS))).run(
        inputs
    )
    np.testing.assert_array_equal(own.exits, other.exits)
    np.testing.assert_array_equal(other.answers, own.of_labels >= THRESHOLDS)
    assert (own.answers != other.answers).any()


def test_closeness_is_also_that_of_labels_to_their_thresholds(bundle):
    policy = label_policy("mean-label-confidence")
    answers = EarlyExitRuntime(bundle.stages("torch"), policy, chunk_size=32).run(made_network().inputs)
    assert (answers.closeness <= np.abs(answers.of_labels - 0.5).min(axis=1)).all()
    alone = EarlyExitRuntime(bundle.stages("torch"), policy).run(made_network().inputs[:1])
    assert alone.closeness[0] == pytest.approx(answers.closeness[0], abs=1e-5)


def test_thresholds_of_another_network_are_refused(bundle):
    policy = replace(label_policy(), answering=Answering(label_thresholds=(0.3, 0.4)))
    with pytest.raises(PolicyError, match="this one has 2 label_thresholds and the network 4 labels"):
        EarlyExitRuntime(bundle.stages(), policy).run(made_network().inputs)


@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_pooled_answers_are_refused_where_a_network_is_run(bundle, level):
    policy = replace(label_policy(), answering=Answering(level=level, pooling="mean"))
    with pytest.raises(
        PolicyError, match=f"level {level}, pooling 'mean'.*search a policy of level sample without"
    ) as one:
        EarlyExitRuntime(bundle.stages(), policy)
    assert "\n" not in str(one.value)


def test_a_bundle_that_is_read_again_names_its_labels_and_answers_as_before(bundle):
    again = Bundle.load(bundle.folder)
    assert again.manifest.task == "multi-label"
    assert again.manifest.has_label_sets
    assert again.manifest.class_names == LABEL_NAMES
    for executor in ("torch", "onnx"):
        assert again.check_runtime(again.runtime(executor)).holds
    card = (bundle.folder / "README.md").read_text()
    assert "4 labels: left, right, upper, lower" in card
    assert "Any number of the labels above per sample" in card
    assert "| exact match | 0.5000 |" in card


def test_label_thresholds_are_in_the_bundle_with_its_policy(tmp_path):
    policy = label_policy(label_thresholds=THRESHOLDS)
    made = write_label_bundle(tmp_path / "halves", policy=policy)
    assert Bundle.load(made.folder).policy == policy
    assert compared(Bundle.load(made.folder).runtime().run(made_network().inputs), policy).holds


@pytest.mark.parametrize("asked", ["int8", "single_graph"])
def test_what_labels_cannot_be_exported_as_is_refused_in_one_line(asked):
    with pytest.raises(ExportError, match="is for classifiers but the task is 'multi-label'") as caught:
        ExportOptions(**{asked: True}).require_possible(label_subject().search.task)
    assert "\n" not in str(caught.value)
