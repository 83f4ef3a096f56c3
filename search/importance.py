"""Which training parameters mattered, for each objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import optuna
from optuna.distributions import json_to_distribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial
import pandas as pd

from policies.levels import thin
from search.record import TrialRecord


OBJECTIVES = ("accuracy", "mean_depth", "depth_at_target")
FEWEST_TRIALS = 8
MOST_TRIALS = 200


def parameter_importance(trials: Iterable[TrialRecord], *, seed: int) -> pd.DataFrame:
    """Functional ANOVA (Hutter et al., 2014) by Optuna's random forest, of parameters that a sampler drew.

    A parameter that only some trials have is judged on those, beside all others that those trials have in common.
    Within such a group the shares sum to 1, so compare parameters of different ``n_trials`` with care.

    Args:
        trials: Trained to their end; of more than :data:`MOST_TRIALS`, so many evenly spaced ones count.
        seed: Of the forest.

    Returns:
        ``objective``, ``parameter``, ``importance`` (share of the objective's variance that the parameter and its
        interactions explain) and ``n_trials``; the most important first. What fewer than :data:`FEWEST_TRIALS` trials
        have, what could not vary and an objective that did not vary with any parameter are left out.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    by_number = {trial.number: trial for trial in trials}
    varied = {number: _varied(trial) for number, trial in by_number.items()}
    rows = []
    for numbers, own in _groups(varied).items():
        if len(numbers) < FEWEST_TRIALS:
            continue
        common = sorted(set.intersection(*(varied[number] for number in numbers)))
        group = [by_number[numbers[place]] for place in thin(len(numbers), MOST_TRIALS)]
        for objective in OBJECTIVES:
            shares = _shares(group, common, objective, seed)
            rows += [(objective, name, float(shares[name]), len(numbers)) for name in own if name in shares]
    rows.sort(key=lambda row: (OBJECTIVES.index(row[0]), -row[2], row[1]))
    return pd.DataFrame(rows, columns=["objective", "parameter", "importance", "n_trials"])


def _varied(trial: TrialRecord) -> set[str]:
    """Parameters that a sampler drew out of more than one value."""
    found: Mapping[str, str] = trial.drawn["distributions"]
    return {name for name, text in found.items() if not json_to_distribution(text).single()}


def _groups(varied: Mapping[int, set[str]]) -> dict[tuple[int, ...], list[str]]:
    """The numbers of the trials that have a parameter, with all parameters that exactly those have."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for name in sorted(set().union(*varied.values())):
        numbers = tuple(number for number, names in varied.items() if name in names)
        groups.setdefault(numbers, []).append(name)
    return groups


def _shares(group: list[TrialRecord], names: list[str], objective: str, seed: int) -> dict[str, float]:
    study = optuna.create_study()
    study.add_trials([_frozen(trial, names, objective) for trial in group])
    evaluator = FanovaImportanceEvaluator(seed=seed)
    try:
        shares: dict[str, Any] = get_param_importances(study, evaluator=evaluator, params=names)
    except RuntimeError:
        # The objective does not vary, or by nothing that the parameters could explain.
        return {}
    return shares


def _frozen(trial: TrialRecord, names: list[str], objective: str) -> FrozenTrial:
    return create_trial(
        state=TrialState.COMPLETE,
        value=float(trial.result[objective]),
        params={name: trial.drawn["params"][name] for name in names},
        distributions={name: json_to_distribution(trial.drawn["distributions"][name]) for name in names},
    )
