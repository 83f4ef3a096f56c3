"""What rules are shown where whole parents leave, against parents whose samples all take the same exit."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.judging.judged import Judged
from policies.levels.seen import Seen, judged_table
from policies.pooling.answering import Answering
from policies.rules import get_rule
from tests.multilabel_tables import make_label_table
from tests.recorded_tables import recordings_table


TEMPERATURES = np.array([2.0, 0.7, 1.3])


def answers_at_exits(table, temperatures):
    """What is answered about parents where all samples take the same exit, shape (G, E, ...)."""
    seen = Seen.of(table, temperatures)
    rule = "label-margin" if table.task == "multi-label" else "confidence"
    view = seen.lift(get_rule(rule).view(seen.table, seen.temperatures))
    judged = Judged(view, table.truth)
    return np.stack([judged.answers(np.full(table.n_samples, k)) for k in range(table.n_exits)], axis=1)


@pytest.mark.parametrize("pooling", ["mean", "max", "top-2", "p75", "noisy-or"])
@pytest.mark.parametrize("thresholds", [None, (0.3, 0.6, 1e-9, 0.5, 1 - 1e-9)])
def test_exits_answer_alike_at_every_level(pooling, thresholds):
    table = make_label_table(300, parents_of=7, seed=3)
    # Some networks are all but certain.
    table = replace(table, logits=(4 * table.logits).astype(np.float32))
    found = {}
    for level in ("sample", "parent", "reading"):
        own = table.answered(Answering(level=level, pooling=pooling, label_thresholds=thresholds))
        found[level] = answers_at_exits(own, TEMPERATURES)
        pooled, divisors = judged_table(own, TEMPERATURES)
        np.testing.assert_array_equal(pooled.answers_at(divisors), found["sample"])
        policy = full_network(own, TEMPERATURES)
        decision = policy.decide(own)
        np.testing.assert_array_equal(Judged(decision.view, own.truth).answers(decision.exits), found["sample"][:, -1])
    np.testing.assert_array_equal(found["parent"], found["sample"])
    np.testing.assert_array_equal(found["reading"], found["sample"])


@pytest.mark.parametrize("pooling", ["mean", "evidence", "max"])
def test_classes_are_answered_alike_at_every_level(pooling):
    table = recordings_table([5, 1, 3, 4, 2] * 5, seed=1)
    found = [
        answers_at_exits(table.answered(Answering(level=level, pooling=pooling)), TEMPERATURES)
        for level in ("sample", "parent", "reading")
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
