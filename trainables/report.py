"""What a trial says about its network after an epoch: figures of the best quick policy on ``search``."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from policies.calibrate import CalibrationWarning, fit_temperatures
from policies.classification import macro_f1
from policies.coordinate import best_genome
from policies.evaluate import PopulationEvaluator
from policies.exit_metrics import exit_answers, exit_samples
from policies.exit_table import ExitTable
from policies.goal import Goal
from policies.ladder import ladder_genomes
from policies.rules import get_rule


EXIT_FIGURES = ("accuracy", "macro_f1", "ece", "nll", "raw_ece", "raw_nll")
"""Of each exit alone; calibration error and likelihood after temperature scaling, and ``raw`` ones before."""

_MAX_LEVELS = 512


def depth_at_target(accuracy: float, mean_depth: float, *, target: float, n_exits: int) -> float:
    """One number for schedulers, minimised: the mean depth if feasible, else ``E`` plus the violation.

    Any feasible trial so beats any infeasible one.
    """
    return mean_depth if accuracy >= target else n_exits + (target - accuracy)


def quick_report(table: ExitTable, *, target: float) -> dict[str, float]:
    """Fit temperatures, search policies for milliseconds, and report the one with the least depth at the target.

    Where none reaches the target, it is the most accurate one.

    Args:
        table: The ``search`` table of the network as it is now.
        target: Least accuracy on this table.

    Returns:
        ``accuracy``, ``mean_depth`` and ``mean_cost`` of that policy, ``depth_at_target``, and per depth what
        :data:`EXIT_FIGURES` names, such as ``accuracy_exit_1``.
    """
    with warnings.catch_warnings():
        # A clamp while training says little; the final policy search warns about the ones that stay.
        warnings.simplefilter("ignore", CalibrationWarning)
        temperatures = fit_temperatures(table)
    view = get_rule("confidence").view(table, temperatures)
    evaluator = PopulationEvaluator(view, table.labels, table.cost, max_levels=_MAX_LEVELS)
    genome = best_genome(evaluator, Goal(target=target), ladder_genomes(evaluator))
    outcome = evaluator.evaluate(genome[None])
    accuracy, mean_depth = float(outcome.accuracy[0]), float(outcome.mean_depth[0])
    return {
        "accuracy": accuracy,
        "mean_depth": mean_depth,
        "mean_cost": float(outcome.mean_cost[0]),
        "depth_at_target": depth_at_target(accuracy, mean_depth, target=target, n_exits=table.n_exits),
        **_exit_report(table, temperatures),
    }


def diverged_report(n_exits: int, *, target: float) -> dict[str, float]:
    """The same keys for a network whose training diverged: not a number, and the worst ``depth_at_target``."""
    return {
        "accuracy": np.nan,
        "mean_depth": np.nan,
        "mean_cost": np.nan,
        "depth_at_target": n_exits + target,
        **{f"{name}_exit_{depth}": np.nan for depth in range(1, n_exits + 1) for name in EXIT_FIGURES},
    }


def _exit_report(table: ExitTable, temperatures: NDArray[np.float64]) -> dict[str, float]:
    answers = exit_answers(table)
    calibrated, raw = (exit_samples(table, divisors) for divisors in (temperatures, np.ones(table.n_exits)))
    report: dict[str, float] = {}
    for k in range(table.n_exits):
        figures = (
            float((answers[:, k] == table.labels).mean()),
            macro_f1(answers[:, k], table.labels),
            *(calibrated[k].ece(), calibrated[k].nll()),
            *(raw[k].ece(), raw[k].nll()),
        )
        report |= {f"{name}_exit_{k + 1}": value for name, value in zip(EXIT_FIGURES, figures, strict=True)}
    return report
