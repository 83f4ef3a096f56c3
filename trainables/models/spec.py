"""Which network is built: the part that a sweep file says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSpec:
    """Which network is built for some data.

    Attributes:
        n_exits: Number of exits, ``E``.
        width: Channels of the first stage.
        family: Name of the network family; None is the workload's own network.
        blocks: The ``E - 1`` blocks that exits follow; None leaves it to the family.
        pretrained: Whether to start from ImageNet weights.
    """

    n_exits: int
    width: int
    family: str | None = None
    blocks: tuple[str, ...] | None = None
    pretrained: bool = False
