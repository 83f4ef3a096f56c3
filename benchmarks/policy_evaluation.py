"""How many times faster is evaluating a population on packed bits than one policy at a time?

The peer is the obvious vectorised numpy evaluation of a single policy: compare scores with thresholds, take the first
open exit, index the answers. Both see the same prepared scores, run in this one process, in turn, on one thread, and
must agree on every policy. Further: what class-wise thresholds cost beside one threshold per exit on the same table,
and how long a whole default search of one rule takes and how much memory it needs.
Usage: ``python benchmarks/policy_evaluation.py [--samples N] [--exits E] [--policies P]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from statistics import median
import time
import tracemalloc

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from tables import synthetic_table

from policies.calibration.temperature import fit_temperatures
from policies.evaluation.population import PopulationEvaluator
from policies.evolution.search import search_front
from policies.goals.goal import Goal
from policies.metrics.exits import exit_accuracies
from policies.policy import first_open_exit
from policies.rules import RuleView, get_rule
from policies.tables.classification import ClassLabels


ROUNDS = 7


def random_view(n_samples: int, n_exits: int, n_classes: int = 10) -> tuple[RuleView, ClassLabels]:
    """Scores that rise with depth, and labels that the exits answer rightly about as often as they are sure."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(n_classes, 0.2), (n_samples, n_exits))
    scores = probabilities.max(axis=2)
    view = RuleView.of_one_score(scores, probabilities)
    sure = rng.random(n_samples) < scores[:, -1]
    labels = np.where(sure, view.answers[:, -1], rng.integers(0, n_classes, n_samples))
    return view, ClassLabels(labels, n_classes)


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


def random_genomes(evaluator: PopulationEvaluator, n_policies: int) -> NDArray[np.int64]:
    """Levels drawn uniformly, shape (P, G)."""
    rng = np.random.default_rng(1)
    return np.stack([rng.integers(0, n, n_policies) for n in evaluator.n_levels], axis=1)


def against_numpy(console: Console, n_samples: int, n_exits: int, n_policies: int) -> None:
    """Packed bits against one policy at a time."""
    view, truth = random_view(n_samples, n_exits)
    cost = np.linspace(1 / n_exits, 1, n_exits)
    PopulationEvaluator(view, truth, cost)  # Compiles the kernels.
    building = [seconds(lambda: PopulationEvaluator(view, truth, cost)) for _ in range(ROUNDS)]
    evaluator = PopulationEvaluator(view, truth, cost)
    genomes = random_genomes(evaluator, n_policies)
    thresholds = np.array([evaluator.thresholds(genome) for genome in genomes])

    outcome = evaluator.evaluate(genomes)
    accuracy, depth = one_at_a_time(view, truth.right(view.answers), thresholds)
    np.testing.assert_allclose(outcome.qualities["accuracy"], accuracy)
    np.testing.assert_allclose(outcome.mean_depth, depth)

    packed, numpy_alone = [], []
    for _ in range(ROUNDS):
        packed.append(seconds(lambda: evaluator.evaluate(genomes)))
        numpy_alone.append(seconds(lambda: one_at_a_time(view, truth.right(view.answers), thresholds)))
    ratios = [slow / fast for slow, fast in zip(numpy_alone, packed, strict=True)]
    title = f"N = {n_samples:,}, E = {n_exits}, {n_policies:,} policies, one thread"
    peers = {"vectorised numpy, one policy at a time": (numpy_alone, [1.0]), "packed bits": (packed, ratios)}
    print_rates(console, title, "times faster", n_policies, peers)
    with_building = median(numpy_alone) / (median(packed) + median(building))
    console.print(
        f"Packing the gates once takes {median(building) * 1e3:.1f} ms (counted in: {with_building:.0f} times faster). "
        f"Medians of {ROUNDS} rounds, both in turn.\n"
    )


def class_wise(console: Console, n_samples: int, n_exits: int, n_policies: int) -> None:
    """A threshold per exit and class against one per exit, on a table that looks like a network's."""
    table = synthetic_table(n_samples, n_exits, 10)
    ones = np.ones(n_exits)
    work = {}
    for rule in ("confidence", "class-wise"):
        evaluator = PopulationEvaluator(get_rule(rule).view(table, ones), table.truth, table.cost)
        work[rule] = partial(evaluator.evaluate, random_genomes(evaluator, n_policies))
        work[rule]()
    times: dict[str, list[float]] = {rule: [] for rule in work}
    for _ in range(ROUNDS):
        for rule, run in work.items():
            times[rule].append(seconds(run))
    ratios = [slow / plain for slow, plain in zip(times["class-wise"], times["confidence"], strict=True)]
    title = f"N = {n_samples:,}, E = {n_exits}, C = 10, {n_policies:,} policies, one thread"
    peers = {
        "one threshold per exit": (times["confidence"], [1.0]),
        "one per exit and class": (times["class-wise"], ratios),
    }
    print_rates(console, title, "times the plain rule's time", n_policies, peers)


def default_search(console: Console, n_samples: int, n_exits: int) -> None:
    """Time and memory of a default search of the confidence rule."""
    table = synthetic_table(n_samples, n_exits, 10)
    temperatures = fit_temperatures(table)
    goal = Goal(target=float(exit_accuracies(table)[-1]) - 0.01)

    def search() -> None:
        search_front(table, temperatures, goal)

    times = [seconds(search) for _ in range(3)]
    tracemalloc.start()
    search()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    console.print(
        f"Default search of one rule, N = {n_samples:,}, E = {n_exits}: {median(times):.2f} s "
        f"({min(times):.2f} to {max(times):.2f}); it allocates at most {peak / 1e6:.0f} MB."
    )


def print_rates(
    console: Console,
    title: str,
    ratio_name: str,
    n_policies: int,
    peers: dict[str, tuple[list[float], list[float]]],
) -> None:
    """One line per peer: rate, and ratios to the first."""
    table = Table(title=title)
    for column in ("evaluation", "policies / s", "us / policy", ratio_name, "min", "max"):
        table.add_column(column, justify="left" if column == "evaluation" else "right")
    for name, (times, ratios) in peers.items():
        rate = n_policies / median(times)
        spread = [f"{min(ratios):.3g}", f"{max(ratios):.3g}"] if len(ratios) > 1 else ["", ""]
        table.add_row(name, f"{rate:,.0f}", f"{1e6 / rate:.2f}", f"{median(ratios):.3g}", *spread)
    console.print(table)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--exits", type=int, default=4)
    parser.add_argument("--policies", type=int, default=1_000)
    arguments = parser.parse_args()
    console = Console(width=120)
    against_numpy(console, arguments.samples, arguments.exits, arguments.policies)
    class_wise(console, arguments.samples, arguments.exits, arguments.policies)
    default_search(console, arguments.samples, arguments.exits + 1)


if __name__ == "__main__":
    main()
