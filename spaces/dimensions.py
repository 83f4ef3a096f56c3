"""Dimensions of a search space, and changing them from a sweep file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
import math
from typing import Any, Protocol


class Suggester(Protocol):
    """The part of an Optuna trial that dimensions need."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Suggest a number in [low, high]."""

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        """Suggest one of the choices."""


@dataclass(frozen=True)
class Number:
    """A real number in [low, high], on a logarithmic scale where ``log``.

    Raises:
        ValueError: If the bounds are no interval, or not positive on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"low must not be above high but they are {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic scale needs a low above 0 but it is {self.low}")

    def suggest(self, trial: Suggester, name: str) -> float:
        """Ask a trial for a value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def why_not(self, value: Any) -> str:
        """Why a value cannot be suggested; empty where it can."""
        try:
            fits = self.low <= _number(value) <= self.high
        except ValueError as error:
            return str(error)
        return "" if fits else f"must lie in [{self.low:g}, {self.high:g}] but {value!r} was given"


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Attributes:
        options: The values.
        is_open: Whether a sweep file may name other values of the same type.

    Raises:
        ValueError: If there is nothing to choose from.
    """

    options: tuple[Any, ...]
    is_open: bool = False

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError("a choice needs at least one option")

    def suggest(self, trial: Suggester, name: str) -> Any:
        """Ask a trial for a value."""
        return trial.suggest_categorical(name, list(self.options))

    def why_not(self, value: Any) -> str:
        """Why a value cannot be suggested; empty where it can."""
        # True equals 1, but is not meant by it.
        fits = any(value == option and isinstance(value, bool) == isinstance(option, bool) for option in self.options)
        return "" if fits else f"must be among {list(self.options)} but {value!r} was given"


@dataclass(frozen=True)
class Fixed:
    """A value that is not searched."""

    value: Any

    def suggest(self, trial: Suggester, name: str) -> Any:
        """Return the value; the trial is not asked."""
        return self.value

    def why_not(self, value: Any) -> str:
        """Why a value cannot be suggested: none can."""
        return f"is fixed at {self.value!r} by space.overrides"


Dimension = Number | Choice | Fixed


def override(dimension: Dimension, given: Any) -> Dimension:
    """Change a dimension as a sweep file says.

    Args:
        dimension: What the space has.
        given: A mapping changes bounds (``{low: 0.1}``), a list changes the choices, anything else fixes the value.

    Raises:
        ValueError: If the kind of change does not fit the dimension; the message states the rule and the value.
    """
    if isinstance(given, Mapping):
        return _with_bounds(dimension, given)
    if isinstance(given, list):
        options = tuple(_like(dimension, option) for option in given)
        return Choice(options)
    return Fixed(_like(dimension, given))


def _with_bounds(dimension: Dimension, given: Mapping[str, Any]) -> Number:
    if isinstance(dimension, Fixed) and {"low", "high"} <= set(given):
        dimension = Number(_number(given["low"]), _number(given["high"]))
    if not isinstance(dimension, Number):
        raise ValueError(f"only numbers have bounds; give a list of choices or one value instead of {dict(given)}")
    known = [field.name for field in fields(Number)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"bounds are {', '.join(known)} but {unknown[0]!r} was given")
    return Number(
        low=_number(given.get("low", dimension.low)),
        high=_number(given.get("high", dimension.high)),
        log=_truth(given.get("log", dimension.log)),
    )


def _like(dimension: Dimension, value: Any) -> Any:
    if isinstance(dimension, Number):
        return _number(value)
    if isinstance(dimension, Choice) and dimension.is_open:
        kind = type(dimension.options[0])
        if type(value) is not kind:
            raise ValueError(f"must be of type {kind.__name__} but {value!r} was given")
    elif isinstance(dimension, Choice) and dimension.why_not(value):
        raise ValueError(dimension.why_not(value))
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"log must be true or false but {value!r} was given")
    return value


def _number(value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"must be a number but {value!r} was given") from None
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number but {value!r} was given")
    return number
