"""Drops are counted from the network without early exits, whatever a rule makes of its last exit."""

import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.certificates.claim_parts import measure, unused_exits
from policies.certificates.claims import Claim
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.judging.judged import Judged
from policies.metrics.multilabel.figures import policy_figures
from policies.monitoring.answers import AnsweredSamples
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.tasks import TASKS
from policies.transfer.splits import compare_splits
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


INFINITY = float("inf")
WEIGHTS = [[1.0], [0.5, 0.5], [0.3, 0.3, 0.4]]
ANSWERINGS = {
    "plain": Answering(),
    "sample": Answering(pooling="mean"),
    "parent": Answering(level="parent", pooling="mean"),
    "reading": Answering(level="reading", pooling="mean", read_until=0.3),
}


def ensemble(rule, n_biases, answering=ANSWERINGS["plain"], *, bias=6.0):
    """An ensemble that never leaves early, and that always answers the first class, or label, at the last exit."""
    params = {"weights": WEIGHTS, "bias": [[0.0] * n_biases, [0.0] * n_biases, [bias, *[0.0] * (n_biases - 1)]]}
    return Policy(rule, (INFINITY, INFINITY), (1.0, 1.3, 1.0), params, answering=answering)


def test_an_ensemble_of_classes_loses_what_its_last_exit_does_worse_than_the_network():
    table = make_table()
    policy = ensemble("ensemble", 4, bias=1000.0)
    right = (table.logits[:, -1].argmax(axis=1) == table.labels).mean()
    drop, degraded = measure(Claim(max_drop=0.1, max_degradation=0.1), table, policy.decide(table))
    assert drop.observed == pytest.approx(right - (table.labels == 0).mean())
    assert degraded.observed > 0.4
    told = AnsweredSamples.of(table, policy.decide(table))
    np.testing.assert_array_equal(told.full_predictions, table.logits[:, -1].argmax(axis=1))


@pytest.mark.parametrize("name", ANSWERINGS)
def test_an_ensemble_of_labels_loses_against_the_full_network_that_a_search_counts_from(name):
    table = make_label_table(240, parents_of=4)
    policy = ensemble("label-ensemble", 5, ANSWERINGS[name])
    decision = policy.decide(table)
    reference = full_network(table.answered(ANSWERINGS[name].reading_all), np.asarray(policy.temperatures))
    assert policy.full_network == reference
    judged, full = (Judged(one.view, table.truth) for one in (decision, reference.decide(table)))
    lost = (
        full.truth.right(full.answers(np.full(240, 2))).mean()
        - judged.truth.right(judged.answers(decision.exits)).mean()
    )
    assert lost > 0.1
    claim = Claim(max_drop={"exact_match": 0.1, "hamming": 0.1}, quality="exact_match")
    assert measure(claim, table, decision)[0].observed == pytest.approx(lost)
    assert policy_figures(table, decision)["drops"]["exact_match"] == pytest.approx(lost)


@pytest.mark.parametrize("name", ANSWERINGS)
def test_the_full_network_loses_nothing(name):
    table = make_label_table(240, parents_of=4)
    policy = full_network(table.answered(ANSWERINGS[name].reading_all), np.array([1.0, 1.3, 0.8]))
    decision = policy.decide(table)
    for part in measure(Claim(max_drop={"exact_match": 0.1, "hamming": 0.1}), table, decision):
        np.testing.assert_array_equal(part.losses, 0)
    assert decision.full_network(table).policy == policy


def test_every_task_has_its_full_network():
    assert {name: task.baseline_rule for name, task in TASKS.items()} == {
        "classification": "confidence",
        "detection": "top-scores",
        "multi-label": "label-margin",
    }


def test_exits_that_no_parent_reached_are_told_at_every_level():
    claim = Claim(target=0.5, quality="exact_match", exit_floor=0.5)
    table = make_label_table(240, parents_of=4)
    policy = Policy("label-margin", (0.3, 0.0), (1.0, 1.0, 1.0), answering=ANSWERINGS["reading"])
    decision = policy.decide(table)
    assert (decision.exits == -1).any()
    names = {part.name for part in measure(claim, table, decision)}
    unused = unused_exits(claim, table, decision)
    assert 3 in unused
    assert names == {"exact_match", *(f"exact_match at depth {k}" for k in (1, 2, 3) if k not in unused)}


def test_a_rule_that_learns_sees_search_as_though_it_were_new_where_splits_are_compared():
    """On the samples that it learnt from an ensemble would seem better than elsewhere."""
    search, certify = (make_label_table(n, n_labels=12, seed=n, prefix=f"{n}-") for n in (60, 2000))
    temperatures = np.ones(3)
    params = get_rule("label-ensemble").fit(search, temperatures)
    policy = Policy("label-ensemble", (0.2, 0.1), (1.0, 1.0, 1.0), params)
    found = {one.name: one for one in compare_splits(search, certify, policy).differences}
    plain = {one.name: one for one in compare_splits(search, certify, policy.full_network).differences}
    own = found["quality of the full network"]
    assert own.search == pytest.approx(search.truth.right(search.exit_answers)[:, -1].mean())
    assert own.certify == plain["quality of the full network"].certify
    seen = cross_fitted_decision(policy, search)
    assert found["stop rate"].search == pytest.approx((seen.exits < 2).mean())
    assert (seen.exits != policy.decide(search).exits).any()
