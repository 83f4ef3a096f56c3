"""How many epochs does early stopping save, and what of the full sweep's result does it keep?

Real sweeps in which every trial was trained to its end (``curves/``, see ``recorded_curves.py``) are run again on a
fake clock, once for every scheduler and order of the trials: each trial takes its recorded seconds, reports arrive in
the order of the clock, a stopped trial frees its worker. The parameters are the recorded ones: what a sampler that
learns would have suggested instead is not measured. Only trials that were trained to their end count for the result.

Peers: Ray's own ASHA on ``depth_at_target``, halving by chance at the same rungs, and two other orders of several
objectives that ``mo-asha`` was chosen over. Results are shares of the full sweep's hypervolume of accuracy (more) and
mean depth (less). A full network saves nothing, so depth always counts from ``E``; accuracy counts from

- aim: one point below the aim; only trials that reach the aim. As what exceeds the aim is luck more than merit, it
  must not weigh more than the depth, and with the aim itself for a reference one sample more would weigh everything.
- target: the target that the user named; only trials that reach the aim. Where the aim is near the target, it weighs
  by how little a trial exceeds its aim.
- all: one point below the aim; also trials that miss the aim, and the policies that always leave at the same exit.

Usage: ``python benchmarks/early_stopping.py [--orders N] [--workers N] [--grace N] [--reduction N] [--curves DIR]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
import pandas as pd
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from recorded_curves import DEFAULT_FOLDER, Curve, RecordedSweep, read_sweeps
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata
from simulated_sweep import GoesOn, SimulatedSweep, simulate

from policies.goals.pareto import hypervolume
from search.tuning.halving import AsyncHalving
from search.tuning.priorities import Priority, nondominated_priority, nondominated_ranks, scalar_priority


REFERENCES = ("aim", "target", "all")
_POINT = 0.01
_KEPT, _SPENT = 0.95, 0.5


@dataclass(frozen=True)
class Halving:
    """Settings of all schedulers that stop trials.

    Attributes:
        grace_epochs: The first rung, or None: after an eighth of the training.
        reduction: One in how many goes on.
    """

    grace_epochs: int | None
    reduction: int

    def grace(self, sweep: RecordedSweep) -> int:
        """The first rung of a sweep."""
        return self.grace_epochs or max(round(sweep.epochs / 8), 1)


@dataclass(frozen=True)
class RandomPriority:
    """Ranks by chance: what stopping as many trials is worth without looking at them."""

    generator: np.random.Generator
    name: ClassVar[str] = "by chance"

    def point(self, figures: Mapping[str, Any]) -> tuple[float, ...]:
        """Nothing but whether the report is a number."""
        return (float(figures["accuracy"]),)

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """A random order of the N reports."""
        return self.generator.permutation(len(points))


@dataclass(frozen=True)
class ObjectivesPriority:
    """The sweep's two objectives, accuracy and mean depth of the best policy so far, by non-dominated sorting."""

    name: ClassVar[str] = "two objectives"

    def point(self, figures: Mapping[str, Any]) -> tuple[float, ...]:
        """Both maximised."""
        return float(figures["accuracy"]), -float(figures["mean_depth"])

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Shapes as in :class:`~search.tuning.priorities.Priority`."""
        return nondominated_ranks(points)


@dataclass(frozen=True)
class FeasibleFirstPriority(ObjectivesPriority):
    """As before among feasible trials; they come before the others, and less violation before more (Deb, 2000)."""

    aim: float
    name: ClassVar[str] = "feasible first"

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Shapes as in :class:`~search.tuning.priorities.Priority`."""
        violation = np.maximum(self.aim - points[:, 0], 0.0)
        ranks = np.asarray(rankdata(violation, method="min") - 1, dtype=np.int64)
        feasible = violation == 0
        if feasible.any():
            ranks[feasible] = nondominated_ranks(points[feasible])
        return ranks


