"""What tells the tables, and the policies, of one network from those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.tables.base import ExitTable
from policies.tables.identity import canonical_names


_COST_TOLERANCE = 1e-6
_HASH_SHOWN = 12


@dataclass(frozen=True)
class NetworkIdentity:
    """What is known of a network. None is not known, and differs from nothing.

    Attributes:
        n_exits: Number of exits, ``E``.
        n_classes: Number of classes, ``C``.
        class_names: Names of the classes in the order in which they are counted.
        cost: Compute up to each exit relative to the full network.
        model_hash: Digest of the network's weights.
        has_stop_prob: Whether the network gives stop probabilities.
        task: The kind of answers that the network gives.
    """

    n_exits: int
    n_classes: int | None = None
    class_names: tuple[str, ...] | None = None
    cost: tuple[float, ...] | None = None
    model_hash: str | None = None
    has_stop_prob: bool | None = None
    task: str | None = None

    @classmethod
    def of(cls, table: ExitTable) -> NetworkIdentity:
        """Those of the network whose table it is."""
        model_hash = table.meta.get("model_hash")
        return cls(
            n_exits=table.n_exits,
            n_classes=table.n_classes,
            class_names=table.class_names,
            cost=None if "cost" in table.assumed else tuple(table.cost.tolist()),
            model_hash=None if model_hash is None else str(model_hash),
            has_stop_prob=table.has_stop_prob,
            task=table.task,
        )


def differences(one: NetworkIdentity, other: NetworkIdentity, *, names: tuple[str, str]) -> list[str]:
    """Everything in which two networks differ, as clauses for a person.

    Args:
        one: What is known of the first network.
        other: What is known of the second network.
        names: What a person calls the two: "the policy" and "the table".
    """
    found: list[tuple[str, Any, Any]] = []
    for what, mine, theirs in (
        ("the kind of answers", one.task, other.task),
        ("the number of exits", one.n_exits, other.n_exits),
        ("the number of classes", one.n_classes, other.n_classes),
        *_class_names(one.class_names, other.class_names),
        *_costs(one.cost, other.cost),
        ("the model hash", _shortened(one.model_hash, other.model_hash), _shortened(other.model_hash, one.model_hash)),
        ("having 'stop_prob'", one.has_stop_prob, other.has_stop_prob),
    ):
        if mine is not None and theirs is not None and mine != theirs:
            found.append((what, mine, theirs))
    return [f"{what} is {mine} in {names[0]} and {theirs} in {names[1]}" for what, mine, theirs in found]


def with_known_cost(tables: Mapping[str, ExitTable]) -> dict[str, ExitTable]:
    """Tables of one network by name; those that nobody gave a cost take that of the first with one."""
    known = next((table.cost for table in tables.values() if "cost" not in table.assumed), None)
    if known is None:
        return dict(tables)
    return {name: table.with_cost(known) if "cost" in table.assumed else table for name, table in tables.items()}


def _class_names(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> list[tuple[str, Any, Any]]:
    """The first class of another name; where the numbers differ, that is told already."""
    if one is None or other is None or len(one) != len(other):
        return []
    differing = np.flatnonzero(canonical_names(np.array(one)) != canonical_names(np.array(other)))
    if not differing.size:
        return []
    at = int(differing[0])
    order = ": the same in another order" if sorted(one) == sorted(other) else ""
    which = f"the name of class {at} ({differing.size} of {len(one)} differ{order})"
    return [(which, repr(one[at]), repr(other[at]))]


def _costs(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> list[tuple[str, Any, Any]]:
    if one is None or other is None or len(one) != len(other):
        return []
    differing = np.flatnonzero(~np.isclose(one, other, rtol=_COST_TOLERANCE, atol=0))
    if not differing.size:
        return []
    at = int(differing[0])
    return [(f"the cost up to depth {at + 1}", f"{one[at]:.7g}", f"{other[at]:.7g}")]


def _shortened(digest: str | None, other: str | None) -> str | None:
    """Enough of a digest to tell it from the other one."""
    if digest is None or other is None:
        return None
    is_told_apart = digest == other or digest[:_HASH_SHOWN] != other[:_HASH_SHOWN]
    return digest[:_HASH_SHOWN] if is_told_apart else digest
