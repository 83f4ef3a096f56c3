"""The runtime of parents decides what the policy decides on the table, at every level and with every pooling."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.levels.seen import Seen
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import RULES, get_rule
from policies.runtime.parents.parent_runtime import ParentRuntime
from tests.multilabel_tables import make_label_table
from tests.policies.runtime.midpoints import midpoints
from tests.policies.runtime.table_stages import TableStages, rows_as_inputs
from tests.tables import make_table


LABEL_RULES = sorted(name for name in RULES if get_rule(name).task == "multi-label")
TEMPERATURES = np.array([1.2, 0.9, 1.0])


def shuffled(table, seed=0):
    """Parents of unequal size, whose samples do not lie together."""
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(table.n_samples) < 0.8)
    return table.take(rng.permutation(kept))


LABELS = shuffled(make_label_table(150, 3, 4, parents_of=5))


def classes():
    table = make_table(150, 3, 4)
    parents = np.array([f"p{label}-{i % 7}" for i, label in enumerate(table.labels)])
    return replace(table, parents=parents, order=np.arange(150)[::-1].copy())


CLASSES = classes()


def policy_for(name, table, answering):
    """A policy of a rule, fitted on the table as it is answered, at whose every exit some leave."""
    rule, seen = get_rule(name), Seen.of(table.answered(answering), TEMPERATURES)
    params = {key: values[0] for key, values in rule.choices(seen.table).items()}
    params |= rule.fit(seen.table, seen.temperatures, **params)
    scores = rule.view(seen.table, seen.temperatures, **params).scores
    thresholds = tuple(midpoints(scores[:, k]) for k in range(table.n_exits - 1))
    return Policy(name, thresholds, tuple(TEMPERATURES), params, answering=answering)


def compared(policy, table):
    """What the runtime says, once it is seen that the policy says the same of the table."""
    stages, parents = TableStages(table), Parents.of(table)
    found = ParentRuntime(stages, policy, chunk_size=32).run(rows_as_inputs(table.n_samples), parents)
    decision = policy.decide(table)
    np.testing.assert_array_equal(found.exits, decision.exits)
    np.testing.assert_array_equal(found.answers, decision.parents.answers(decision.exits))
    assert found.names.tolist() == parents.names.tolist()
    assert found.pooled.shape == (parents.n, 4)
    return found, stages


@pytest.mark.parametrize("rule", LABEL_RULES)
@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_every_rule_of_labels_at_every_level(rule, level):
    read_until = 0.2 if level == "reading" else np.inf
    answering = Answering(level=level, pooling="mean", label_thresholds=(0.4, 0.5, 0.6, 0.5), read_until=read_until)
    found, _ = compared(policy_for(rule, LABELS, answering), LABELS)
    # Every one of many thresholds in the middle is reached by few.
    assert rule.startswith("notes") or len(np.unique(found.exits)) > 1


@pytest.mark.parametrize("pooling", ["mean", "max", "top-2", "p75", "noisy-or"])
@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_every_pooling_at_every_level(pooling, level):
    answering = Answering(level=level, pooling=pooling, read_until=0.3 if level == "reading" else np.inf)
    compared(policy_for("label-margin", LABELS, answering), LABELS)


@pytest.mark.parametrize("rule", ["confidence", "ensemble", "patience"])
@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_classes_too(rule, level):
    answering = Answering(level=level, pooling="evidence", read_until=0.9 if level == "reading" else np.inf)
    compared(policy_for(rule, CLASSES, answering), CLASSES)


def test_a_parent_leaves_as_a_whole_and_what_comes_after_is_not_computed():
    answering = Answering(level="parent", pooling="mean")
    found, stages = compared(policy_for("label-margin", LABELS, answering), LABELS)
    of_sample = Parents.of(LABELS).of_sample
    assert all(len(set(found.exits[of_sample == parent])) == 1 for parent in range(of_sample.max() + 1))
    assert stages.counts.tolist() == [(found.exits >= k).sum() for k in range(3)]
    assert stages.counts[2] < stages.counts[1] < stages.counts[0]


def test_samples_after_a_sure_answer_are_not_read():
    answering = Answering(level="reading", pooling="mean", read_until=0.2)
    found, stages = compared(policy_for("label-margin", LABELS, answering), LABELS)
    assert (found.exits == UNREAD).any()
    assert stages.counts[0] == (found.exits != UNREAD).sum()
    rows = Parents.of(LABELS).first_rows
    assert (found.exits[rows] != UNREAD).all()


def test_all_are_read_where_no_answer_is_ever_sure():
    answering = Answering(level="reading", pooling="mean")
    found, _ = compared(policy_for("label-margin", LABELS, answering), LABELS)
    assert (found.exits != UNREAD).all()


def test_a_policy_that_pools_nothing_is_refused():
    policy = policy_for("label-margin", LABELS, Answering())
    with pytest.raises(PolicyError, match="this one pools nothing; run its samples with EarlyExitRuntime"):
        ParentRuntime(TableStages(LABELS), policy)


def test_parents_can_be_named_without_a_table():
    named = Parents.named(LABELS.parents, LABELS.order)
    own = Parents.of(LABELS)
    assert named.names.tolist() == own.names.tolist()
    np.testing.assert_array_equal(named.rows, own.rows)
    assert Parents.named(np.array(["b", "a", "b"])).rows.tolist() == [1, 0, 2]


def test_parents_are_not_read_exit_by_exit_yet():
    answering = Answering(level="progressive", pooling="mean")
    with pytest.raises(PolicyError, match="level progressive is decided on tables but no network is run at it yet"):
        ParentRuntime(TableStages(LABELS), policy_for("label-margin", LABELS, answering))
