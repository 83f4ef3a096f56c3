"""Running a whole trained network on samples, and the hash by which its weights are known."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
import math
from typing import Any

from numpy.typing import NDArray
import torch
from torch import Tensor, nn

from policies.runtime.torch_stages import classifier_outputs, unit_scale
from policies.tables.classification import ClassificationOutputs
from trainables.models.stopping import StoppingModel


_BATCH_SIZE = 256
# Of all images of a batch: 256 images of 320 x 320 pixels at once would take a detector more than 5 GB.
_MOST_PIXELS = 2**22

__all__ = ["batches_on", "classifier_outputs_on", "device_of", "model_hash", "outputs_on", "unit_scale"]


def device_of(network: nn.Module) -> torch.device:
    """Where a network's first weight or buffer is; the processor where it has none."""
    tensors = [next(network.parameters(), None), next(network.buffers(), None)]
    return next((tensor.device for tensor in tensors if tensor is not None), torch.device("cpu"))


def outputs_on(model: nn.Module, inputs: NDArray[Any]) -> Tensor:
    """What a network gives at every exit without augmentation, shape (N, E, ...), float32 on the CPU.

    Args:
        model: Takes inputs in 0..1; run on its own device, it is left in evaluation mode.
        inputs: Shape (N, channels, height, width), uint8 in 0..255 or float32.
    """
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(batch).float().cpu() for batch in batches_on(model, inputs)])


def classifier_outputs_on(model: nn.Module, inputs: NDArray[Any]) -> ClassificationOutputs:
    """What a classifier says at every exit without augmentation: logits and, if it has stop heads, stop probabilities.

    It is run once for both.

    Args:
        model: Takes inputs in 0..1 and gives logits, shape (N, E, C); run on its own device, it is left in evaluation
            mode. Where it is a :class:`~trainables.models.stopping.StoppingModel` its heads are asked.
        inputs: Shape (N, channels, height, width), uint8 in 0..255 or float32.
    """
    if not isinstance(model, StoppingModel):
        return ClassificationOutputs(outputs_on(model, inputs).numpy())
    model.eval()
    with torch.inference_mode():
        parts = [[classifier_outputs(one) for one in model.said(batch)] for batch in batches_on(model, inputs)]
    return ClassificationOutputs.joined([ClassificationOutputs.of_exits(exits) for exits in parts])


def batches_on(model: nn.Module, inputs: NDArray[Any]) -> Iterator[Tensor]:
    """Some inputs at a time, in their order: in 0..1 and on a network's own device.

    They are at most 256, and fewer where more than 4 million pixels would be among them.

    Args:
        model: The network.
        inputs: Shape (N, channels, height, width), uint8 in 0..255 or float32.
    """
    device = device_of(model)
    n_pixels = math.prod(inputs.shape[2:])
    size = max(1, min(_BATCH_SIZE, _MOST_PIXELS // max(1, n_pixels)))
    for start in range(0, len(inputs), size):
        yield unit_scale(torch.as_tensor(inputs[start : start + size]).to(device))


def model_hash(model: nn.Module) -> str:
    """SHA-256 over the network's weights in order of their names."""
    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
