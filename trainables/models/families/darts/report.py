"""Which operations the edges choose on given inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from trainables.models.architecture_report import ArchitectureReport
from trainables.models.families.darts.controller import Architecture
from trainables.models.families.darts.operations import OPERATIONS


def report_on(
    architecture: Architecture, batches: Iterable[Tensor], *, edges: Sequence[str], n_inputs: int
) -> ArchitectureReport:
    """Run the controller alone, batch by batch; no node is computed.

    Args:
        architecture: The architecture parameters; its mode is put back afterwards.
        batches: Standardised inputs, each of shape (n, channels, height, width); not looked at without a controller.
        edges: Name of each edge.
        n_inputs: Number of inputs of all batches together, at least one.
    """
    was_training = architecture.training
    architecture.eval()
    with torch.inference_mode():
        moved = [] if architecture.controller is None else [architecture.controller(batch) for batch in batches]
        weights = [architecture.weights(one) for one in moved or [None]]
    architecture.train(was_training)
    return ArchitectureReport.of(
        edges=edges,
        operations=OPERATIONS,
        alpha=architecture.alpha.detach().cpu().numpy(),
        shares=np.concatenate([one.cpu().numpy() for one in weights]),
        perturbation=np.concatenate([one.float().cpu().numpy() for one in moved]) if moved else None,
        n_inputs=n_inputs,
    )
