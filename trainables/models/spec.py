"""Which network is built: the part that a sweep file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import json
from typing import Any, Literal

from trainables.errors import TrainingError


CostModel = Literal["macs", "exits"]
"""What answering at an exit is said to cost: its multiply-accumulates, or every exit alike."""
OPTION_PREFIX = "network_"
"""Of a trial's parameters that go to the network's build function, under the rest of their name."""

LARGEST_WIDTH = 4096
"""Most channels of a first stage; later stages have several times as many, and weights their products."""

_OWN = ("width", "head")


def is_of_network(parameter: str) -> bool:
    """Whether a trial's parameter is the network's: ``width``, ``head``, or ``network_`` and the name of an option."""
    return parameter in _OWN or parameter.startswith(OPTION_PREFIX)


@dataclass(frozen=True)
class NetworkSpec:
    """Which network is built for some data.

    Attributes:
        n_exits: Number of exits that the family builds, ``E``.
        width: Channels of the first stage, 1 to 4096.
        family: Name of the network family; None is the workload's own network.
        blocks: The ``E - 1`` blocks that exits follow; None leaves it to the family.
        pretrained: Whether to start from ImageNet weights.
        depth: Number of blocks; None leaves it to the family.
        head: Of the exits; None leaves it to the family.
        only_exit: Depth of the one exit that is kept, counted from 1, without the heads before it and the stages
            after: a plain network. None keeps all exits.
        options: What the family's build function takes beside these, by name; JSON values, with lists for tuples.
        cost: What exit tables state as the cost up to each exit: the share of the full network's multiply-accumulates
            (``macs``), or the share of the exits that were passed (``exits``), as if every exit took as much.

    Raises:
        TrainingError: If the width is out of range, or the options are no JSON values.
    """

    n_exits: int
    width: int
    family: str | None = None
    blocks: tuple[str, ...] | None = None
    pretrained: bool = False
    depth: int | None = None
    head: str | None = None
    only_exit: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    cost: CostModel = "macs"

    def __post_init__(self) -> None:
        if not 0 < self.width <= LARGEST_WIDTH:
            raise TrainingError(f"width must be at least 1 and at most {LARGEST_WIDTH:,} but is {self.width}")
        try:
            # As they are when they were read from a file.
            options = json.loads(json.dumps(dict(self.options), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise TrainingError(
                f"network_options must be finite numbers, texts, true, false, null, and lists and mappings of these "
                f"({error}); change them"
            ) from None
        object.__setattr__(self, "options", options)

    @property
    def n_kept(self) -> int:
        """Number of exits that the network has in the end."""
        return self.n_exits if self.only_exit is None else 1

    def with_params(self, params: Mapping[str, Any]) -> NetworkSpec:
        """The same with what a trial's parameters say about the network: those of :func:`is_of_network`."""
        own = {name: params[name] for name in _OWN if name in params}
        options = {
            name.removeprefix(OPTION_PREFIX): value for name, value in params.items() if name.startswith(OPTION_PREFIX)
        }
        return replace(self, **own, options={**self.options, **options})
