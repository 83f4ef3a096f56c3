"""The head of an exit: a pyramid of maps from those of its stage, and boxes and classes of every anchor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from trainables.models.detection.anchors import AnchorGrids
from trainables.models.detection.blocks import Attention, pointwise, separable
from trainables.models.detection.stages import Features, MapShape


class Pyramid(nn.Module):
    """Maps of one width for all grids; those coarser than the backbone's come of strided separable convolutions.

    With a way down each map is told of the coarser ones (Lin et al., Feature Pyramid Networks, 2017).

    Args:
        channels: Of each map of the backbone, the finest first.
        n_grids: Number of grids, at least as many.
        width: Channels of all maps.
        is_top_down: Whether there is a way down.
    """

    def __init__(self, channels: Sequence[int], n_grids: int, width: int, *, is_top_down: bool) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(pointwise(own, width) for own in channels)
        self.coarser = nn.ModuleList(separable(width, width, stride=2) for _ in range(n_grids - len(channels)))
        self.is_top_down = is_top_down

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """One map for each grid, shape (N, width, rows, columns), the finest first."""
        levels = [lateral(own) for lateral, own in zip(self.lateral, maps, strict=True)]
        for step in self.coarser:
            levels.append(step(levels[-1]))
        if self.is_top_down:
            for k in range(len(levels) - 2, -1, -1):
                levels[k] = levels[k] + F.interpolate(levels[k + 1], size=levels[k].shape[2:], mode="nearest")
        return levels


class DetectionHead(nn.Module):
    """SSDLite's prediction (Sandler et al., 2018) on each map of a pyramid, after attention to the newest map.

    Args:
        maps: Those of its stage, the finest first.
        grids: The grids of the anchors, of which the maps are the first.
        n_classes: Number of classes, ``C``.
        width: Channels of the pyramid's maps.
        depth: Number of separable convolutions before the prediction.
        has_context: Whether an exit lies before.
        is_top_down: Whether fine maps are told of coarse ones.
    """

    def __init__(
        self,
        maps: Sequence[MapShape],
        grids: AnchorGrids,
        n_classes: int,
        *,
        width: int,
        depth: int,
        has_context: bool,
        is_top_down: bool,
    ) -> None:
        super().__init__()
        channels = [own.channels for own in maps]
        self.n_maps, self.n_outputs = len(maps), 4 + 1 + n_classes
        self.attention = Attention(channels[-1], has_context=has_context)
        self.pyramid = Pyramid(channels, len(grids.sizes), width, is_top_down=is_top_down)
        self.predictions = nn.ModuleList(_prediction(width, depth, n * self.n_outputs) for n in grids.n_per_cell)

    def forward(self, features: Features) -> Tensor:
        """Offsets, and logits with those of the background first, shape (N, A, 4 + 1 + C)."""
        maps, context = list(features[: self.n_maps]), features[self.n_maps :]
        maps[-1] = self.attention(maps[-1], context[0] if context else None)
        levels = self.pyramid(maps)
        parts = [predict(level) for predict, level in zip(self.predictions, levels, strict=True)]
        # Anchors are numbered cell by cell.
        rows = [part.permute(0, 2, 3, 1).reshape(part.shape[0], -1, self.n_outputs) for part in parts]
        return torch.cat(rows, dim=1)


def _prediction(width: int, depth: int, n_outputs: int) -> nn.Sequential:
    depthwise = separable(width, width)[0]
    last = nn.Conv2d(width, n_outputs, 1)
    # As SSDLite begins in torchvision.
    nn.init.normal_(last.weight, std=0.03)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    return nn.Sequential(*(separable(width, width) for _ in range(depth)), depthwise, last)
