"""What a search has to beat, by name. A new baseline is one new file and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.registry import Registry, resolve


if TYPE_CHECKING:
    from policies.baselines.base import Baseline

_HERE = "policies.baselines"

BASELINES: Registry[Baseline] = Registry(
    {
        "full_network": f"{_HERE}.full_network:FullNetwork",
        "best_single_exit": f"{_HERE}.best_single_exit:BestSingleExit",
        "greedy_shared_threshold": f"{_HERE}.greedy:GreedySharedThreshold",
        "geometric": f"{_HERE}.geometric:GeometricBudget",
        "hill_climbing": f"{_HERE}.hill_climbing:QuantileHillClimbing",
        "coordinate_descent": f"{_HERE}.coordinate_descent:CoordinateDescent",
        "random_search": f"{_HERE}.random_search:RandomSearch",
        "exhaustive": f"{_HERE}.exhaustive:Exhaustive",
    }
)


def require_baseline(name: str) -> None:
    """Refuse a name that no baseline has; of registered ones none is imported for that.

    Raises:
        ExitSearchError: If there is none.
    """
    if name not in BASELINES:
        get_baseline(name)


def get_baseline(name: str) -> Baseline:
    """Return the baseline registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is none.
    """
    # Here, since the import takes seconds, and names are checked without it.
    from policies.baselines.base import Baseline

    baseline: Baseline = resolve("baseline", name, BASELINES, Baseline)
    return baseline


__all__ = ["BASELINES", "get_baseline", "require_baseline"]
