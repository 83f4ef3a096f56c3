"""Whether a policy does on a split what was asked for, read from the figures of a summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.goals.objectives import get_objective
from policies.qualities import get_quality
from search.run_folder.summary import Figures, PolicyFigures, Summary


_ROUNDING = 1e-9
_GREEDY = "greedy_shared_threshold"
_Drops = float | Mapping[str, float] | None


def meets(summary: Summary, policy: PolicyFigures, split: str) -> bool | None:
    """Whether a policy did on a split all that was asked for; None where figures for saying so are missing.

    Args:
        summary: What was asked for, with the baselines that drops are counted from.
        policy: Figures of the policy.
        split: Name of the split.
    """
    own = policy.by_split.get(split)
    if own is None:
        return None
    try:
        return all(slack >= -_ROUNDING for slack in _slacks(summary, own, split))
    except KeyError:
        return None


def _slacks(summary: Summary, own: Figures, split: str) -> Iterator[float]:
    """By how much each limit is kept; less than 0 where it is not.

    Raises:
        KeyError: If a figure is missing.
    """
    bounds = {**({summary.quality: summary.target} if summary.target else {}), **summary.bounds}
    yield from (_sign(name) * (own[name] - bound) for name, bound in bounds.items())
    if summary.budget is not None:
        yield summary.budget - own[get_objective(summary.objective).column]
    limits = ((summary.max_drop, "full_network", False), (summary.max_relative_drop, "full_network", True))
    for given, baseline, is_relative in (*limits, (summary.max_drop_greedy, _GREEDY, False)):
        for name, limit in _by_quality(given, own, summary).items():
            full = summary.baselines[baseline].by_split[split][name]
            yield limit * (full if is_relative else 1.0) - _sign(name) * (full - own[name])


def _by_quality(given: _Drops, own: Figures, summary: Summary) -> Mapping[str, float]:
    if isinstance(given, Mapping):
        return given
    name = "accuracy" if "accuracy" in own else summary.quality
    return {} if given is None else {name: given}


def _sign(name: str) -> float:
    return get_quality(name).sign
