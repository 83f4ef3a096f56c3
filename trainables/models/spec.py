"""Which network is built: the part that a sweep file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


SEARCHABLE = ("width", "head")
"""What of a network a trial may vary."""


@dataclass(frozen=True)
class NetworkSpec:
    """Which network is built for some data.

    Attributes:
        n_exits: Number of exits that the family builds, ``E``.
        width: Channels of the first stage.
        family: Name of the network family; None is the workload's own network.
        blocks: The ``E - 1`` blocks that exits follow; None leaves it to the family.
        pretrained: Whether to start from ImageNet weights.
        depth: Number of blocks; None leaves it to the family.
        head: Of the exits; None leaves it to the family.
        only_exit: Depth of the one exit that is kept, counted from 1, without the heads before it and the stages
            after: a plain network. None keeps all exits.
    """

    n_exits: int
    width: int
    family: str | None = None
    blocks: tuple[str, ...] | None = None
    pretrained: bool = False
    depth: int | None = None
    head: str | None = None
    only_exit: int | None = None

    @property
    def n_kept(self) -> int:
        """Number of exits that the network has in the end."""
        return self.n_exits if self.only_exit is None else 1

    def with_params(self, params: Mapping[str, Any]) -> NetworkSpec:
        """The same with what a trial's parameters say about the network: those that :data:`SEARCHABLE` names."""
        return replace(self, **{name: params[name] for name in SEARCHABLE if name in params})
