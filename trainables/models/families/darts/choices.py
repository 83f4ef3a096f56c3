"""Which operation of each edge is left of a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor

from policies.names import list_some
from trainables.errors import TrainingError
from trainables.models.families.darts.operations import OPERATIONS
from trainables.models.families.darts.plan import Plan


PER_INPUT = "per-input"
"""What stands for operations that each sample chooses for itself."""

ZERO = OPERATIONS.index("zero")
"""Place of the operation that gives nothing: the last."""


def largest_operations(scores: Tensor, plan: Plan) -> Tensor:
    """The operation with the largest score on each edge.

    Where that is ``zero`` on all edges into a node, the node would get nothing: of all other operations on these edges
    the one with the largest score is kept.

    Args:
        scores: Of each operation on each edge, such as its share, shape (N, edges, K).
        plan: Nodes and edges.

    Returns:
        Places in :data:`~trainables.models.families.darts.operations.OPERATIONS`, shape (N, edges).
    """
    chosen = scores.argmax(dim=-1)
    parts = []
    for edges in plan.edges_into_nodes:
        own = chosen[:, edges.start : edges.stop]
        others = scores[:, edges.start : edges.stop, :ZERO]
        best = others.flatten(1).argmax(dim=1, keepdim=True)
        kept = own.scatter(1, best // ZERO, best % ZERO)
        parts.append(torch.where((own == ZERO).all(dim=1, keepdim=True), kept, own))
    return torch.cat(parts, dim=1)


def require_operations(operations: Any, plan: Plan) -> tuple[str, ...]:
    """One operation for each edge, as a sweep file names them.

    Raises:
        TrainingError: If they are not one known operation for each edge, or none is left into a node.
    """
    if isinstance(operations, str) or not isinstance(operations, Sequence):
        raise TrainingError(
            f"operations must be {PER_INPUT!r} or a list of one operation for each edge but are {operations!r:.60}"
        )
    if len(operations) != plan.n_edges:
        raise TrainingError(
            f"operations must be one for each of the {plan.n_edges} edges ({list_some(plan.edge_names)}) but are "
            f"{len(operations)}"
        )
    for edge, name in zip(plan.edge_names, operations, strict=True):
        if name not in OPERATIONS:
            near = get_close_matches(str(name), OPERATIONS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(OPERATIONS)}"
            raise TrainingError(f"operations: there is no operation {name!r:.60}, of edge {edge}; {hint}")
    for edges in plan.edges_into_nodes:
        if all(operations[edge] == OPERATIONS[ZERO] for edge in edges):
            node = plan.edge_names[edges.start].rpartition(" ")[2]
            raise TrainingError(
                f"operations must leave each node an edge that is not zero but leave node {node} none; change one of "
                f"{list_some([plan.edge_names[edge] for edge in edges])}"
            )
    return tuple(operations)
