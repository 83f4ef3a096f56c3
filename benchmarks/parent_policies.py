"""How many times faster are whole populations judged than single policies, where answers are about parents?

Sets of labels are judged by exact match, Hamming loss, macro-F1 and micro-F1 at once: where samples leave by themselves
and their answers are pooled over parents, by every combination of exits and sample by sample; and where parents leave
as a whole. The peer is the obvious vectorised numpy evaluation of a single policy: compare scores with thresholds, take
the first open exit, pool the samples of each parent, compare with the labels. Both see the same prepared scores and
must agree on every policy; they run in this one process, in turn, on one thread. So do lines: every level of one gate.
Times are the processor's, which other processes disturb least.
Usage: ``python benchmarks/parent_policies.py [--samples N] [--size M] [--exits E] [--labels L]
[--policies P]``; half a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from statistics import median
import time
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from policy_evaluation import ROUNDS, random_genomes
from rich.console import Console
from rich.table import Table

from policies.evaluation.parents import pooled_population
from policies.evaluation.population import PopulationEvaluator
from policies.levels.answers import PooledAnswers, WholeAnswers
from policies.parents.membership import Parents
from policies.policy import first_open_exit
from policies.pooling.poolings import get_pooling
from policies.tables.multilabel import LabelSets
from policies.views.distributions import Held
from policies.views.view import RuleView


QUALITIES = ("exact_match", "hamming", "label_macro_f1", "label_micro_f1")
PLAIN = "vectorised numpy, one policy at a time"
N_PLAIN = 50
N_LINES = 20


def random_case(n_parents: int, size: int, n_exits: int, n_labels: int, pooling: str) -> tuple[RuleView, LabelSets]:
    """Samples whose later exits say more about the labels of their parents, and whose score is the least margin."""
    rng = np.random.default_rng(0)
    of_sample = np.repeat(np.arange(n_parents), size)
    parents = Parents(np.array([f"{g:06}" for g in range(n_parents)]), of_sample, np.arange(len(of_sample)))
    labels = (rng.random((n_parents, n_labels)) < np.linspace(0.3, 0.05, n_labels))[of_sample]
    depth = np.linspace(0.6, 1.6, n_exits)[:, None]
    noise = rng.normal(size=(n_parents, n_exits, n_labels))[of_sample] + rng.normal(
        size=(*labels.shape[:1], n_exits, 1)
    )
    values = 1 / (1 + np.exp(-3 * (depth * np.where(labels, 1.0, -1.0)[:, None] + 0.5 * noise)))
    scores = np.abs(values - 0.5).min(axis=2)[:, :, None]
    answers = PooledAnswers(parents, "same", Held(values), get_pooling(pooling), np.full((n_parents, n_labels), 0.5))
    names = tuple(map(str, range(n_labels)))
    view = RuleView(scores, np.ones(scores.shape[:2], dtype=bool), values >= 0.5, Held(values), parents=answers)
    return view, LabelSets(labels.astype(np.uint8), names)


def as_whole(view: RuleView) -> RuleView:
    """The view of parents that leave as a whole: by the least margin of what their samples say together."""
    own = view.parents
    assert isinstance(own, PooledAnswers)
    n_samples, n_exits = view.eligible.shape
    pooled = np.stack([own.pooled(np.full(n_samples, k)) for k in range(n_exits)], axis=1)
    scores = np.abs(pooled - 0.5).min(axis=2)[own.parents.of_sample, :, None]
    return replace(view, scores=scores, distributions=None, parents=WholeAnswers(own.parents, "same", pooled >= 0.5))


def one_at_a_time(view: RuleView, truth: LabelSets, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The four figures of each policy, shape (4, P), by vectorised numpy, policy after policy."""
    own = view.parents
    assert own is not None
    labels = truth.labels[own.parents.first_rows].astype(bool)
    found = []
    for row in thresholds:
        answers = own.answers(first_open_exit(view, row))
        right, errors = (answers & labels).sum(axis=0), (answers != labels).sum(axis=0)
        f1 = 2 * right / np.maximum(2 * right + errors, 1)
        micro = 2 * right.sum() / max(2 * right.sum() + errors.sum(), 1)
        found.append([(answers == labels).all(axis=1).mean(), errors.sum() / labels.size, f1.mean(), micro])
    return np.array(found).T


