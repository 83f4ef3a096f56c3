"""From a trained network and a split to an exit table."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from policies.tables.classification import ClassificationTable
from trainables.data import Split
from trainables.models import MultiExitModel, relative_cost


_BATCH_SIZE = 256


def unit_scale(inputs: Tensor) -> Tensor:
    """Images as float32 in 0..1, from uint8 in 0..255 or from float32 as it is."""
    return inputs.float() / 255.0 if inputs.dtype == torch.uint8 else inputs


def exit_table(model: MultiExitModel, samples: Split, **meta: Any) -> ClassificationTable:
    """Run the whole network on a split, without augmentation.

    Args:
        model: The network; it is left in evaluation mode.
        samples: The split to run it on.
        **meta: Facts to keep in the table: workload, split name, class names.

    Returns:
        The table. Its ``meta`` also states the model hash.

    Raises:
        ExitTableError: If the network gives NaN or infinity.
    """
    device = model.mean.device
    model.eval()
    with torch.inference_mode():
        parts = [
            model(unit_scale(torch.as_tensor(samples.inputs[start : start + _BATCH_SIZE]).to(device))).float().cpu()
            for start in range(0, len(samples.inputs), _BATCH_SIZE)
        ]
    return ClassificationTable(
        logits=torch.cat(parts).numpy(),
        labels=samples.labels,
        cost=relative_cost(model, samples.inputs.shape[1:]),
        ids=samples.ids,
        groups=samples.groups,
        meta={**meta, "model_hash": model_hash(model)},
    )


def model_hash(model: MultiExitModel) -> str:
    """SHA-256 over the network's weights in order of their names."""
    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
