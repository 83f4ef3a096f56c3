"""Optuna under Ray Tune: two objectives, the search target as a constraint, failed trials as failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import math
from pathlib import Path
from typing import Any
import warnings

import numpy as np
import optuna
from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from ray.tune.search import Searcher

from policies.qualities import get_quality
from search.config.sweep import SweepConfig
from search.trials.log import TrialLog
from search.trials.records import TrialRecord


_CONSTRAINT = "violation"
"""By how much a trial's best policy misses the search target; every report has it."""


class _OrderedNSGAIISampler(NSGAIISampler):
    """NSGA-II whose parents stand in the order of their numbers, whether they are selected anew or remembered.

    Optuna draws parents by their place, and has them in another order the first time than later. A resumed sweep
    selects them anew.
    """

    def select_parent(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """The parents of a generation."""
        return sorted(super().select_parent(study, generation), key=lambda trial: trial.number)


def build_sampler(name: str, *, seed: int, startup_trials: int) -> BaseSampler:
    """The Optuna sampler of that name; ``tpe`` is the multivariate, grouped one that conditional spaces want."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == "tpe":
            return TPESampler(seed=seed, n_startup_trials=startup_trials, multivariate=True, group=True)
        if name == "nsga2":
            return _OrderedNSGAIISampler(seed=seed, population_size=max(startup_trials, 2))
        if name == "gp":
            return GPSampler(seed=seed, n_startup_trials=startup_trials, deterministic_objective=True)
        return RandomSampler(seed=seed)


class ConstrainedSearch(Searcher):  # type: ignore[misc]
    """Optuna's suggestions for Tune: the best quality and the least objective, under the search target.

    Quality and objective are what the sweep file asks for, such as accuracy and mean depth, and are those of a trial's
    own best policy.

    A trial whose objectives are not finite has failed for Optuna too, with its reason. How many epochs a trial was
    trained is kept beside its values. Each suggestion draws from a sampler that is seeded by the sweep's seed and the
    trial's number, so it depends on the results so far alone: a resumed sweep suggests what an undisturbed one does.

    Args:
        config: Configuration of the sweep.
        log: What is known of the sweep's trials. Those that were interrupted are handed out again first.
    """

    def __init__(self, config: SweepConfig, log: TrialLog) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        super().__init__()
        self._config, self._log = config, log
        asked = config.request
        is_maximised = get_quality(asked.quality).is_maximised
        self._objectives = {
            asked.quality: StudyDirection.MAXIMIZE if is_maximised else StudyDirection.MINIMIZE,
            asked.objective_column: StudyDirection.MINIMIZE,
        }
        self._space = config.build_space()
        self._names: dict[str, str] = {}
        self.study = optuna.create_study(directions=list(self._objectives.values()))
        for trial in log.trials.values():
            self.study.add_trial(self._frozen(trial))
        self._waiting = [trial.trial_id for trial in log.running]

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial's parameters, and as ``trial`` its name, which Tune's own ids do not tell.

        None where the last trials still run.
        """
        if self._waiting:
            trial = self._log.trials[self._waiting.pop(0)]
        elif len(self._log.trials) < self._config.search.trials:
            trial = self._ask()
        else:
            # One of those that run may have to be handed out again.
            return None if self._names else str(Searcher.FINISHED)
        self._names[trial_id] = trial.trial_id
        return {"trial": trial.trial_id, **trial.params}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell Optuna how a trial ended; before that, whether it reached the search target.

        An error is the machine's: a trial's own failures are results. Such a trial is handed out again next, as long
        as the log says so.
        """
        trial = self._log.trials[self._names.pop(trial_id)]
        if error and self._log.lost(trial.trial_id, trial_id):
            self._waiting.append(trial.trial_id)
            return
        failure = failure_reason(result, error=error)
        if result is not None or failure:
            self._tell(replace(trial, state=trial.end_state(failure), failure=failure))

    def save(self, checkpoint_path: str) -> None:
        """Tune asks for a file; what it would have to hold is in the journal."""
        Path(checkpoint_path).touch()

    def restore(self, checkpoint_path: str) -> None:
        """Sweeps are resumed from the journal, never from Tune's files."""
        raise NotImplementedError("a sweep is resumed from its journal")

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def _ask(self) -> TrialRecord:
        number = len(self._log.trials)
        search = self._config.search
        self.study.sampler = build_sampler(
            search.sampler,
            seed=int(np.random.SeedSequence([self._config.seed, number]).generate_state(1)[0]),
            startup_trials=search.startup_trials,
        )
        if number < len(search.first_trials):
            self.study.enqueue_trial(search.first_trials[number].params)
        trial = self.study.ask()
        fixed = self._space(trial)
        drawn = {
            "params": trial.params,
            "distributions": {name: distribution_to_json(one) for name, one in trial.distributions.items()},
            "system_attrs": self._in_study(number).system_attrs,
        }
        return self._log.suggested(number, {**fixed, **trial.params}, drawn)

    def _tell(self, trial: TrialRecord) -> None:
        """Tell Optuna how a trial ended."""
        ended = self._frozen(trial)
        asked = optuna.Trial(self.study, self._in_study(trial.number)._trial_id)
        for name, value in ended.user_attrs.items():
            asked.set_user_attr(name, value)
        for name, value in ended.constraints.items():
            asked.set_constraint(name, value)
        self.study.tell(trial.number, ended.values, ended.state)

    def _in_study(self, number: int) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number]

    def _frozen(self, trial: TrialRecord) -> FrozenTrial:
        """What Optuna knows of a trial: running, complete with its values, or failed.

        One that was pruned is complete for it: with several objectives Optuna learns nothing from pruned trials, and
        its last values are what it reached.
        """
        has_values = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        attributes = {"epoch": trial.epoch} if trial.epoch >= 0 else {}
        return create_trial(
            state=TrialState.COMPLETE if has_values else trial.state,
            values=[trial.result[name] for name in self._objectives] if has_values else None,
            params=trial.drawn["params"],
            distributions={name: json_to_distribution(text) for name, text in trial.drawn["distributions"].items()},
            user_attrs=attributes | ({"failure": trial.failure} if trial.failure else {}),
            system_attrs=trial.drawn["system_attrs"],
            constraints={_CONSTRAINT: trial.result[_CONSTRAINT]} if has_values else None,
        )


def failure_reason(result: Mapping[str, Any] | None, *, error: bool = False) -> str:
    """Why a finished trial counts as failed; empty where it does not."""
    if error:
        return "the trial ended with an error"
    if result is None:
        return ""
    if result.get("failure"):
        return str(result["failure"])
    # The figures of a report are of one policy: all of them are numbers, or none is. Not every task has an accuracy.
    has_no_accuracy = "mean_depth" in result and "accuracy" not in result
    for name in (*(() if has_no_accuracy else ("accuracy",)), "mean_depth", _CONSTRAINT):
        if not math.isfinite(result.get(name, math.nan)):
            return f"{name} is {result.get(name)}"
    return ""