def prepared(view: RuleView, truth: LabelSets, *, by_row: bool = False) -> tuple[PopulationEvaluator, float]:
    """An evaluator, and the seconds that it takes to build one."""

    def build() -> PopulationEvaluator:
        cost = np.linspace(1 / view.scores.shape[1], 1, view.scores.shape[1])
        with patch.object(pooled_population, "_MOST_POOLED", 0 if by_row else pooled_population._MOST_POOLED):
            return PopulationEvaluator(view, truth, cost, qualities=QUALITIES)

    build()  # Compiles the kernels.
    return build(), median([seconds(build) for _ in range(3)])


def measure(
    console: Console, title: str, peers: list[tuple[str, RuleView, bool]], truth: LabelSets, n_policies: int
) -> None:
    """Populations and lines of each peer against plain numpy on its own view, all in turn."""
    table = Table(title=title)
    for column in (
        "evaluation",
        "policies / s",
        "us / policy",
        "times numpy",
        "us / line",
        "levels / s",
        "ms to build",
    ):
        table.add_column(column, justify="left" if column == "evaluation" else "right")
    seen = None
    for name, view, by_row in peers:
        evaluator, building = prepared(view, truth, by_row=by_row)
        plain, each, line = times_of(evaluator, view, truth, n_policies)
        if view is not seen:
            table.add_row(PLAIN, f"{1 / plain:,.0f}", f"{plain * 1e6:,.0f}", "1")
        seen = view
        rates = [f"{1 / each:,.0f}", f"{each * 1e6:.2f}", f"{plain / each:,.0f}", f"{line * 1e6:,.0f}"]
        table.add_row(name, *rates, f"{evaluator.n_levels[0] / line:,.0f}", f"{building * 1e3:.0f}")
    console.print(table)


def times_of(
    evaluator: PopulationEvaluator, view: RuleView, truth: LabelSets, n_policies: int
) -> tuple[float, float, float]:
    """Seconds of a policy in plain numpy and in a population, and of a line: medians of rounds, all in turn."""
    genomes = random_genomes(evaluator, n_policies)
    thresholds = np.array([evaluator.thresholds(genome) for genome in genomes[:N_PLAIN]])
    check(evaluator, genomes[:N_PLAIN], one_at_a_time(view, truth, thresholds))
    rounds = []
    for _ in range(ROUNDS):
        plain = seconds(lambda: one_at_a_time(view, truth, thresholds)) / len(thresholds)
        each = seconds(lambda: evaluator.evaluate(genomes)) / n_policies
        line = seconds(lambda: [evaluator.line(genome, 0) for genome in genomes[:N_LINES]]) / N_LINES
        rounds.append((plain, each, line))
    plain, each, line = np.median(rounds, axis=0)
    return float(plain), float(each), float(line)


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def check(evaluator: PopulationEvaluator, genomes: NDArray[np.int64], expected: NDArray[np.float64]) -> None:
    """Populations must agree with numpy, and lines with populations."""
    outcome = evaluator.evaluate(genomes)
    np.testing.assert_allclose([outcome.qualities[name] for name in QUALITIES], expected, atol=1e-12)
    line = evaluator.line(genomes[0], 0)
    every_level = np.repeat(genomes[:1], evaluator.n_levels[0], axis=0)
    every_level[:, 0] = np.arange(len(every_level))
    for name, values in evaluator.evaluate(every_level).qualities.items():
        np.testing.assert_array_equal(line.qualities[name], values)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=4335, help="samples of all parents together")
    parser.add_argument("--size", type=int, default=5, help="samples of a parent")
    parser.add_argument("--exits", type=int, default=3)
    parser.add_argument("--labels", type=int, default=10)
    parser.add_argument("--policies", type=int, default=2000, help="policies of a population")
    own = parser.parse_args()
    n_parents = own.samples // own.size
    console = Console(width=130)
    for pooling in ("mean", "p75"):
        view, truth = random_case(n_parents, own.size, own.exits, own.labels, pooling)
        title = (
            f"{n_parents:,} parents of {own.size} samples, E = {own.exits}, L = {own.labels}, "
            f"pooled by {pooling}, four qualities, one thread"
        )
        whole = as_whole(view)
        peers = [
            ("samples leave: by combination of exits", view, False),
            ("samples leave: sample by sample", view, True),
            ("parents leave: packed bits", whole, False),
        ]
        measure(console, title, peers, truth, own.policies)


if __name__ == "__main__":
    main()
