"""Dimensions of a search space, and changing them from a sweep file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        for name in ("low", "high"):
            try:
                object.__setattr__(self, name, _number(getattr(self, name)))
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        if not self.low <= self.high:
            raise ValueError(f"low must not be above high but they are {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic scale needs a low above 0 but it is {self.low}")

    def suggest(self, trial: Suggester, name: str) -> float:
        """Ask a trial for a value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def taken(self, value: Any) -> float:
        """A value as this dimension suggests it.

        Raises:
            ValueError: If it cannot be suggested.
        """
        number = _number(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"must lie in [{self.low:g}, {self.high:g}] but {value!r} was given")
        return number


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Attributes:
        options: Values to choose from, at least one.
        is_open: Whether a sweep file may name other values of the same type.

    Raises:
        ValueError: If there is nothing to choose from.
    """

    options: tuple[Any, ...]
    is_open: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.options, str) or not isinstance(self.options, Iterable):
            raise ValueError(f"a choice needs a list of options but {self.options!r} was given")
        object.__setattr__(self, "options", tuple(_plain(option) for option in self.options))
        if not self.options:
            raise ValueError("a choice needs at least one option")

    def suggest(self, trial: Suggester, name: str) -> Any:
        """Ask a trial for a value."""
        return trial.suggest_categorical(name, list(self.options))

    def taken(self, value: Any) -> Any:
        """A value as this dimension suggests it: true is no 1.

        Raises:
            ValueError: If it cannot be suggested.
        """
        for option in self.options:
            if isinstance(option, bool) == isinstance(value, bool) and option == value:
                return option
        raise ValueError(f"must be among {list(self.options)} but {value!r} was given")


@dataclass(frozen=True)
class Fixed:
    """A value that is not searched."""

    value: Any

    def suggest(self, trial: Suggester, name: str) -> Any:
        """Return the value; the trial is not asked."""
        return self.value

    def taken(self, value: Any) -> Any:
        """No value can be suggested.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"is fixed at {self.value!r} by space.overrides")


Dimension = Number | Choice | Fixed


def as_dimension(given: Any) -> Dimension:
    """A dimension from what may stand for one: bounds as a mapping, options as a list, or a single value.

    Raises:
        ValueError: If it is none of these; the message states the rule and the value.
    """
    if isinstance(given, Number | Choice | Fixed):
        return given
    if isinstance(given, Mapping):
        if not {"low", "high"} <= set(given):
            raise ValueError(f"needs low and high but is {dict(given)}")
        return _with_bounds(Fixed(None), given)
    if isinstance(given, list):
        return Choice(tuple(given))
    return Fixed(_plain(given))


def override(dimension: Dimension, given: Any) -> Dimension:
    """Change a dimension as a sweep file says.

    Args:
        dimension: Dimension as the space has it.
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
    elif isinstance(dimension, Choice):
        return dimension.taken(value)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"log must be true or false but {value!r} was given")
    return value


def _plain(value: Any) -> Any:
    """A value that a sampler can draw and a journal can hold; numpy's own become Python's."""
    plain = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
    if not isinstance(plain, bool | int | float | str | None):
        raise ValueError(f"must be a number, a text, true, false or null but {value!r:.60} was given")
    return plain


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
