"""What a soft network promises, and what stop probabilities deliver on their own."""

from dataclasses import replace

import numpy as np
import pytest

from policies.metrics.soft_network import soft_figures, stop_decision
from tests.tables import make_table, with_stop_prob


def all_at(table, k):
    """The table with stop probabilities that send everybody to one exit."""
    stop_prob = np.zeros((table.n_samples, table.n_exits), dtype=np.float32)
    stop_prob[:, k:] = 1.0
    return replace(table, stop_prob=stop_prob)


@pytest.mark.parametrize("k", range(3))
def test_where_everybody_stops_at_one_exit_soft_and_hard_are_that_exit(k):
    table = all_at(make_table(200), k)
    accuracy = float((table.exit_answers[:, k] == table.labels).mean())
    found = soft_figures(table, table.stop_prob)
    assert found.accuracy == accuracy
    assert found.top5_accuracy is None
    assert found.expected_cost == pytest.approx(table.cost[k])
    decision = stop_decision(table, table.stop_prob)
    assert (decision.exits == k).all()
    assert (decision.answers == table.exit_answers[:, k]).all()


def test_top_five_of_the_blended_output():
    table = with_stop_prob(make_table(300, n_classes=12))
    q1 = table.stop_prob[:, 0].astype(float)
    q2 = table.stop_prob[:, 1] * (1 - q1)
    q = np.stack([q1, q2, 1 - q1 - q2], axis=1)
    blended = (q[:, :, None] * table.logits).sum(axis=1)
    order = np.argsort(-blended, axis=1)
    found = soft_figures(table, table.stop_prob)
    assert found.accuracy == pytest.approx((order[:, 0] == table.labels).mean())
    assert found.top5_accuracy == pytest.approx((order[:, :5] == table.labels[:, None]).any(axis=1).mean())
    assert found.expected_cost == pytest.approx((q @ table.cost).mean())
    assert found.accuracy < found.top5_accuracy
