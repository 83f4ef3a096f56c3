"""Which operations the edges choose on given inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

from trainables.models.architecture_report import ArchitectureReport
from trainables.models.families.darts.controller import Architecture
from trainables.models.families.darts.operations import OPERATIONS
from trainables.models.families.darts.planned import PlannedNetwork
from trainables.models.inference import batches_on


def report_on(network: PlannedNetwork, architecture: Architecture, inputs: NDArray[Any]) -> ArchitectureReport:
    """Run the controller alone, batch by batch; no node is computed.

    Args:
        network: The network.
        architecture: Its architecture parameters; their mode is put back afterwards.
        inputs: Shape (N, channels, height, width), uint8 in 0..255 or float32 in 0..1, at least one; not looked at
            without a controller.
    """
    was_training, controller = architecture.training, architecture.controller
    architecture.eval()
    with torch.inference_mode():
        batches = [] if controller is None else batches_on(network, inputs)
        moved = [architecture.perturbation(network.normalise(batch)) for batch in batches]
        weights = [architecture.weights(one) for one in moved or [None]]
    architecture.train(was_training)
    return ArchitectureReport.of(
        edges=network.plan.edge_names,
        operations=OPERATIONS,
        alpha=architecture.alpha.detach().cpu().numpy(),
        shares=np.concatenate([one.cpu().numpy() for one in weights]),
        perturbation=np.concatenate([one.float().cpu().numpy() for one in moved if one is not None]) if moved else None,
        n_inputs=len(inputs),
    )
