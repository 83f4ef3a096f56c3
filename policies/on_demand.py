"""Implementations that are imported when they are first used; their names are known before that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, TypeVar


T = TypeVar("T")


@dataclass(frozen=True)
class OnDemand:
    """A function or a class whose module is imported with the first call; picklable.

    Attributes:
        place: ``module:attribute``.
    """

    place: str

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function returns, or an instance of the class."""
        return self.__wrapped__(*args, **options)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function or the class, where :func:`inspect.signature` and :func:`inspect.unwrap` look for it."""
        found: Callable[..., Any] = resolve_name(self.place)
        return found


class Registry(Mapping[str, T]):
    """The implementations of a role by name, each an instance that is made when it is first asked for.

    Args:
        places: Where the class of each name is, as ``module:attribute``.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = OnDemand(self._places[name])()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
