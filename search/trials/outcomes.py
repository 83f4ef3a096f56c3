"""What the trials of a sweep came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import TrialState
import pandas as pd

from policies.goals.request import Request
from search.config.first_trials import FirstTrial
from search.trials.log import TrialLog


@dataclass(frozen=True)
class TrialOutcome:
    """One trial after the sweep.

    Attributes:
        trial_id: Name of the trial, ``trial-<number>`` from 1.
        params: Training parameters of the trial, by name.
        metrics: All metrics of the trial's last report; empty where it never reported.
        checkpoints: Folder of the trial's checkpoints.
        state: How the trial ended, as Optuna names it: ``COMPLETE``, ``PRUNED`` or ``FAIL``.
        failure: Why the trial counts as failed, or empty.
        label: What the sweep file calls it, or empty.
    """

    trial_id: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    checkpoints: Path
    state: TrialState
    failure: str = ""
    label: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it was trained to its end; one that was stopped early is not compared further."""
        return self.state is TrialState.COMPLETE


@dataclass(frozen=True)
class TrialNetwork:
    """One network of a trial.

    Attributes:
        trial: Trial that the network was trained in.
        seed: Seed that the network was trained with.
        name: Name of the trial, with the seed where the trial has several networks.
    """

    trial: TrialOutcome
    seed: int
    name: str

    @property
    def label(self) -> str:
        """The name, with what the sweep file calls the trial instead of its own."""
        return (self.trial.label or self.trial.trial_id) + self.name.removeprefix(self.trial.trial_id)


def networks_of(trials: Sequence[TrialOutcome], seeds: Sequence[int]) -> list[TrialNetwork]:
    """The networks of trials, one for each seed."""
    return [
        TrialNetwork(trial, seed, trial.trial_id if len(seeds) == 1 else f"{trial.trial_id}-seed-{seed}")
        for trial in trials
        for seed in seeds
    ]


def collect_trials(log: TrialLog, *, checkpoints: Path, first: Sequence[FirstTrial] = ()) -> list[TrialOutcome]:
    """The trials that ended, in the order in which they were suggested.

    Args:
        log: What is known of the trials.
        checkpoints: Folder with a folder of checkpoints for each trial.
        first: What the sweep file says of the first trials.
    """
    return [
        TrialOutcome(
            trial_id=trial.trial_id,
            params=trial.params,
            metrics=trial.result,
            checkpoints=checkpoints / trial.trial_id,
            state=trial.state,
            failure=trial.failure,
            label=first[trial.number].name if trial.number < len(first) else "",
        )
        for trial in log.finished
    ]


def best_trials(outcomes: Sequence[TrialOutcome], count: int) -> list[TrialOutcome]:
    """The complete trials with the least ``objective_at_target``, best first; ties in the order of their numbers."""
    complete = [trial for trial in outcomes if trial.is_complete]
    return sorted(complete, key=lambda trial: float(trial.metrics["objective_at_target"]))[:count]


def trial_points(outcomes: Sequence[TrialOutcome], asked: Request) -> pd.DataFrame:
    """``trial_id``, and the quality and objective that were asked for of each trial's own best policy on ``search``."""
    keys = [asked.quality, asked.objective_column]
    points = [
        {"trial_id": trial.trial_id, **{key: trial.metrics[key] for key in keys}}
        for trial in outcomes
        if not trial.failure
    ]
    return pd.DataFrame(points, columns=["trial_id", *keys])


def trial_counts(outcomes: Sequence[TrialOutcome]) -> dict[str, int]:
    """How many trials there were, ``started``, and how many ended in each of Optuna's states, in small letters."""
    ends = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    return {
        "started": len(outcomes),
        **{end.name.lower(): sum(trial.state is end for trial in outcomes) for end in ends},
    }
