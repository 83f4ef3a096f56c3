"""What every network family is: a builder and the shape that it has unless a sweep says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from trainables.errors import TrainingError


if TYPE_CHECKING:
    from trainables.models.base import MultiExitModel


@dataclass(frozen=True)
class NetworkFamily:
    """Networks that differ by their number of exits and their width.

    Attributes:
        name: As the sweep file names it.
        build: Builds the network; takes the keyword arguments of :func:`~trainables.models.families.small_cnn`.
        width: Channels of the first stage unless the sweep file says otherwise.
        n_exits: Number of exits unless the sweep file says otherwise.
        task: The kind of answers that its networks give alone; None for logits, which any task may read.

    Raises:
        TrainingError: If one is not what it must be.
    """

    name: str
    build: Callable[..., MultiExitModel]
    width: int
    n_exits: int = 4
    task: str | None = None

    def __post_init__(self) -> None:
        if not callable(self.build):
            raise TrainingError(f"network {self.name!r}: build must be a function but is {self.build!r:.60}")
        for key in ("width", "n_exits"):
            if not is_count(getattr(self, key)):
                raise TrainingError(
                    f"network {self.name!r}: {key} must be a whole number from 1 but is {getattr(self, key)!r:.60}"
                )


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1
