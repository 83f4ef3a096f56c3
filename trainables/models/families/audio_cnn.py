"""A convolutional network over log-mel features, with exits after any of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
import re

from torch import nn

from policies.names import list_some
from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.families.audio_heads import build_head


DEFAULT_HEAD = "attentive-statistics"
# The maximum over time is for early features; what the last block gives is averaged.
_LAST_HEADS = {"max-mean": "average"}
_BLOCK = re.compile(r"block([1-9]\d?)")
_MOST_DOUBLINGS = 3
_SMALLEST_MAP = 4


def audio_cnn(
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    blocks: Sequence[str] | None = None,
    depth: int | None = None,
    head: str | None = None,
) -> MultiExitModel:
    """Blocks of a 3x3 convolution, batch normalisation, ReLU and 2x2 maximum; the channels double with each.

    Maps are halved down to 4 mels or frames. The last exit follows the last block. For any size of samples; made for
    log-mel features.

    Args:
        input_shape: (1, mel bands, frames) of one sample.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of exits, ``E``, the full network's own among them.
        width: Channels of the first block; they double three times at most.
        mean: Mean of each input channel over the training split, for inputs in 0..1; inputs are standardised with it.
        std: Standard deviation of each input channel over the training split, for inputs in 0..1; positive.
        blocks: The ``E - 1`` blocks that the earlier exits follow, such as ["block1", "block3"]; without, exits are
            spread evenly.
        depth: Number of blocks; without, as few as the exits need.
        head: Of the exits, by its name in :data:`~trainables.models.families.audio_heads.HEADS`; with ``max-mean`` the
            last exit takes the mean over mels and time.

    Raises:
        TrainingError: If blocks are named otherwise or out of order, or there is no such head.
    """
    places = _places(blocks, n_exits, depth)
    stages, heads = [], []
    channels, *size = input_shape
    for before, place in pairwise([0, *places]):
        layers = []
        for k in range(before, place):
            out_channels, halve = width * 2 ** min(k, _MOST_DOUBLINGS), min(size) > _SMALLEST_MAP
            layers.append(_block(channels, out_channels, halve=halve))
            channels, size = out_channels, [side // 2 for side in size] if halve else size
        stages.append(nn.Sequential(*layers))
        name = head or DEFAULT_HEAD
        is_last = place == places[-1]
        heads.append(build_head(_LAST_HEADS.get(name, name) if is_last else name, channels, n_classes))
    return MultiExitModel(stages, heads, mean=mean, std=std)


def _places(blocks: Sequence[str] | None, n_exits: int, depth: int | None) -> list[int]:
    """Numbers of the blocks that the ``E`` exits follow, from 1."""
    if blocks is None:
        depth = depth or n_exits
        if depth < n_exits:
            raise TrainingError(f"depth must be at least the number of exits, {n_exits}, but is {depth}; raise it")
        return [round(depth * k / n_exits) for k in range(1, n_exits + 1)]
    if len(blocks) != n_exits - 1:
        raise TrainingError(f"{n_exits} exits need {n_exits - 1} blocks but {len(blocks)} are named; name as many")
    early = [int(match[1]) for match in map(_BLOCK.fullmatch, blocks) if match]
    places = [*early, depth or max(early, default=0) + 1]
    if len(early) < len(blocks) or any(second <= first for first, second in pairwise(places)):
        raise TrainingError(
            f"blocks must be block1, block2, ... in rising order and before the last block but are {list_some(blocks)}"
            f"{f' of {depth}' if depth else ''}; rename, reorder or leave them out"
        )
    return places


def _block(in_channels: int, out_channels: int, *, halve: bool) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
    # The maximum of what ReLU leaves is what ReLU leaves of the maximum, which is a quarter of the work.
    pooling = [nn.MaxPool2d(2)] if halve else []
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), *pooling, nn.ReLU(inplace=True))
