"""Teachers from elsewhere: a torchvision classifier's own weights in a network of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from trainables.data import Split
from trainables.errors import TrainingError
from trainables.export.model_file import ModelConfig
from trainables.models import MultiExitModel
from trainables.models.exits.tracing import first_line
from trainables.models.loading import load_weights
from trainables.trials.spec import TrialSpec
from trainables.weights.giving import fitting_weights
from trainables.workloads import get_workload


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Per colour, of inputs in 0..1: what networks for ImageNet and those tuned from them are given."""

_STAGE = "stages.0."
_OWN = ("mean", "std")


@dataclass(frozen=True)
class ForeignWeights:
    """A classifier of torchvision that was trained elsewhere.

    Attributes:
        path: What ``torch.save(model.state_dict(), path)`` has written, a whole checkpoint that holds it, or a
            safetensors file. Nothing is unpickled but tensors and plain values.
        image_size: Height and width of the images that it was trained with; None takes those of the data.
        mean: Per input channel of the network, of inputs in 0..1, that it was trained with.
        std: Per input channel of the network, of inputs in 0..1, that inputs were divided by in its training; positive.
    """

    path: Path
    image_size: int | None = None
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD


def with_foreign_weights(
    weights: ForeignWeights, spec: TrialSpec, train: Split
) -> tuple[MultiExitModel, ModelConfig, str]:
    """Build the spec's network, with its last exit alone, and give it weights.

    Args:
        weights: The file, and how its network was given images.
        spec: Names the network, its width and the classes that the weights are of.
        train: For the channels of the data.

    Returns:
        The network on the CPU, in evaluation mode; what its model file states; and what the weights were wrapped in,
        such as a whole checkpoint or DataParallel, as half a sentence, empty where they were not.

    Raises:
        TrainingError: If the file cannot be read, or weights, mean and std do not fit the network.
    """
    size = train.inputs.shape[2:] if weights.image_size is None else (weights.image_size,) * 2
    shape = (train.inputs.shape[1], *size)
    network_spec = replace(spec.network, n_exits=1, blocks=None, pretrained=False)
    model = get_workload(spec.workload).build_network(
        shape, len(spec.class_names), network_spec, mean=weights.mean, std=weights.std
    )
    description = _load(weights.path, model)
    _require_channels(model.eval(), shape, len(weights.mean))
    return model, ModelConfig(spec.workload, network_spec, shape, spec.class_names), description


def _require_channels(model: MultiExitModel, shape: tuple[int, ...], n_given: int) -> None:
    try:
        with torch.inference_mode():
            model(torch.zeros(1, *shape))
    except RuntimeError as error:
        raise TrainingError(
            f"mean and std must have as many values as the network has input channels but have {n_given} "
            f"({first_line(error)}); give others with --mean and --std"
        ) from None


def _load(path: Path, model: MultiExitModel) -> str:
    """Give the network a file's weights; what they were wrapped in is described."""
    own = model.state_dict()
    expected = {name.removeprefix(_STAGE): tensor for name, tensor in own.items() if name not in _OWN}
    fix = (
        "name the network and the width that they are of with --set training.network and training.width, and data of "
        "the same classes"
    )
    found = fitting_weights(path, expected, what="the network", fix=fix)
    given = {f"{_STAGE}{name}": tensor for name, tensor in found.weights.items()}
    load_weights(model, {**given, **{name: own[name] for name in _OWN}})
    return found.description
