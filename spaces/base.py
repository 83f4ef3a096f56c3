"""What every search space is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from spaces.dimensions import Dimension, Fixed, Suggester, as_dimension, override


class Space(ABC):
    """A define-by-run space over the training parameters of a network with ``E`` exits; picklable.

    Args:
        n_exits: Number of exits of the network, ``E``.
        teachers: Names of the teachers from outside.
        overrides: Changes from the sweep file: dimension name to bounds, choices or a fixed value.

    Raises:
        ValueError: If an override names no dimension or does not fit it.
    """

    name: ClassVar[str]

    def __init__(
        self, *, n_exits: int, teachers: Sequence[str] = (), overrides: Mapping[str, Any] | None = None
    ) -> None:
        self.n_exits, self.teachers = n_exits, tuple(teachers)
        self.dimensions = self._own_dimensions()
        for key, given in (overrides or {}).items():
            self.dimensions[key] = self._overridden(key, given)

    @classmethod
    @abstractmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions with their default bounds and choices."""

    @abstractmethod
    def walk(self, ask: Asker) -> None:
        """Ask for one value after the other; what is asked may depend on the answers so far."""

    def __call__(self, trial: Suggester) -> dict[str, Any]:
        """Ask a trial for values; returns the ones that are fixed, which the trial does not know of."""
        ask = Asker(trial, self.dimensions)
        # A generator would ask for nothing.
        asked: object = self.walk(ask)
        if asked is not None:
            raise ValueError("walk() must ask for values, and neither return nor yield anything")
        return ask.fixed

    def _own_dimensions(self) -> dict[str, Dimension]:
        given = self.defaults(self.n_exits, self.teachers)
        if not isinstance(given, Mapping):
            raise ValueError(f"defaults() must give dimensions by name but gives {type(given).__name__}")
        dimensions: dict[str, Dimension] = {}
        for name, value in given.items():
            try:
                dimensions[str(name)] = as_dimension(value)
            except ValueError as error:
                raise ValueError(f"defaults(): {name!r} {error}") from None
        return dimensions

    def _overridden(self, key: str, given: Any) -> Dimension:
        if key not in self.dimensions:
            near = get_close_matches(key, self.dimensions, n=3)
            hint = f"nearest are {', '.join(near)}" if near else f"known are {', '.join(self.dimensions)}"
            raise ValueError(f"space {self.name!r} has no dimension {key!r}; {hint}")
        try:
            return override(self.dimensions[key], given)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None


class Asker:
    """Hands out values by name and remembers the fixed ones."""

    def __init__(self, trial: Suggester, dimensions: Mapping[str, Dimension]) -> None:
        self.fixed: dict[str, Any] = {}
        self._trial = trial
        self._dimensions = dimensions

    def __call__(self, name: str) -> Any:
        """The value of one dimension."""
        if name not in self._dimensions:
            near = get_close_matches(str(name), self._dimensions, n=1)
            hint = f"nearest is {near[0]!r}" if near else f"those are {', '.join(self._dimensions)}"
            raise ValueError(f"walk() asks for {name!r}, which is not among the dimensions of defaults(); {hint}")
        dimension = self._dimensions[name]
        value = dimension.suggest(self._trial, name)
        if isinstance(dimension, Fixed):
            self.fixed[name] = value
        return value
