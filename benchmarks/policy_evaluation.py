"""How many times faster is evaluating a population on packed bits than one policy at a time?

The peer is the obvious vectorised numpy evaluation of a single policy: compare scores with thresholds, take the first
open exit, index the answers. Both see the same prepared scores, run in this one process, in turn, on one thread, and
must agree on every policy. Usage: ``python benchmarks/policy_evaluation.py [--samples N] [--exits E] [--policies P]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
import time

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from policies.evaluate import PopulationEvaluator
from policies.policy import first_open_exit
from policies.rules import RuleView


ROUNDS = 7


def random_view(n_samples: int, n_exits: int, n_classes: int = 10) -> tuple[RuleView, NDArray[np.int64]]:
    """Scores that rise with depth, and labels that the exits answer rightly about as often as they are sure."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(n_classes, 0.2), (n_samples, n_exits))
    scores = probabilities.max(axis=2)
    view = RuleView(scores, np.ones(scores.shape, dtype=bool), probabilities)
    sure = rng.random(n_samples) < scores[:, -1]
    return view, np.where(sure, view.answers[:, -1], rng.integers(0, n_classes, n_samples))


def one_at_a_time(
    view: RuleView, right: NDArray[np.bool_], thresholds: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Accuracy and mean depth of each policy, shape (P,), by vectorised numpy, policy after policy."""
    rows = np.arange(len(right))
    accuracy, depth = np.empty(len(thresholds)), np.empty(len(thresholds))
    for i, row in enumerate(thresholds):
        exits = first_open_exit(view, row)
        accuracy[i] = right[rows, exits].mean()
        depth[i] = exits.mean() + 1
    return accuracy, depth


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--exits", type=int, default=4)
    parser.add_argument("--policies", type=int, default=1_000)
    arguments = parser.parse_args()

    view, labels = random_view(arguments.samples, arguments.exits)
    cost = np.linspace(1 / arguments.exits, 1, arguments.exits)
    building = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        evaluator = PopulationEvaluator(view, labels, cost)
        building.append(time.perf_counter() - started)
    rng = np.random.default_rng(1)
    genomes = np.stack([rng.integers(0, n, arguments.policies) for n in evaluator.n_levels], axis=1)
    thresholds = np.array([evaluator.thresholds(genome) for genome in genomes])

    outcome = evaluator.evaluate(genomes)  # Also compiles the kernel.
    accuracy, depth = one_at_a_time(view, evaluator.right, thresholds)
    np.testing.assert_allclose(outcome.accuracy, accuracy)
    np.testing.assert_allclose(outcome.mean_depth, depth)

    packed, numpy_alone = [], []
    for _ in range(ROUNDS):
        packed.append(seconds(lambda: evaluator.evaluate(genomes)))
        numpy_alone.append(seconds(lambda: one_at_a_time(view, evaluator.right, thresholds)))
    ratios = [slow / fast for slow, fast in zip(numpy_alone, packed, strict=True)]
    with_building = median(numpy_alone) / (median(packed) + median(building))

    table = Table(
        title=f"N = {arguments.samples:,}, E = {arguments.exits}, {arguments.policies:,} policies, one thread"
    )
    for column in ("evaluation", "policies / s", "us / policy", "times faster", "min", "max"):
        table.add_column(column, justify="left" if column == "evaluation" else "right")
    for name, times, ratio in (
        ("vectorised numpy, one policy at a time", numpy_alone, None),
        ("packed bits", packed, ratios),
    ):
        rate = arguments.policies / median(times)
        cells = [f"{median(ratio):.0f}", f"{min(ratio):.0f}", f"{max(ratio):.0f}"] if ratio else ["1", "", ""]
        table.add_row(name, f"{rate:,.0f}", f"{1e6 / rate:.2f}", *cells)
    console = Console(width=110)
    console.print(table)
    console.print(
        f"Packing the gates once takes {median(building) * 1e3:.1f} ms (counted in: {with_building:.0f} times faster). "
        f"Medians of {ROUNDS} rounds, both in turn."
    )


if __name__ == "__main__":
    main()
