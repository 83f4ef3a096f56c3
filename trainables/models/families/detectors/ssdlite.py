"""SSDLite on MobileNetV3-Large (Howard et al., 2019), torchvision's, cut into three exits."""

from __future__ import annotations

from collections.abc import Sequence

from policies.runtime.detection.post_processing import PostProcessing
from trainables.models.detection.model import DetectorModel
from trainables.models.families.detectors.backbones import build_backbone
from trainables.models.families.detectors.ssd import detector, require_size


# After 80 and 112 channels of stride 16; the last exit also reads the 672 channels that the next block expands to.
_BLOCKS, _EXPANSION = ("features.7", "features.11"), "features.13.block.0"


def ssdlite(
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    blocks: Sequence[str] | None = None,
    pretrained: bool = False,
    anchors_per_cell: int | Sequence[int] = 4,
    score_threshold: float = 0.02,
    nms_threshold: float = 0.45,
    n_boxes: int = 100,
) -> DetectorModel:
    """SSDLite's backbone and heads, with exits after its features 0-7, 8-11 and the rest; there is no way down.

    Beside torchvision's, a map of stride 8 is read too, and all maps are brought to one width. From random weights the
    tail has half of its channels, as torchvision's has.

    Args:
        input_shape: (channels, height, width) of one sample, at least 160 pixels high and wide.
        n_classes: Number of classes of objects, ``C``; the background is the detector's own.
        n_exits: Number of exits, ``E``.
        width: Channels of the heads' maps.
        mean: Per input channel; with pretrained weights, theirs count instead.
        std: Per input channel; with pretrained weights, theirs count instead.
        blocks: The ``E - 1`` blocks that exits follow, "features.4" or later; without, those above where E is 3, else
            they are spread evenly by cost.
        pretrained: Start the backbone from ImageNet weights.
        anchors_per_cell: Number of anchors around a cell, or of each grid, the finest first.
        score_threshold: Boxes with a score up to it are dropped.
        nms_threshold: Of two boxes of a class with a larger intersection over union the less sure one is dropped.
        n_boxes: Most boxes of an image, ``D``.

    Raises:
        TrainingError: If images are too small, an option is out of range, or the backbone cannot be had or cut like
            that.
    """
    require_size(input_shape)
    size = (input_shape[1], input_shape[2])
    options = {} if pretrained else {"reduced_tail": True}
    base = build_backbone("mobilenet_v3_large", size, pretrained=pretrained, **options)
    usual = {1: (), len(_BLOCKS) + 1: _BLOCKS}.get(n_exits)
    return detector(
        base,
        usual if blocks is None else blocks,
        input_shape=input_shape,
        n_classes=n_classes,
        n_exits=n_exits,
        width=width,
        mean=mean,
        std=std,
        anchors_per_cell=anchors_per_cell,
        is_top_down=False,
        more_maps=(_EXPANSION,),
        post_processing=PostProcessing(score_threshold=score_threshold, nms_threshold=nms_threshold, n_boxes=n_boxes),
    )