def _never(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return lambda trial_id, epoch, figures: True


def _by_chance(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return _own(sweep, halving, RandomPriority(np.random.default_rng(seed)))


def _asha(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return _own(sweep, halving, scalar_priority("depth_at_target"))


def _mo_asha(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return _own(sweep, halving, nondominated_priority())


def _two_objectives(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return _own(sweep, halving, ObjectivesPriority())


def _feasible_first(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    return _own(sweep, halving, FeasibleFirstPriority(sweep.aim))


def _own(sweep: RecordedSweep, halving: Halving, priority: Priority) -> GoesOn:
    return AsyncHalving(
        priority, grace_epochs=halving.grace(sweep), reduction=halving.reduction, max_epochs=sweep.epochs
    ).goes_on


def _ray_asha(sweep: RecordedSweep, halving: Halving, seed: int) -> GoesOn:
    """Ray's scheduler with stubs for its trials."""
    scheduler = AsyncHyperBandScheduler(
        time_attr="epoch",
        metric="depth_at_target",
        mode="min",
        max_t=sweep.epochs,
        grace_period=halving.grace(sweep),
        reduction_factor=halving.reduction,
    )
    stubs: dict[str, SimpleNamespace] = {}

    def goes_on(trial_id: str, epoch: int, figures: Mapping[str, float]) -> bool:
        if trial_id not in stubs:
            stubs[trial_id] = SimpleNamespace(trial_id=trial_id)
            scheduler.on_trial_add(None, stubs[trial_id])
        return bool(scheduler.on_trial_result(None, stubs[trial_id], dict(figures)) == TrialScheduler.CONTINUE)

    return goes_on


SCHEDULERS: dict[str, Callable[[RecordedSweep, Halving, int], GoesOn]] = {
    "none": _never,
    "by chance": _by_chance,
    "Ray's ASHA": _ray_asha,
    "asha": _asha,
    "feasible first": _feasible_first,
    "two objectives": _two_objectives,
    "mo-asha": _mo_asha,
}


def volumes(sweep: RecordedSweep, finished: Sequence[Curve]) -> dict[str, float]:
    """Hypervolumes of some of a sweep's fully trained trials, by reference as said on top."""
    last = [curve.reports[-1] for curve in finished]
    reached = [(report["accuracy"], report["mean_depth"]) for report in last if report["accuracy"] >= sweep.aim]
    every = [(report["accuracy"], report["mean_depth"]) for report in last]
    every += [(report[f"accuracy_exit_{d}"], float(d)) for report in last for d in range(1, sweep.n_exits + 1)]
    return {
        "aim": _volume(sweep, reached, sweep.aim - _POINT),
        "target": _volume(sweep, reached, sweep.target),
        "all": _volume(sweep, every, sweep.aim - _POINT),
    }


def _volume(sweep: RecordedSweep, points: Sequence[tuple[float, float]], worst_accuracy: float) -> float:
    array = np.array(points, dtype=np.float64).reshape(-1, 2)
    return hypervolume(array[:, 0], array[:, 1], worst_quality=worst_accuracy, worst_objective=float(sweep.n_exits))


def depth_at_target(finished: Sequence[Curve]) -> float:
    """The least among fully trained trials; NaN where there is none."""
    return min((curve.reports[-1]["depth_at_target"] for curve in finished), default=np.nan)


def measure(sweep: RecordedSweep, halving: Halving, *, n_orders: int, n_workers: int) -> pd.DataFrame:
    """One row per scheduler and order of the trials, in shares of the full sweep in the same order."""
    rows = []
    for seed in range(n_orders):
        order = np.random.default_rng(seed).permutation(len(sweep.curves))
        curves = [sweep.curves[trial] for trial in order]
        played = {
            name: simulate(curves, build(sweep, halving, seed), n_workers=n_workers)
            for name, build in SCHEDULERS.items()
        }
        rows += [{"scheduler": name, **_shares(sweep, one, played["none"])} for name, one in played.items()]
    return pd.DataFrame(rows)


def _shares(sweep: RecordedSweep, one: SimulatedSweep, full: SimulatedSweep) -> dict[str, float]:
    reached, whole = (volumes(sweep, played.finished) for played in (one, full))
    return {
        "epochs": one.epochs / full.epochs,
        "saved": 1 - one.seconds / full.seconds,
        "finished": len(one.finished),
        **{reference: reached[reference] / whole[reference] for reference in REFERENCES},
        "deeper": depth_at_target(one.finished) - depth_at_target(full.finished),
    }


def show(console: Console, title: str, rows: pd.DataFrame) -> None:
    """Print one table: means, and least and most over the orders."""
    table = Table(title=title)
    headings = ("scheduler", "epochs\n%", "time\nsaved %", "trials\nfull", "hypervolume %\naim", "\ntarget", "\nall")
    for heading in (*headings, "depth at target\nabove the full sweep's"):
        table.add_column(heading, justify="left" if heading == "scheduler" else "right")
    for name, own in rows.groupby("scheduler", sort=False):
        shares = [_spread(100 * own[reference], 1) for reference in REFERENCES]
        table.add_row(
            str(name),
            f"{100 * own['epochs'].mean():.1f}",
            f"{100 * own['saved'].mean():.1f}",
            f"{own['finished'].mean():.1f}",
            *shares,
            _spread(own["deeper"], 3),
        )
    console.print(table)


def _spread(values: pd.Series, decimals: int) -> str:
    return f"{values.mean():.{decimals}f} ({values.min():.{decimals}f} .. {values.max():.{decimals}f})"


def bar_line(every: Mapping[str, pd.DataFrame]) -> str:
    """In how many sweeps ``mo-asha`` keeps 95 % of the hypervolume with at most half of the epochs, on average."""
    means = [rows[rows["scheduler"] == "mo-asha"].mean(numeric_only=True) for rows in every.values()]
    counts = {
        reference: sum(mean[reference] >= _KEPT and mean["epochs"] <= _SPENT for mean in means)
        for reference in REFERENCES
    }
    told = ", ".join(f"{reference} {count}" for reference, count in counts.items())
    return f"Of {len(means)} sweeps mo-asha keeps {_KEPT:.0%} with at most {_SPENT:.0%} of the epochs in: {told}"


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--grace", type=int, help="first rung; without it an eighth of the training")
    parser.add_argument("--reduction", type=int, default=2)
    parser.add_argument("--curves", type=Path, default=DEFAULT_FOLDER)
    arguments = parser.parse_args()
    halving = Halving(arguments.grace, arguments.reduction)
    console = Console(width=150)
    every = {}
    for sweep in read_sweeps(arguments.curves):
        rows = measure(sweep, halving, n_orders=arguments.orders, n_workers=arguments.workers)
        every[sweep.name] = rows
        failed = sum(curve.has_failed for curve in sweep.curves)
        trials = f"{len(sweep.curves)} trials ({failed} failed) of {sweep.epochs} epochs"
        show(console, f"{sweep.name}: {trials}, {sweep.n_exits} exits, aim {sweep.aim:.4f}", rows)
    show(console, f"All {len(every)} sweeps, {arguments.orders} orders each", pd.concat(every.values()))
    console.print(bar_line(every))


if __name__ == "__main__":
    main()
