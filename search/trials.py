"""What the trials of a sweep came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from ray.tune import ResultGrid

from search.callbacks import last_line
from search.searcher import failure_reason


@dataclass(frozen=True)
class TrialOutcome:
    """One trial after the sweep.

    Attributes:
        trial_id: Tune's name for it.
        params: Training parameters.
        metrics: Its last report; empty where it never reported.
        checkpoint: Folder of its last checkpoint, or None.
        failure: Why it counts as failed, or empty.
        is_full: Whether it was trained to its last epoch; one that was stopped early is not compared further.
    """

    trial_id: str
    params: dict[str, Any]
    metrics: dict[str, Any]
    checkpoint: Path | None
    failure: str
    is_full: bool
    has_ended: bool


def collect_trials(grid: ResultGrid, *, epochs: int) -> list[TrialOutcome]:
    """Read Tune's results in the order of the trials."""
    outcomes = []
    for result in grid:
        metrics = dict(result.metrics or {})
        has_ended = bool(result.error or metrics.get("done"))
        failure = last_line(str(result.error)) if result.error else failure_reason(metrics if has_ended else None)
        outcomes.append(
            TrialOutcome(
                trial_id=str(metrics.get("trial_id", Path(result.path).name)),
                params=dict(result.config or {}),
                metrics=metrics,
                checkpoint=Path(result.checkpoint.path) if result.checkpoint else None,
                failure=failure,
                is_full=not failure and int(metrics.get("epoch", 0)) >= epochs,
                has_ended=has_ended,
            )
        )
    return outcomes


def best_trials(outcomes: list[TrialOutcome], count: int) -> list[TrialOutcome]:
    """The fully trained trials with the least ``depth_at_target``, best first."""
    full = [trial for trial in outcomes if trial.is_full and trial.checkpoint is not None]
    # Ties stay in the order of the trials: their ids are random.
    return sorted(full, key=lambda trial: float(trial.metrics["depth_at_target"]))[:count]


def trial_points(outcomes: list[TrialOutcome]) -> pd.DataFrame:
    """``trial_id``, ``accuracy`` and ``mean_depth`` of each trial's own best policy on ``search``."""
    points = [
        {"trial_id": trial.trial_id, **{key: trial.metrics[key] for key in ("accuracy", "mean_depth")}}
        for trial in outcomes
        if not trial.failure
    ]
    return pd.DataFrame(points, columns=["trial_id", "accuracy", "mean_depth"])


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
