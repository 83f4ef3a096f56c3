"""Cutting a backbone into a detector's stages, with the maps of stride 8, 16 and on that each hands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from torch import nn

from trainables.errors import TrainingError
from trainables.models.detection.stages import MapShape, Trunk
from trainables.models.exits.cutting import places_after, split_after
from trainables.models.exits.placement import spread_by_cost, top_level_blocks
from trainables.models.exits.tracing import Place, TracedNetwork, trace_network


_FINEST_STRIDE = 8


@dataclass(frozen=True)
class CutBackbone:
    """A backbone in parts.

    Attributes:
        trunks: The part up to each exit from the one before, length E.
        maps: For each exit the maps that there are then, the finest first.
    """

    trunks: tuple[Trunk, ...]
    maps: tuple[tuple[MapShape, ...], ...]


def cut_backbone(
    network: nn.Module,
    blocks: Sequence[str] | None,
    *,
    n_exits: int,
    input_shape: tuple[int, ...],
    more_maps: Sequence[str] = (),
) -> CutBackbone:
    """Cut a backbone after some of its blocks; its last map is the last exit's.

    Args:
        network: Takes images of shape (N, channels, height, width).
        blocks: The ``E - 1`` blocks that exits follow, at stride 8 or more; None spreads them by cost.
        n_exits: Number of exits, ``E``.
        input_shape: (channels, height, width), as the network wants them.
        more_maps: Blocks inside of others that maps may be taken after.

    Raises:
        TrainingError: If it cannot be cut like that, or has no maps of stride 8 and on.
    """
    traced = trace_network(network, input_shape)
    usable = _maps(traced, [*top_level_blocks(network), *more_maps, *(blocks or ())], input_shape)
    if not usable or min(level for level, _ in usable.values()) > 0:
        raise TrainingError(
            f"a detector needs a backbone with maps of stride {_FINEST_STRIDE}, but {type(network).__name__} has none"
        )
    end = max(place.step for _, place in usable.values())
    exits = [*_exits(traced, blocks, usable, n_exits), end]
    kept = [_newest(usable, step) for step in exits]
    cuts = sorted({place.step for maps in kept for place in maps} | set(exits))
    pieces = dict(zip(cuts, split_after(traced, cuts), strict=False))
    levels = {place.step: level for maps in kept for level, place in enumerate(maps)}
    trunks, begin = [], -1
    for step in exits:
        own = [cut for cut in cuts if begin < cut <= step]
        trunks.append(Trunk([pieces[cut] for cut in own], [levels.get(cut) for cut in own]))
        begin = step
    shapes = (tuple(_shape(traced, place) for place in maps) for maps in kept)
    return CutBackbone(tuple(trunks), tuple(shapes))


def _maps(traced: TracedNetwork, blocks: Sequence[str], input_shape: tuple[int, ...]) -> dict[str, tuple[int, Place]]:
    """Blocks that end with a map, in the order of running, with its level: 0 for stride 8, 1 for 16 and so on."""
    found = {}
    for block in dict.fromkeys(blocks):
        place = traced.places.get(block)
        if place is None or min(_shape(traced, place).size) < 2:
            continue
        stride = input_shape[1] / _shape(traced, place).size[0]
        level = round(math.log2(stride / _FINEST_STRIDE))
        if level >= 0:
            found[block] = (level, place)
    return dict(sorted(found.items(), key=lambda item: item[1][1].step))


def _exits(
    traced: TracedNetwork, blocks: Sequence[str] | None, usable: Mapping[str, tuple[int, Place]], n_exits: int
) -> list[int]:
    """The steps that the exits but the last follow."""
    if blocks is None:
        candidates = {block: place.macs for block, (_, place) in usable.items()}
        *before, last = candidates
        if len(before) < n_exits - 1:
            raise TrainingError(
                f"{type(traced.network).__name__} has room for at most {len(before) + 1} exits, but n_exits is "
                f"{n_exits}; ask for fewer or name the blocks"
            )
        blocks = spread_by_cost({block: candidates[block] for block in before}, n_exits, candidates[last])
    if len(blocks) != n_exits - 1:
        raise TrainingError(
            f"there is an exit after each block and one at the end, but n_exits is {n_exits} "
            f"with {len(blocks)} blocks named; name {n_exits - 1} blocks or say n_exits: {len(blocks) + 1}"
        )
    places = places_after(blocks, traced)
    early = [block for block in blocks if block not in usable]
    if early:
        raise TrainingError(
            f"an exit of a detector needs a map of stride {_FINEST_STRIDE} or more, but {early[0]!r} does not end with "
            f"one; use {next(iter(usable))!r} or a later block"
        )
    end = max(place.step for _, place in usable.values())
    if places and places[-1].step >= end:
        raise TrainingError(f"the last exit follows the whole backbone, and {blocks[-1]!r} is its end; leave it out")
    return [place.step for place in places]


def _newest(usable: Mapping[str, tuple[int, Place]], step: int) -> list[Place]:
    """The last map of each level up to a step, the finest first."""
    newest = {level: place for level, place in usable.values() if place.step <= step}
    if sorted(newest) != list(range(len(newest))):
        raise TrainingError(
            f"a backbone must halve its maps one after the other from stride {_FINEST_STRIDE} on, but up to an exit it "
            f"has strides {[_FINEST_STRIDE * 2**level for level in sorted(newest)]}"
        )
    return [newest[level] for level in range(len(newest))]


def _shape(traced: TracedNetwork, place: Place) -> MapShape:
    _, channels, rows, columns = traced.shapes[place.step] or (0, 0, 0, 0)
    return MapShape(channels, (rows, columns))
