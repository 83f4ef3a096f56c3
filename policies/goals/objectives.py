"""What policies are to spend least of, by name. A new objective is one class and one line here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.registry import Registry, resolve, title_of
from policies.tables.latency import checked_latency


class Objective(ABC):
    """A mean over samples that is minimised: what leaving at each exit takes.

    Attributes:
        name: Name by which the objective is asked for.
        column: Name of the mean over samples in fronts, figures and reports.
        axis: What an axis of a picture is called.
        needs_latency: Whether measured times are needed.
        is_comparable: Whether it means the same for networks that differ in width or in their exits.
    """

    name: ClassVar[str]
    column: ClassVar[str]
    axis: ClassVar[str]
    needs_latency: ClassVar[bool] = False
    is_comparable: ClassVar[bool] = True

    @abstractmethod
    def of_exits(self, cost: NDArray[np.float64], latency_ms: tuple[float, ...]) -> NDArray[np.float64]:
        """What leaving at each exit takes, shape (E,), increasing.

        Args:
            cost: Compute up to each exit relative to the full network, shape (E,).
            latency_ms: Measured milliseconds up to each exit; empty unless measured times are needed.

        Raises:
            ExitSearchError: If the times are not as many as there are exits, or do not increase.
        """


class Depth(Objective):
    """Number of exits passed, the one taken included."""

    name: ClassVar[str] = "depth"
    column: ClassVar[str] = "mean_depth"
    axis: ClassVar[str] = "mean depth (1 = first exit)"

    def of_exits(self, cost: NDArray[np.float64], latency_ms: tuple[float, ...]) -> NDArray[np.float64]:
        """1 to E."""
        return np.arange(1.0, len(cost) + 1)


class Cost(Objective):
    """Compute as a share of the full network's."""

    name: ClassVar[str] = "cost"
    column: ClassVar[str] = "mean_cost"
    axis: ClassVar[str] = "mean cost (1 = full network)"
    is_comparable: ClassVar[bool] = False

    def of_exits(self, cost: NDArray[np.float64], latency_ms: tuple[float, ...]) -> NDArray[np.float64]:
        """As the table states it."""
        return cost


class Latency(Objective):
    """Measured milliseconds."""

    name: ClassVar[str] = "latency"
    column: ClassVar[str] = "mean_latency_ms"
    axis: ClassVar[str] = "mean latency in ms"
    needs_latency: ClassVar[bool] = True

    def of_exits(self, cost: NDArray[np.float64], latency_ms: tuple[float, ...]) -> NDArray[np.float64]:
        """As measured."""
        return checked_latency(latency_ms, len(cost))


OBJECTIVES: Registry[Objective] = Registry({cls.name: f"{__name__}:{cls.__name__}" for cls in (Depth, Cost, Latency)})


def get_objective(name: str) -> Objective:
    """Return the objective registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is none.
    """
    objective: Objective = resolve("objective", name, OBJECTIVES, Objective)
    return objective


def sought_in_words(objective: str, quality: str, *, budget: float | None) -> str:
    """What trials and policies compete for that do what was asked for: the least mean, or within a budget the best.

    Args:
        objective: Name of the objective.
        quality: Name of the quality that was asked for.
        budget: The largest mean objective; None where that is minimised.
    """
    if budget is not None:
        return f"the best {title_of(quality)}"
    return f"the least {title_of(get_objective(objective).column)}"
