"""What all networks of nodes are, whatever is on their edges."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from trainables.models.families.darts.plan import Plan
from trainables.models.stopping import StoppingModel


class PlannedNetwork(StoppingModel):
    """A cell of nodes, or several with reductions between them, with exits that can stop.

    Args:
        stages: Nodes up to each exit; the first holds the stem.
        heads: Classifier and stop head of each exit.
        plan: Nodes and edges.
        mean: Mean of each input channel, for inputs in 0..1.
        std: Standard deviation of each input channel, for inputs in 0..1.

    Attributes:
        plan: Nodes and edges.
    """

    def __init__(
        self,
        stages: Sequence[nn.Module],
        heads: Sequence[nn.Module],
        *,
        plan: Plan,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__(stages, heads, mean=mean, std=std)
        self.plan = plan
