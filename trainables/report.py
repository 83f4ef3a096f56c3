"""What a trial says about its network after an epoch: figures of the best quick policy on ``search``."""

from __future__ import annotations

import warnings

import numpy as np

from policies.calibrate import CalibrationWarning, fit_temperatures
from policies.coordinate import best_genome
from policies.evaluate import PopulationEvaluator
from policies.exit_metrics import exit_accuracies, exit_calibration_errors
from policies.exit_table import ExitTable
from policies.goal import Goal
from policies.ladder import ladder_genomes
from policies.rules import get_rule


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
        ``accuracy``, ``mean_depth`` and ``mean_cost`` of that policy, ``depth_at_target``, and per depth
        ``accuracy_exit_<depth>`` and ``ece_exit_<depth>`` (after temperature scaling).
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
        **_by_depth("accuracy_exit", exit_accuracies(table)),
        **_by_depth("ece_exit", exit_calibration_errors(table, temperatures)),
    }


def diverged_report(n_exits: int, *, target: float) -> dict[str, float]:
    """The same keys for a network whose training diverged: not a number, and the worst ``depth_at_target``."""
    nothing = np.full(n_exits, np.nan)
    return {
        "accuracy": np.nan,
        "mean_depth": np.nan,
        "mean_cost": np.nan,
        "depth_at_target": n_exits + target,
        **_by_depth("accuracy_exit", nothing),
        **_by_depth("ece_exit", nothing),
    }


def _by_depth(name: str, values: np.ndarray) -> dict[str, float]:
    return {f"{name}_{depth}": float(value) for depth, value in enumerate(values, start=1)}
