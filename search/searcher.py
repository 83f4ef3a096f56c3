"""Optuna under Ray Tune: two objectives, the target as a constraint, failed trials told as failed."""

from __future__ import annotations

import math
from typing import Any
import warnings

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from ray.tune.search.optuna import OptunaSearch

from search.config import SweepConfig


OBJECTIVES = {"accuracy": "max", "mean_depth": "min"}


def build_sampler(name: str, *, seed: int, startup_trials: int) -> BaseSampler:
    """The Optuna sampler of that name; ``tpe`` is the multivariate, grouped one that conditional spaces want."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            return TPESampler(seed=seed, n_startup_trials=startup_trials, multivariate=True, group=True)
        if name == "nsga2":
            return NSGAIISampler(seed=seed, population_size=max(startup_trials, 2))
        if name == "gp":
            return GPSampler(seed=seed, n_startup_trials=startup_trials, deterministic_objective=True)
        return RandomSampler(seed=seed)


class ConstrainedOptunaSearch(OptunaSearch):  # type: ignore[misc]
    """Maximises accuracy and minimises mean depth under "accuracy >= aim".

    A trial whose objectives are not finite is told to Optuna as failed, with its reason, instead of being left
    running for ever. How many epochs a trial was trained is kept beside its values.

    Args:
        config: The sweep.
        aim: The target and the margin that a certificate needs.
    """

    def __init__(self, config: SweepConfig, *, aim: float) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._aim = aim
        super().__init__(
            space=config.build_space(),
            metric=list(OBJECTIVES),
            mode=list(OBJECTIVES.values()),
            points_to_evaluate=config.search.first_trials or None,
            sampler=build_sampler(config.search.sampler, seed=config.seed, startup_trials=config.search.startup_trials),
        )

    @property
    def study(self) -> optuna.Study:
        """The study behind the search."""
        study: optuna.Study = self._ot_study
        return study

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell Optuna how a trial ended; before that, whether it reached the aim."""
        trial = self._ot_trials[trial_id]
        if result is not None:
            trial.set_user_attr("epoch", result.get("epoch"))
        failure = failure_reason(result, error=error)
        if failure:
            trial.set_user_attr("failure", failure)
            super().on_trial_complete(trial_id, None, error=True)
            return
        if result is not None:
            trial.set_constraint("aim", self._aim - result["accuracy"])
        super().on_trial_complete(trial_id, result, error=error)


def failure_reason(result: dict[str, Any] | None, *, error: bool = False) -> str:
    """Why a finished trial counts as failed; empty where it does not."""
    if error:
        return "the trial ended with an error"
    if result is None:
        return ""
    if result.get("failure"):
        return str(result["failure"])
    for name in OBJECTIVES:
        if not math.isfinite(result.get(name, math.nan)):
            return f"{name} is {result.get(name)}"
    return ""
