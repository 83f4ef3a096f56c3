"""Which nodes a network has, and which edges lead into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from trainables.errors import TrainingError
from trainables.models.family import is_count


# Each has an edge from every node of its cell before it, with all operations.
_MOST_NODES = 64


@dataclass(frozen=True)
class StagePlan:
    """The nodes between two exits.

    Attributes:
        n_before: Number of states of the cell that are there already when the stage begins, the cell's input included;
            1 where a cell begins.
        n_nodes: Number of nodes; each has an edge from every state of its cell before it. The last has the exit.
        is_reduced: Whether it begins a new cell with a reduction, on an edge of its own, of half the side and twice the
            channels.
        channels: Of its nodes.
        first_edge: Place of its first edge among all edges of the network; a reduction's comes first, then those into
            each node in turn.
    """

    n_before: int
    n_nodes: int
    is_reduced: bool
    channels: int
    first_edge: int

    @property
    def n_edges(self) -> int:
        """Number of its edges."""
        return self.is_reduced + sum(self.n_before + node for node in range(self.n_nodes))

    def edges_into(self, place: int) -> range:
        """Places, among all edges of the network, of those into one of its nodes, in the order of their sources."""
        start = self.first_edge + self.is_reduced + sum(self.n_before + node for node in range(place))
        return range(start, start + self.n_before + place)


@dataclass(frozen=True)
class Plan:
    """The whole network: stages in order, an exit after each.

    Attributes:
        stages: One for each exit.
    """

    stages: tuple[StagePlan, ...]

    @classmethod
    def of(cls, *, n_exits: int, nodes_per_exit: int, reductions: int, width: int) -> Self:
        """Spread nodes and reductions evenly.

        Without reductions all nodes are of one cell, as in the document: into node i lead edges from the input and all
        nodes before it.

        Args:
            n_exits: Number of exits, ``E``.
            nodes_per_exit: Nodes from one exit to the next, 1 to 64.
            reductions: Number of reductions, each before another exit's nodes, not the first one's.
            width: Channels of the first cell.

        Raises:
            TrainingError: If there are not that many places for reductions, or no nodes.
        """
        if not is_count(nodes_per_exit) or nodes_per_exit > _MOST_NODES:
            raise TrainingError(
                f"nodes_per_exit must be a whole number from 1 to {_MOST_NODES} but is {nodes_per_exit!r:.60}"
            )
        if not (reductions == 0 or is_count(reductions)) or reductions >= n_exits:
            raise TrainingError(
                f"reductions must lie between exits, a whole number of at most {n_exits - 1} with {n_exits} exits, but "
                f"are {reductions!r:.60}"
            )
        reduced = {round(n_exits * one / (reductions + 1)) for one in range(1, reductions + 1)}
        stages: list[StagePlan] = []
        n_states, channels, n_edges = 1, width, 0
        for exit_index in range(n_exits):
            if exit_index in reduced:
                n_states, channels = 1, 2 * channels
            stages.append(StagePlan(n_states, nodes_per_exit, exit_index in reduced, channels, n_edges))
            n_edges += stages[-1].n_edges
            n_states += nodes_per_exit
        return cls(tuple(stages))

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return sum(stage.n_edges for stage in self.stages)

    @property
    def edges_into_nodes(self) -> tuple[range, ...]:
        """Places of the edges into each node in turn; a reduction is a node with one edge."""
        ranges = []
        for stage in self.stages:
            if stage.is_reduced:
                ranges.append(range(stage.first_edge, stage.first_edge + 1))
            ranges += [stage.edges_into(place) for place in range(stage.n_nodes)]
        return tuple(ranges)

    @property
    def edge_names(self) -> tuple[str, ...]:
        """Each edge from source to target, such as ``0 -> 2``.

        Nodes count from 1, 0 is the stem, and ``r4`` is node 4 after the reduction behind it.
        """
        names, start, node, is_reduced = [], 0, 0, False
        for stage in self.stages:
            if stage.is_reduced:
                names.append(f"{node} -> r{node}")
                start, is_reduced = node, True
            for _ in range(stage.n_nodes):
                node += 1
                sources = [f"r{one}" if is_reduced and one == start else f"{one}" for one in range(start, node)]
                names += [f"{source} -> {node}" for source in sources]
        return tuple(names)
