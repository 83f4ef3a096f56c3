"""What every network family is: a builder and the shape that it has unless a sweep says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainables.models.base import MultiExitModel


@dataclass(frozen=True)
class NetworkFamily:
    """Networks that differ by their number of exits and their width.

    Attributes:
        name: As the sweep file names it.
        build: Builds the network; takes the keyword arguments of :func:`~trainables.models.small_cnn`.
        width: Channels of the first stage unless the sweep file says otherwise.
        n_exits: Number of exits unless the sweep file says otherwise.
    """

    name: str
    build: Callable[..., MultiExitModel]
    width: int
    n_exits: int = 4
