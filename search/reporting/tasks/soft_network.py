"""What soft networks promise beside what hard exits deliver."""

from __future__ import annotations

from collections.abc import Mapping

from policies.metrics.soft_network import SoftFigures, soft_figures, stop_decision
from policies.policy import Decision
from policies.tables.classification import ClassificationTable
from search.run_folder.summary import HardExits, SoftNetwork


def soft_networks(
    tables: Mapping[str, ClassificationTable], decisions: Mapping[str, Decision]
) -> dict[str, SoftNetwork]:
    """By split, what the soft network promises and what comes of it; none where there are no stop probabilities.

    Args:
        tables: The selected network's tables by split.
        decisions: What the selected policy did on each split.
    """
    found = {}
    for split, table in tables.items():
        if table.stop_prob is not None:
            soft = soft_figures(table, table.stop_prob)
            found[split] = SoftNetwork(
                accuracy=soft.accuracy,
                top5_accuracy=soft.top5_accuracy,
                expected_cost=soft.expected_cost,
                policy=_delivered(table, decisions[split], soft),
                stop_at_half=_delivered(table, stop_decision(table, table.stop_prob), soft),
            )
    return found


def _delivered(table: ClassificationTable, decision: Decision, soft: SoftFigures) -> HardExits:
    accuracy = float(table.truth.right(decision.answers).mean())
    mean_cost = float(table.cost[decision.exits].mean())
    return HardExits(
        accuracy=accuracy,
        mean_cost=mean_cost,
        accuracy_difference=accuracy - soft.accuracy,
        cost_difference=mean_cost - soft.expected_cost,
    )
