"""Figures of classifiers whose answers are pooled over parents, against a loop over these."""

from dataclasses import replace

import numpy as np
import pytest

from policies.metrics.exits import exit_accuracies, exit_figures
from policies.metrics.oracle import oracle_mean_depth
from policies.metrics.policy import policy_figures
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from tests.tables import make_table


N, M = 150, 4
TEMPERATURES = np.array([2.0, 1.5, 1.2])
ANSWERINGS = {
    "pooled": Answering(pooling="mean"),
    "whole": Answering(pooling="mean", level=Level.PARENT),
    "read": Answering(pooling="mean", level=Level.READING, read_until=0.8),
}


def parents_table():
    table, of = make_table(N, seed=4), np.arange(N) // M
    parents = np.array([f"clip {one:02}" for one in of])
    # What is said of a sample is said of a class that all samples of its parent have.
    wanted = table.labels[of * M]
    logits = table.logits.copy()
    rows = np.arange(N)
    logits[rows, :, table.labels], logits[rows, :, wanted] = (
        table.logits[rows, :, wanted],
        table.logits[rows, :, table.labels],
    )
    return replace(table, logits=logits, labels=wanted, parents=parents, order=np.arange(N) % M)


TABLE = parents_table()


@pytest.fixture(params=ANSWERINGS.values(), ids=ANSWERINGS)
def answering(request):
    return request.param


def by_hand(exits):
    p = np.exp(TABLE.logits / TEMPERATURES[:, None])
    p /= p.sum(axis=2, keepdims=True)
    parents = Parents.of(TABLE)
    own = [np.flatnonzero((parents.of_sample == one) & (exits != UNREAD)) for one in range(parents.n)]
    return np.array([p[one, exits[one]].mean(axis=0) for one in own]), np.array([TABLE.labels[one[0]] for one in own])


def decide(answering):
    return Policy("confidence", (0.7, 0.6), tuple(TEMPERATURES), answering=answering).decide(TABLE)


def test_figures_are_those_of_parents(answering):
    decision = decide(answering)
    assert len(np.unique(decision.exits)) > 1
    figures = policy_figures(TABLE, decision)
    pooled, truth = by_hand(decision.exits)
    assert figures["accuracy"] == pytest.approx((pooled.argmax(axis=1) == truth).mean())
    assert figures["nll"] == pytest.approx(-np.log(pooled[np.arange(len(truth)), truth]).mean(), rel=1e-5)
    assert (figures["n_samples"], figures["n_parents"]) == (N, 38)
    assert figures["read_share"] == (decision.exits != UNREAD).mean()
    full, _ = by_hand(np.full(N, 2))
    right, full_right = pooled.argmax(axis=1) == truth, full.argmax(axis=1) == truth
    assert figures["rescues"] == pytest.approx((right & ~full_right).mean())
    assert figures["exit_consistency"] == pytest.approx((pooled.argmax(axis=1) == full.argmax(axis=1)).mean())


def test_exits_alone_are_those_of_parents_that_take_them(answering):
    table = TABLE.answered(answering)
    figures = exit_figures(table, TEMPERATURES)
    accuracies = exit_accuracies(table, TEMPERATURES)
    for k, own in enumerate(figures):
        of_policy = policy_figures(TABLE, replace(decide(answering), exits=np.full(N, k)))
        for name in ("accuracy", "macro_f1", "ece", "nll", "brier"):
            assert own[name] == pytest.approx(of_policy[name], abs=1e-5)
        assert own["accuracy"] == accuracies[k]
        assert own["temperature"] == TEMPERATURES[k]


def test_the_oracle_lets_whole_parents_leave():
    table = TABLE.answered(ANSWERINGS["whole"])
    right = np.stack([(pooled.argmax(axis=1) == truth) for pooled, truth in (by_hand(np.full(N, k)) for k in range(3))])
    sizes = Parents.of(TABLE).sizes
    extra = sorted(int(size * own.argmax()) for size, own in zip(sizes, right.T, strict=True) if own.any())
    for target in (0.5, 0.9, right.any(axis=0).mean()):
        needed = int(np.ceil(target * 38 - 1e-9))
        assert oracle_mean_depth(table, target, TEMPERATURES) == pytest.approx(1 + sum(extra[:needed]) / N)
