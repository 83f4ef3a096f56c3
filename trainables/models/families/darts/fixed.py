"""Networks of one operation on each edge, the same for all inputs: what is not chosen is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from trainables.models.families.darts.choices import ZERO
from trainables.models.families.darts.edges import operation_on_state
from trainables.models.families.darts.nodes import Expansion
from trainables.models.families.darts.operations import N_OPERATIONS, OPERATIONS
from trainables.models.families.darts.plan import Plan, StagePlan
from trainables.models.families.darts.planned import PlannedNetwork


States = tuple[Tensor, ...]
"""What a stage hands on: the states of its cell that later nodes need, in order, and last the newest, which the exit
reads; shape (N, C, H, W) each."""


@dataclass(frozen=True)
class FixedStagePlan:
    """What is left of a stage. States of a cell are numbered from 0, its input.

    Attributes:
        plan: The whole stage.
        reduction: Operation of the edge into its reduction; None without one.
        edges: By node that an exit needs, its state's number: operation by number of the state that it is of.
        taken: Numbers of the states that it takes.
        handed: Numbers of the states that it hands on, the newest last.
    """

    plan: StagePlan
    reduction: str | None
    edges: Mapping[int, Mapping[int, str]]
    taken: tuple[int, ...]
    handed: tuple[int, ...]


def fixed_stages(plan: Plan, operations: Sequence[str]) -> list[FixedStagePlan]:
    """What is left of each stage: nodes that no exit needs, and states that no later node does, are gone.

    Args:
        plan: Nodes and edges.
        operations: Name of the operation of each edge.
    """
    stages: list[FixedStagePlan] = []
    later: set[int] = set()
    for stage in reversed(plan.stages):
        newest = stage.n_before + stage.n_nodes - 1
        needed, edges = later | {newest}, {}
        for place in reversed(range(stage.n_nodes)):
            number = stage.n_before + place
            if number in needed:
                own = enumerate(operations[edge] for edge in stage.edges_into(place))
                edges[number] = {source: name for source, name in own if name != OPERATIONS[ZERO]}
                needed |= edges[number].keys()
        handed = (*sorted(later - {newest}), newest)
        reduction = operations[stage.first_edge] if stage.is_reduced else None
        # Of the cell before a reduction only its last state is taken, and an exit reads that anyway.
        later = set() if stage.is_reduced else {number for number in needed if number < stage.n_before}
        taken = () if stage.is_reduced else (*sorted(later - {stage.n_before - 1}), stage.n_before - 1)
        stages.append(FixedStagePlan(stage, reduction, dict(sorted(edges.items())), taken, handed))
    return stages[::-1]


class FixedNode(nn.Module):
    """``h_i = sum_j o_j(h_j)``: equation (5) where one operation of each edge is left, with weight 1.

    Args:
        operations: Name of the operation by number of the state that it is of.
        channels: Of states and node.
        stride: 2 halves the map.
    """

    def __init__(self, operations: Mapping[int, str], channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.edges = nn.ModuleDict(
            {
                str(source): nn.ModuleDict({name: operation_on_state(name, channels, stride=stride)})
                for source, name in operations.items()
            }
        )

    def forward(self, states: Mapping[int, Tensor]) -> Tensor:
        """The node, shape (N, C, H, W), of states by their numbers."""
        terms = [
            operation(states[int(source)])
            for source, edge in self.edges.items()
            for operation in cast(nn.ModuleDict, edge).values()
        ]
        return cast(Tensor, sum(terms[1:], start=terms[0]))


class FixedStage(nn.Module):
    """The nodes behind one exit up to the next that an exit needs.

    Args:
        plan: What is left of the stage.
    """

    def __init__(self, plan: FixedStagePlan) -> None:
        super().__init__()
        self.plan = plan
        self.reduction: nn.ModuleDict | None = None
        channels = plan.plan.channels
        if plan.reduction is not None:
            half = channels // 2
            self.reduction = nn.ModuleDict(
                {"node": FixedNode({0: plan.reduction}, half, stride=2), "expansion": Expansion(half)}
            )
        first = plan.plan.n_before
        self.nodes = nn.ModuleDict(
            {str(number - first): FixedNode(own, channels) for number, own in plan.edges.items()}
        )

    def forward(self, features: States) -> States:
        """From the states that the stage before hands on to its own."""
        if self.reduction is None:
            states = dict(zip(self.plan.taken, features, strict=True))
        else:
            states = {0: self.reduction["expansion"](self.reduction["node"]({0: features[-1]}))}
        for number, node in zip(self.plan.edges, self.nodes.values(), strict=True):
            states[number] = node(states)
        return tuple(states[number] for number in self.plan.handed)


class FirstFixedStage(nn.Module):
    """The stem, and the nodes before the first exit.

    Args:
        stem: From standardised inputs to the first state.
        nodes: The nodes.
    """

    def __init__(self, stem: nn.Module, nodes: FixedStage) -> None:
        super().__init__()
        self.stem = stem
        self.nodes = nodes

    def forward(self, inputs: Tensor) -> States:
        """Features of the first exit, for standardised inputs, shape (N, channels, height, width)."""
        features: States = self.nodes((self.stem(inputs),))
        return features


class FixedNetwork(PlannedNetwork):
    """One operation on each edge, the same for all inputs.

    Args:
        stages: What is left of the nodes up to each exit; the first holds the stem.
        heads: Classifier and stop head of each exit.
        plan: Nodes and edges.
        operations: Name of the operation of each edge.
        mean: Mean of each input channel, for inputs in 0..1.
        std: Standard deviation of each input channel, for inputs in 0..1.

    Attributes:
        operations: Name of the operation of each edge.
    """

    def __init__(
        self,
        stages: Sequence[nn.Module],
        heads: Sequence[nn.Module],
        *,
        plan: Plan,
        operations: Sequence[str],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__(stages, heads, plan=plan, mean=mean, std=std)
        self.operations = tuple(operations)

    def mixing_weights(self, inputs: Tensor) -> Tensor:
        """``p`` of equation (4), 1 for the operation of an edge, shape (N, edges, K)."""
        places = torch.tensor([OPERATIONS.index(name) for name in self.operations], device=inputs.device)
        return nn.functional.one_hot(places, N_OPERATIONS).float().expand(len(inputs), -1, -1)
