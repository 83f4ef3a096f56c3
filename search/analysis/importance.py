"""Which training parameters mattered, for each objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import json_to_distribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial
import pandas as pd

from policies.spacing import evenly_spaced
from search.trials.records import TrialRecord


LEAST_SPREAD = 0.005
"""An objective that differs by less between trials (half a point of accuracy) says nothing of their parameters."""
FEWEST_TRIALS = 8
MOST_TRIALS = 200


def parameter_importance(trials: Iterable[TrialRecord], objectives: Sequence[str], *, seed: int) -> pd.DataFrame:
    """Functional ANOVA (Hutter et al., 2014) by Optuna's random forest, of parameters that a sampler drew.

    A parameter that only some trials have is judged on those, beside all others that those trials have in common.
    Shares of such a group are of its own variance: at most 1 together, and not to be compared with another group's.

    Args:
        trials: Trials that were trained to their end; of more than :data:`MOST_TRIALS`, so many evenly spaced ones
            count.
        objectives: Figures of the trials' reports, in the order in which they are given back.
        seed: Seed of the random forest; the same seed gives the same shares.

    Returns:
        ``objective``, ``among`` (the group in words), ``parameter``, ``importance`` (share of the objective's variance
        in the group that the parameter and its interactions explain) and ``n_trials``; all trials first, and in each
        group the most important. What fewer than :data:`FEWEST_TRIALS` trials have and what could not vary are left
        out, as are an objective that varied by less than :data:`LEAST_SPREAD` or with no parameter, and one that had
        the same values as a later one.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    by_number = {trial.number: trial for trial in trials}
    varied = {number: _varied(trial) for number, trial in by_number.items()}
    distinct = _distinct_objectives(list(by_number.values()), objectives)
    rows = []
    for numbers, own in sorted(_groups(varied).items(), key=lambda item: -len(item[0])):
        if len(numbers) < FEWEST_TRIALS:
            continue
        common = sorted(set.intersection(*(varied[number] for number in numbers)))
        group = [by_number[numbers[place]] for place in evenly_spaced(len(numbers), MOST_TRIALS)]
        among = f"all {len(numbers)} trials" if len(numbers) == len(by_number) else _named(len(numbers), own)
        for objective in distinct:
            shares = _shares(group, common, objective, seed)
            ordered = sorted((name for name in own if name in shares), key=lambda name: (-shares[name], name))
            rows += [(objective, among, name, float(shares[name]), len(numbers)) for name in ordered]
    rows.sort(key=lambda row: distinct.index(row[0]))
    return pd.DataFrame(rows, columns=["objective", "among", "parameter", "importance", "n_trials"])


def _named(n_trials: int, own: list[str]) -> str:
    more = f" and {len(own) - 1} more" if len(own) > 1 else ""
    return f"{n_trials} trials with {own[0]}{more}"


def _distinct_objectives(trials: list[TrialRecord], objectives: Sequence[str]) -> list[str]:
    """Those whose values are not also those of a later one: where every trial meets the target, depth is one thing."""
    values = {name: [float(trial.result[name]) for trial in trials] for name in objectives}
    return [
        name
        for place, name in enumerate(objectives)
        if not any(np.allclose(values[name], values[later]) for later in objectives[place + 1 :])
    ]


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
    if np.ptp([float(trial.result[objective]) for trial in group]) < LEAST_SPREAD:
        return {}
    study = optuna.create_study()
    study.add_trials([_frozen(trial, names, objective) for trial in group])
    evaluator = FanovaImportanceEvaluator(seed=seed)
    try:
        shares: dict[str, Any] = get_param_importances(study, evaluator=evaluator, params=names)
    except RuntimeError:
        # The objective varies by nothing that the parameters could explain.
        return {}
    return shares


def _frozen(trial: TrialRecord, names: list[str], objective: str) -> FrozenTrial:
    return create_trial(
        state=TrialState.COMPLETE,
        value=float(trial.result[objective]),
        params={name: trial.drawn["params"][name] for name in names},
        distributions={name: json_to_distribution(trial.drawn["distributions"][name]) for name in names},
    )
