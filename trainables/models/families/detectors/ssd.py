"""SSD (Liu et al., 2016) with light heads and any number of exits, on a backbone named by its blocks."""

from __future__ import annotations

from collections.abc import Sequence

from policies.runtime.detection.post_processing import PostProcessing
from trainables.errors import TrainingError
from trainables.models.detection.anchors import AnchorGrids
from trainables.models.detection.blocks import Context
from trainables.models.detection.heads import DetectionHead
from trainables.models.detection.model import DetectorModel
from trainables.models.detection.stages import DetectorStage, FirstDetectorStage, MapShape
from trainables.models.exits.cutting import per_channel, wanted_channels
from trainables.models.families.detectors.backbones import Backbone, build_backbone, usual_blocks
from trainables.models.families.detectors.trunk import cut_backbone
from trainables.models.family import is_count


_LEAST_SIDE = 160
_N_GRIDS = 4
_LAST_DEPTH = 1


def ssd(
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    blocks: Sequence[str] | None = None,
    backbone: str = "efficientnet-lite0",
    pretrained: bool = False,
    anchors_per_cell: int | Sequence[int] = 4,
    score_threshold: float = 0.02,
    nms_threshold: float = 0.45,
    n_boxes: int = 100,
) -> DetectorModel:
    """An SSD whose exits all predict boxes on four grids, of stride 8, 16, 32 and 64, with a way down between them.

    Args:
        input_shape: (channels, height, width) of one sample, at least 160 pixels high and wide.
        n_classes: Number of classes of objects, ``C``; the background is the detector's own.
        n_exits: Number of exits, ``E``.
        width: Channels of the heads' maps.
        mean: Per input channel; with pretrained weights, theirs count instead.
        std: Per input channel; with pretrained weights, theirs count instead.
        blocks: The ``E - 1`` blocks of the backbone that exits follow, at stride 8 or more; without, they are at about
            a third and a half of the cost, or spread evenly by it.
        backbone: ``efficientnet-lite0``, whose blocks are "blocks.0" to "blocks.15", or a classifier of torchvision.
        pretrained: Start the backbone from ImageNet weights.
        anchors_per_cell: Number of anchors around a cell, or of each grid, the finest first.
        score_threshold: Boxes with a score up to it are dropped.
        nms_threshold: Of two boxes of a class with a larger intersection over union the less sure one is dropped.
        n_boxes: Most boxes of an image, ``D``.

    Raises:
        TrainingError: If images are too small, an option is out of range, the backbone cannot be had or cannot be cut
            like that.
    """
    require_size(input_shape)
    base = build_backbone(backbone, (input_shape[1], input_shape[2]), pretrained=pretrained)
    return detector(
        base,
        usual_blocks(backbone, n_exits) if blocks is None else blocks,
        input_shape=input_shape,
        n_classes=n_classes,
        n_exits=n_exits,
        width=width,
        mean=mean,
        std=std,
        anchors_per_cell=anchors_per_cell,
        is_top_down=True,
        post_processing=PostProcessing(score_threshold=score_threshold, nms_threshold=nms_threshold, n_boxes=n_boxes),
    )


def require_size(input_shape: tuple[int, ...]) -> None:
    """Refuse images in which objects of some pixels would lie between the cells.

    Raises:
        TrainingError: If they are less than 160 pixels high or wide.
    """
    if min(input_shape[1:]) < _LEAST_SIDE:
        height, width = input_shape[1:]
        raise TrainingError(
            f"images must be at least {_LEAST_SIDE} pixels high and wide for a detector but are {height} by {width}; "
            f"set data.image_size to {_LEAST_SIDE} or more"
        )


def detector(
    base: Backbone,
    blocks: Sequence[str] | None,
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    anchors_per_cell: int | Sequence[int],
    is_top_down: bool,
    post_processing: PostProcessing,
    more_maps: Sequence[str] = (),
) -> DetectorModel:
    """A backbone cut at its exits, with heads.

    Args:
        base: The backbone.
        blocks: The ``E - 1`` blocks that exits follow; None spreads them by cost.
        input_shape: (channels, height, width) of one sample.
        n_classes: Number of classes of objects, ``C``.
        n_exits: Number of exits, ``E``.
        width: Channels of the heads' maps.
        mean: Per input channel; what the backbone was trained with counts instead.
        std: Per input channel; what the backbone was trained with counts instead.
        anchors_per_cell: Number of anchors around a cell, or of each grid.
        is_top_down: Whether fine maps are told of coarse ones.
        post_processing: Which boxes are kept.
        more_maps: Blocks inside of others that maps may be taken after.

    Raises:
        TrainingError: If an option is out of range, or the backbone cannot be cut like that.
    """
    n_channels = wanted_channels(base.network, input_shape)
    shape = (n_channels, *input_shape[1:])
    cut = cut_backbone(base.network, blocks, n_exits=n_exits, input_shape=shape, more_maps=more_maps)
    grids = AnchorGrids(_grid_sizes(cut.maps[-1]), _each(anchors_per_cell))
    stages, heads = [], []
    for k, (trunk, maps) in enumerate(zip(cut.trunks, cut.maps, strict=True)):
        context = Context(cut.maps[k - 1][-1].channels, is_first=k == 1) if k else None
        stages.append(FirstDetectorStage(trunk) if context is None else DetectorStage(trunk, context, is_second=k == 1))
        heads.append(
            DetectionHead(
                maps,
                grids,
                n_classes,
                width=width,
                depth=_LAST_DEPTH if k == len(cut.trunks) - 1 else 0,
                has_context=k > 0,
                is_top_down=is_top_down,
            )
        )
    return DetectorModel(
        stages,
        heads,
        grids=grids,
        mean=per_channel(base.mean or mean, n_channels),
        std=per_channel(base.std or std, n_channels),
        post_processing=post_processing,
    )


def _grid_sizes(maps: Sequence[MapShape]) -> tuple[tuple[int, int], ...]:
    sizes = [own.size for own in maps[:_N_GRIDS]]
    while len(sizes) < _N_GRIDS:
        rows, columns = sizes[-1]
        sizes.append((-(-rows // 2), -(-columns // 2)))
    return tuple(sizes)


def _each(anchors_per_cell: int | Sequence[int]) -> tuple[int, ...]:
    if is_count(anchors_per_cell):
        return (int(anchors_per_cell),) * _N_GRIDS  # type: ignore[arg-type]
    if isinstance(anchors_per_cell, str) or not isinstance(anchors_per_cell, Sequence):
        raise TrainingError(
            f"anchors_per_cell must be a whole number from 1, or one for each grid, but is {anchors_per_cell!r:.60}"
        )
    return tuple(anchors_per_cell)
