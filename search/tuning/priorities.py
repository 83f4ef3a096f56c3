"""Which trials of a rung are better: by one figure, or by several at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from deap import base, tools
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from policies.errors import ExitSearchError
from policies.qualities import get_quality


_EXIT = "_exit_"


class PriorityError(ExitSearchError):
    """A report lacks a figure that trials are compared by."""


class Priority(Protocol):
    """Ranks the reports of trials that were trained equally long."""

    @property
    def name(self) -> str:
        """What it is called in a sweep file."""

    def point(self, figures: Mapping[str, Any]) -> tuple[float, ...]:
        """The figures of a report that are compared, F of them; not finite where the training diverged.

        Raises:
            PriorityError: If one is missing.
        """

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many reports are better than each one, shape (N,): 0 for the best, the same for equals.

        Args:
            points: Figures of each report, shape (N, F), finite, in the order of arrival.
        """


@dataclass(frozen=True)
class ScalarPriority:
    """The least value of one figure is best.

    Attributes:
        figure: Name of the figure, which is minimised.
    """

    figure: str
    name: ClassVar[str] = "asha"

    def point(self, figures: Mapping[str, Any]) -> tuple[float, ...]:
        """The one figure."""
        return (_figure(figures, self.figure),)

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """By value; shapes as in :class:`Priority`."""
        return _competition_ranks(points[:, 0])


@dataclass(frozen=True)
class FrontPriority:
    """Trials that no other beats in all of three figures come first; of these, those that differ most from the others.

    The figures are the sweep's two objectives, such as ``accuracy`` (maximised) and ``mean_depth`` (minimised), of the
    best policy so far, and the mean over the ``E`` exits of their task's own quality, such as accuracy. The mean is the
    early signal: how high the network's accuracy lies over all depths foretells the depth that its policy will need,
    long before any trial reaches the search target. Being one number, it keeps three objectives for any ``E``; with one
    per exit few trials would beat another.

    No target is needed. For most of the training all trials miss it, by little and by chance, so "feasible before
    infeasible, less violation before more" (Deb, 2000) comes to the same as one scalar
    (``benchmarks/early_stopping.py`` has it, and the two objectives alone, to compare).

    Attributes:
        quality: Name of the quality.
        objective: Name of what is minimised.
        exit_quality: Name of the quality by which exits are known.
    """

    quality: str = "accuracy"
    objective: str = "mean_depth"
    exit_quality: str = "accuracy"
    name: ClassVar[str] = "mo-asha"

    def point(self, figures: Mapping[str, Any]) -> tuple[float, ...]:
        """Quality, objective, and mean quality of the exits, each negated where less of it is better."""
        prefix = f"{self.exit_quality}{_EXIT}"
        n_exits = max(sum(name.removeprefix(prefix).isdecimal() for name in figures), 1)
        exits = [_figure(figures, f"{prefix}{depth}") for depth in range(1, n_exits + 1)]
        sign, sign_of_exits = (get_quality(name).sign for name in (self.quality, self.exit_quality))
        quality, objective = _figure(figures, self.quality), _figure(figures, self.objective)
        return sign * quality, -objective, sign_of_exits * sum(exits) / n_exits

    def ranks(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """By front and, within one, by crowding distance; shapes as in :class:`Priority`."""
        return nondominated_ranks(points)


def scalar_priority(figure: str) -> Priority:
    """Plain ASHA (Li et al., 2020): by one figure, minimised."""
    return ScalarPriority(figure)


def nondominated_priority(
    quality: str = "accuracy", objective: str = "mean_depth", *, exit_quality: str = "accuracy"
) -> Priority:
    """MO-ASHA (Schmucker et al., 2021): by a quality, an objective and a quality of all exits at once."""
    return FrontPriority(quality, objective, exit_quality)


def nondominated_ranks(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank by non-dominated sorting (Deb et al., 2002), then by crowding distance, the largest first.

    Args:
        points: Figures of each point, shape (N, F), finite, all maximised.

    Returns:
        How many points are better than each one, shape (N,).
    """
    individuals = [_Individual(row, tuple(point)) for row, point in enumerate(points.tolist())]
    ranks = np.empty(len(points), dtype=np.int64)
    n_better = 0
    for front in tools.sortNondominated(individuals, len(individuals)):
        rows = [individual.row for individual in front]
        ranks[rows] = n_better + _competition_ranks(-crowding_distances(points[rows]))
        n_better += len(rows)
    return ranks


def crowding_distances(front: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the points of a front are from their neighbours, summed over objectives; larger is more apart.

    That of Deb et al. (2002), but infinite only at the best end of each objective. There both ends are, which is the
    same with two objectives; with more, the worst at one need not be the best at another, and so many points
    would tie that halving stopped few. At the worst end the gap to the one neighbour counts twice.

    Args:
        front: Figures of each point of the front, shape (N, F), all maximised.

    Returns:
        Shape (N,), in spans of the objectives; equal points share the distance of the first of them.
    """
    unique, position = np.unique(front, axis=0, return_inverse=True)
    distances = np.zeros(len(unique))
    for values in unique.T:
        order = np.argsort(values, kind="stable")
        # Mirrored, so that the worst end has a second neighbour as far away as its one.
        padded = np.pad(values[order], 1, mode="reflect", reflect_type="odd")
        span = max(float(np.ptp(values)), np.finfo(np.float64).tiny)
        distances[order] += (padded[2:] - padded[:-2]) / span
        distances[values == values.max()] = np.inf
    return np.asarray(distances[position.ravel()], dtype=np.float64)


class _Individual:
    """A point as DEAP wants it."""

    def __init__(self, row: int, values: tuple[float, ...]) -> None:
        self.row = row
        self.fitness = _Maximised()
        self.fitness.wvalues = values


class _Maximised(base.Fitness):  # type: ignore[misc]
    """Of any number of objectives: they are set as weighted values, which DEAP sorts by."""

    weights: ClassVar[tuple[float, ...]] = (1.0,)


def _competition_ranks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(rankdata(values, method="min") - 1, dtype=np.int64)


def _figure(figures: Mapping[str, Any], name: str) -> float:
    if name not in figures:
        raise PriorityError(f"a report must hold {name} but it holds {', '.join(figures)}")
    return float(figures[name])
