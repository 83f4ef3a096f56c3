"""What a network with stop probabilities does as a soft network, and what they do as hard exits on their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from policies.blocks import row_blocks
from policies.calibration.calibration_error import TOP_K, SampleFigures
from policies.metrics.exit_distribution import blended_logits, exit_distribution, expected_costs, stop_exits
from policies.policy import Decision
from policies.tables.classification import ClassificationTable


@dataclass(frozen=True)
class SoftFigures:
    """What the soft objective promises: all exits computed, their answers blended.

    Attributes:
        accuracy: Share of samples that the blended output is right on, maximised.
        top5_accuracy: Share of samples whose class is among its five likeliest, maximised; None where there are no
            more than five classes.
        expected_cost: Mean expected cost, relative to the full network, minimised.
    """

    accuracy: float
    top5_accuracy: float | None
    expected_cost: float


def soft_figures(table: ClassificationTable, stop_prob: NDArray[np.floating[Any]]) -> SoftFigures:
    """The figures of the soft network, by equations (9) and (16) of "Input-Adaptive Hard-Exit DARTS" (June 2026).

    Args:
        table: Logits of N samples at E exits, as they are: a soft network is trained without temperatures.
        stop_prob: Probability to stop at each exit of a sample that came so far, shape (N, E).
    """
    distribution = exit_distribution(stop_prob)
    samples = SampleFigures.of(_blended(table, distribution), table.labels)
    return SoftFigures(
        accuracy=float(samples.is_right.mean()),
        top5_accuracy=float(samples.is_in_top.mean()) if table.n_classes > TOP_K else None,
        expected_cost=float(expected_costs(distribution, table.cost).mean()),
    )


def stop_decision(table: ClassificationTable, stop_prob: NDArray[np.floating[Any]]) -> Decision:
    """The hard exits that stop probabilities alone give, by equation (22) of the same notes, at the threshold .5.

    Args:
        table: Logits of N samples at E exits; each exit gives its own answer.
        stop_prob: Probability to stop at each exit of a sample that came so far, shape (N, E).
    """
    return Decision(stop_exits(stop_prob), table.exit_answers)


def _blended(
    table: ClassificationTable, distribution: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    for rows in row_blocks(table.n_samples, table.n_exits * table.n_classes):
        yield rows, softmax(blended_logits(distribution[rows], table.logits[rows]), axis=1)
