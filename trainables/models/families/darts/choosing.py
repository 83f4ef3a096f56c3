"""Nodes whose operations each sample chooses for itself: they run on those samples alone that chose them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from trainables.models.families.darts.choices import largest_operations
from trainables.models.families.darts.controller import Architecture, Controller
from trainables.models.families.darts.edges import operation_on_state
from trainables.models.families.darts.nodes import Expansion
from trainables.models.families.darts.operations import N_OPERATIONS, OPERATIONS, identity
from trainables.models.families.darts.plan import Plan, StagePlan


Features = tuple[Tensor, ...]
"""Whether each sample chose each operation, (N, edges, K); and the states of the cell, the newest last, (N, C, H, W)
each."""

_FEWEST = 8


class FewSampleNorm(nn.BatchNorm2d):
    """Batch normalisation that in training takes its running statistics where under eight samples chose what it is of.

    Their own would be noise, and of a single value there are none.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Normalised maps, shape (N, C, H, W)."""
        if self.training and len(maps) < _FEWEST:
            return F.batch_norm(maps, self.running_mean, self.running_var, eps=self.eps)
        return super().forward(maps)


class FrozenArchitecture(Architecture):
    """Architecture parameters that were learned before and stay as they are: they are only asked which is largest.

    Args:
        plan: Nodes and edges.
        controller: Gives ``Delta alpha(x)``.
        temperature: That of the mixture; only where ``zero`` is largest on all edges into a node does it count.

    Attributes:
        plan: Nodes and edges.
        takes_all: Whether all operations are chosen, which is how they are counted.
    """

    def __init__(self, plan: Plan, controller: Controller, *, temperature: float) -> None:
        super().__init__(plan.n_edges, controller, temperature=temperature)
        self.plan = plan
        self.takes_all = False
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenArchitecture:
        """Stay in evaluation mode: the controller's statistics are those of the search."""
        return super().train(False)

    def weights(self, perturbation: Tensor | None) -> Tensor:
        """1 for the largest operation of each edge, else 0, shape (N, edges, K), float32.

        See :func:`~trainables.models.families.darts.choices.largest_operations`.
        """
        # Not of the shares themselves, in which what differs by little may be equal.
        scores = torch.log_softmax(self.effective(perturbation) / self.temperature, dim=-1)
        return F.one_hot(largest_operations(scores, self.plan), N_OPERATIONS).float()

    def chosen(self, inputs: Tensor) -> Tensor:
        """Whether each operation is chosen, shape (N, edges, K), for standardised inputs."""
        # In full precision: what is chosen must not depend on what else is computed in half.
        with torch.autocast(inputs.device.type, enabled=False):
            chosen = self.weights(self.perturbation(inputs.float())).bool()
        return torch.ones_like(chosen) if self.takes_all else chosen


class ChoosingNode(nn.Module):
    """``h_i = sum_j o_j(x)(h_j)``: equation (5) where of each edge the largest operation is left, with weight 1.

    Args:
        n_sources: Number of states that edges come from, ``i``.
        channels: Of states and node.
        stride: 2 halves the map.
    """

    def __init__(self, n_sources: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.edges = nn.ModuleList(
            nn.ModuleDict({name: _operation(name, channels, stride) for name in OPERATIONS if name != "zero"})
            for _ in range(n_sources)
        )

    def forward(self, states: Sequence[Tensor], chosen: Tensor) -> Tensor:
        """The node, shape (N, C, H, W).

        Args:
            states: Those of the cell before it, in order.
            chosen: Whether each sample chose each operation of its edges, shape (N, sources, K).
        """
        node = torch.zeros_like(identity(states[0], self.stride))
        for j, (edge, state) in enumerate(zip(self.edges, states, strict=True)):
            for name, operation in cast(nn.ModuleDict, edge).items():
                rows = chosen[:, j, OPERATIONS.index(name)].nonzero()[:, 0]
                if len(rows) == len(state):
                    node = node + operation(state).to(node.dtype)
                elif len(rows):
                    # Indexing keeps the channels last in memory.
                    node.index_add_(0, rows, operation(state[rows]).to(node.dtype))
        return node


def _operation(name: str, channels: int, stride: int) -> nn.Module:
    operation = operation_on_state(name, channels, stride=stride)
    if hasattr(operation, "norm"):
        operation.norm = FewSampleNorm(channels, affine=False)
    return operation


class ChoosingStage(nn.Module):
    """The nodes behind one exit up to the next.

    Args:
        plan: Its nodes and edges.
    """

    def __init__(self, plan: StagePlan) -> None:
        super().__init__()
        self.plan = plan
        self.reduction: nn.ModuleDict | None = None
        if plan.is_reduced:
            half = plan.channels // 2
            self.reduction = nn.ModuleDict({"node": ChoosingNode(1, half, stride=2), "expansion": Expansion(half)})
        self.nodes = nn.ModuleList(ChoosingNode(plan.n_before + place, plan.channels) for place in range(plan.n_nodes))

    def forward(self, features: Features) -> Features:
        """From the features of the stage before to its own."""
        chosen, *states = features
        if self.reduction is not None:
            edge = self.plan.first_edge
            node = self.reduction["node"](states[-1:], chosen[:, edge : edge + 1])
            states = [self.reduction["expansion"](node)]
        for place, node in enumerate(self.nodes):
            edges = self.plan.edges_into(place)
            states.append(node(states, chosen[:, edges.start : edges.stop]))
        return (chosen, *states)

    def operations(self) -> Iterator[tuple[int, int, nn.Module]]:
        """Its operations, each with the places of its edge and of itself."""
        nodes = [(self.plan.edges_into(place), node) for place, node in enumerate(self.nodes)]
        if self.reduction is not None:
            nodes.append((range(self.plan.first_edge, self.plan.first_edge + 1), self.reduction["node"]))
        for edges, node in nodes:
            for edge, own in zip(edges, cast(ChoosingNode, node).edges, strict=True):
                for name, operation in cast(nn.ModuleDict, own).items():
                    yield edge, OPERATIONS.index(name), operation


class FirstChoosingStage(nn.Module):
    """The stem, what each sample chooses, and the nodes before the first exit.

    Args:
        stem: From standardised inputs to the first state.
        architecture: From standardised inputs to what is chosen.
        nodes: The nodes.
    """

    def __init__(self, stem: nn.Module, architecture: FrozenArchitecture, nodes: ChoosingStage) -> None:
        super().__init__()
        self.stem = stem
        self.architecture = architecture
        self.nodes = nodes

    def forward(self, inputs: Tensor) -> Features:
        """Features of the first exit, for standardised inputs, shape (N, channels, height, width)."""
        features: Features = self.nodes((self.architecture.chosen(inputs), self.stem(inputs)))
        return features
