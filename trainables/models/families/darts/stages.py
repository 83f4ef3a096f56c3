"""Stages: the nodes from one exit to the next, and what a stage hands on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainables.models.families.darts.controller import Architecture
from trainables.models.families.darts.nodes import Expansion, MixedNode
from trainables.models.families.darts.operations import Source
from trainables.models.families.darts.plan import StagePlan


Features = tuple[Tensor, ...]
"""The mixing weights of all edges, (N, edges, K); of each state of the cell but the newest what edges share; and last
the newest state, which the exit reads: (N, C, H, W)."""

_N_SHARED = 4


class Stage(nn.Module):
    """The nodes behind one exit up to the next: what a sample that leaves before them never pays for.

    Args:
        plan: Its nodes and edges.
    """

    def __init__(self, plan: StagePlan) -> None:
        super().__init__()
        self.plan = plan
        # Of a reduction, the cell before it ends with half of the channels.
        self.reduction: nn.ModuleDict | None = None
        if plan.is_reduced:
            channels = plan.channels // 2
            self.reduction = nn.ModuleDict(
                {
                    "source": Source(channels, stride=2),
                    "node": MixedNode(1, channels, stride=2),
                    "expansion": Expansion(channels),
                }
            )
        self.sources = nn.ModuleList(Source(plan.channels) for _ in range(plan.n_nodes))
        self.nodes = nn.ModuleList(MixedNode(plan.n_before + place, plan.channels) for place in range(plan.n_nodes))

    def forward(self, features: Features) -> Features:
        """From the features of the stage before to its own."""
        weights, *shared, newest = features
        states = [tuple(shared[start : start + _N_SHARED]) for start in range(0, len(shared), _N_SHARED)]
        if self.reduction is not None:
            source, node, expansion = (self.reduction[name] for name in ("source", "node", "expansion"))
            edge = self.plan.first_edge
            newest = expansion(node([source(newest)], weights[:, edge : edge + 1]))
            states = []
        for place, (source, node) in enumerate(zip(self.sources, self.nodes, strict=True)):
            # Only here, since of a state behind which all samples have left nobody needs it.
            states.append(source(newest))
            edges = self.plan.edges_into(place)
            newest = node(states, weights[:, edges.start : edges.stop])
        return (weights, *(tensor for state in states for tensor in state), newest)


class FirstStage(nn.Module):
    """The stem, the architecture of each sample, and the nodes before the first exit.

    Args:
        stem: From standardised inputs to the first state.
        architecture: From standardised inputs to mixing weights.
        nodes: The nodes.
    """

    def __init__(self, stem: nn.Module, architecture: Architecture, nodes: Stage) -> None:
        super().__init__()
        self.stem = stem
        self.architecture = architecture
        self.nodes = nodes

    def forward(self, inputs: Tensor) -> Features:
        """Features of the first exit, for standardised inputs, shape (N, channels, height, width)."""
        return self.perturbed(inputs, self.architecture.perturbation(inputs))

    def perturbed(self, inputs: Tensor, perturbation: Tensor | None) -> Features:
        """The same with a ``Delta alpha(x)`` that is given."""
        weights = self.architecture.weights(perturbation)
        features: Features = self.nodes((weights.expand(inputs.shape[0], -1, -1), self.stem(inputs)))
        return features


class Newest(nn.Module):
    """What an exit reads of the features: the newest state."""

    def forward(self, features: Features) -> Tensor:
        """The newest state, activated, shape (N, C, H, W)."""
        return torch.relu(features[-1])
