"""Whether a detector's graphs give the boxes that the network gives in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.onnx_stages import OnnxStages
from trainables.errors import ExportError
from trainables.models.detection.model import DetectorModel
from trainables.models.inference import device_of, unit_scale


def verify_boxes(model: DetectorModel, stages: OnnxStages, samples: NDArray[Any], folder: Path) -> tuple[float, int]:
    """Compare what graphs and network say at every exit about samples, which are run at once.

    Args:
        model: The network, on its own device; it is left in evaluation mode.
        stages: Its graphs.
        samples: Shape (n, channels, height, width), uint8 or float32.
        folder: Folder of the graphs, for messages.

    Returns:
        The largest difference of a corner or a probability before boxes are dropped, and in how many images and exits
        other boxes are kept, all by rounding.

    Raises:
        ExportError: If a corner or a probability differs by more than may come from rounding, or other boxes are kept
            that no rounding explains.
    """
    compare, largest, n_differing = BoxLikeness(model.post_processing, (1.0,) * model.n_exits), 0.0, 0
    for k, (expected, found) in enumerate(zip(_said(model, samples), _said_by_graphs(stages, samples), strict=True)):
        largest = max(largest, require_near(folder, "corner or probability", found, expected))
        kept = [model.post_processing.kept(torch.from_numpy(said)).numpy() for said in (found, expected)]
        alike = compare(kept[0], kept[1], np.full(len(samples), k))
        if (~alike.is_same & ~alike.is_explained).any():
            raise ExportError(
                f"{folder}: graphs must give the boxes of the network but exit {k + 1} gives others at batch "
                f"{len(samples)}, though corners and probabilities are alike; do not use these graphs"
            )
        n_differing += int((~alike.is_same).sum())
    return largest, n_differing


def require_near(
    folder: Path, what: str, found: NDArray[Any], expected: NDArray[Any], tolerance: float = 1e-4
) -> float:
    """The largest difference of numbers that graphs and network give.

    Args:
        folder: Folder of the graphs, for messages.
        what: What a person calls one of the numbers.
        found: What graphs give for n samples, with these first.
        expected: What the network gives.
        tolerance: What may differ, as a share of the largest expected number where that is above 1, as float32 is exact
            to so many digits.

    Raises:
        ExportError: If they differ by more, or are not numbers.
    """
    difference = float(np.abs(found - expected).max(initial=0.0))
    tolerance *= max(1.0, float(np.abs(expected).max(initial=0.0)))
    # Written so that NaN is refused too.
    if not difference <= tolerance:
        raise ExportError(
            f"{folder}: a {what} may differ by {tolerance:.1g} from that of the network but differs by "
            f"{difference:.3g} at batch {len(found)}; do not use these graphs"
        )
    return difference


@torch.inference_mode()
def _said(model: DetectorModel, samples: NDArray[Any]) -> list[NDArray[Any]]:
    """Boxes and probabilities of all anchors at every exit, as the network gives them."""
    model.eval()
    batch = unit_scale(torch.as_tensor(samples).to(device_of(model)))
    return [model.decoded(said).numpy(force=True) for said in model.said(batch)]


def _said_by_graphs(stages: OnnxStages, samples: NDArray[Any]) -> list[NDArray[Any]]:
    """The same as the graphs give them."""
    features, said = stages.begin(samples), []
    for k in range(stages.n_exits):
        features, (boxes,) = stages.ask(k, features)
        said.append(boxes)
    return said
