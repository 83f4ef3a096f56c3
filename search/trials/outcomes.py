"""What the trials of a sweep came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from policies.goals.request import Request
from search.config.first_trials import FirstTrial
from search.trials.log import SweepRecord


@dataclass(frozen=True)
class TrialOutcome:
    """One trial after the sweep.

    Attributes:
        trial_id: Its name.
        params: Training parameters.
        metrics: Its last report; empty where it never reported.
        checkpoints: Folder of its checkpoints.
        failure: Why it counts as failed, or empty.
        is_full: Whether it was trained to its end; one that was stopped early is not compared further.
        label: What the sweep file calls it, or empty.
    """

    trial_id: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    checkpoints: Path
    failure: str
    is_full: bool
    label: str = ""


@dataclass(frozen=True)
class TrialNetwork:
    """One network of a trial.

    Attributes:
        trial: Whose it is.
        seed: That it was trained with.
        name: The trial's, with the seed where the trial has several networks.
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


def collect_trials(record: SweepRecord, *, checkpoints: Path, first: Sequence[FirstTrial] = ()) -> list[TrialOutcome]:
    """The trials that ended, in the order in which they were suggested.

    Args:
        record: What is known of them.
        checkpoints: Folder with a folder for each.
        first: What the sweep file says of the first ones.
    """
    return [
        TrialOutcome(
            trial_id=trial.trial_id,
            params=trial.params,
            metrics=trial.result,
            checkpoints=checkpoints / trial.trial_id,
            failure=trial.failure,
            is_full=trial.is_full,
            label=first[trial.number].name if trial.number < len(first) else "",
        )
        for trial in record.ended
    ]


def best_trials(outcomes: list[TrialOutcome], count: int) -> list[TrialOutcome]:
    """The fully trained trials with the least ``effort_at_target``, best first; ties in the order of their numbers."""
    full = [trial for trial in outcomes if trial.is_full]
    return sorted(full, key=lambda trial: float(trial.metrics["effort_at_target"]))[:count]


def trial_points(outcomes: list[TrialOutcome], asked: Request) -> pd.DataFrame:
    """``trial_id``, and the quality and effort that were asked for of each trial's own best policy on ``search``."""
    keys = [asked.quality, asked.effort_column]
    points = [
        {"trial_id": trial.trial_id, **{key: trial.metrics[key] for key in keys}}
        for trial in outcomes
        if not trial.failure
    ]
    return pd.DataFrame(points, columns=["trial_id", *keys])


def trial_counts(outcomes: list[TrialOutcome]) -> dict[str, int]:
    """How many trials were started, completed, failed, and stopped early ("pruned")."""
    failed = sum(bool(trial.failure) for trial in outcomes)
    completed = sum(trial.is_full for trial in outcomes)
    return {
        "started": len(outcomes),
        "completed": completed,
        "failed": failed,
        "pruned": len(outcomes) - completed - failed,
    }
