"""Expected against realised cost."""

import numpy as np
import pytest

from policies.metrics.soft_network import soft_figures
from policies.policy import Policy
from search.reporting.tasks.soft_network import soft_networks
from tests.tables import make_table, with_stop_prob


TABLES = {
    split: with_stop_prob(make_table(200, n_classes=7, seed=seed, prefix=split), seed=seed)
    for seed, split in enumerate(("search", "test"))
}


def test_hard_exits_stand_beside_what_was_promised():
    policy = Policy("dual-threshold", ((0.5, 0.6), (0.25, 0.5)), (1.0, 1.0, 1.0))
    decisions = {split: policy.decide(table) for split, table in TABLES.items()}
    found = soft_networks(TABLES, decisions)
    assert list(found) == ["search", "test"]
    for split, table in TABLES.items():
        own, soft = found[split], soft_figures(table, table.stop_prob)
        assert (own.accuracy, own.top5_accuracy) == (soft.accuracy, soft.top5_accuracy)
        assert own.expected_cost == soft.expected_cost
        at_half = np.argmax(np.column_stack([table.stop_prob[:, :-1] >= 0.5, np.ones(200)]), axis=1)
        answers = {"policy": decisions[split].answers, "stop_at_half": table.exit_answers[np.arange(200), at_half]}
        exits = {"policy": decisions[split].exits, "stop_at_half": at_half}
        for name, hard in (("policy", own.policy), ("stop_at_half", own.stop_at_half)):
            assert hard.accuracy == pytest.approx((answers[name] == table.labels).mean())
            assert hard.mean_cost == pytest.approx(table.cost[exits[name]].mean())
            assert hard.cost_difference == pytest.approx(hard.mean_cost - soft.expected_cost)
            assert hard.accuracy_difference == pytest.approx(hard.accuracy - soft.accuracy)


def test_without_stop_probabilities_there_is_nothing_to_tell():
    table = make_table(50)
    decision = Policy("confidence", (0.9, 0.9), (1.0, 1.0, 1.0)).decide(table)
    assert soft_networks({"search": table}, {"search": decision}) == {}
