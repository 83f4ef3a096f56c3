"""How answers turned out, and what each part of a claim loses by each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, Loss
from policies.policy import Decision
from policies.tables.base import ExitTable


_MAIN_NAMES = {Loss.ERROR: "accuracy", Loss.DROP: "drop", Loss.DEGRADATION: "degradation"}


@dataclass(frozen=True)
class Outcomes:
    """How the answers about ``N`` samples turned out.

    Attributes:
        right: Whether the policy is right, shape (N,).
        full_right: Whether the full network is right, shape (N,); None where nobody knows what it answers.
        strata: What the samples are counted by, their class if there are classes, shape (N,).
        n_strata: Number of strata.
        exits: Index of the exit taken, shape (N,).
    """

    right: NDArray[np.bool_]
    full_right: NDArray[np.bool_] | None
    strata: NDArray[np.int64]
    n_strata: int
    exits: NDArray[np.int64]

    @classmethod
    def of(cls, table: ExitTable, decision: Decision) -> Outcomes:
        """The outcomes of a policy on a table."""
        truth = table.truth
        full_right = truth.right(decision.exit_answers[:, -1])
        return cls(truth.right(decision.answers), full_right, truth.strata, truth.n_strata, decision.exits)

    def losses(self, loss: Loss) -> NDArray[np.float64] | None:
        """One loss of each sample, shape (N,); None where it takes the full network's answers and nobody knows them."""
        if loss is Loss.ERROR:
            return (~self.right).astype(np.float64)
        if self.full_right is None:
            return None
        if loss is Loss.DROP:
            return self.full_right.astype(np.float64) - self.right
        return (self.full_right & ~self.right).astype(np.float64)


@dataclass(frozen=True)
class PartLosses:
    """What one part of a claim is about: the mean of one loss among some of ``N`` samples is at most a limit.

    Attributes:
        name: What a person calls it, such as ``accuracy`` or ``recall of class 3``.
        family: ``main``, ``class`` or ``exit``.
        loss: Loss whose mean is limited.
        limit: Largest mean of the loss.
        losses: Loss of each sample, shape (N,).
        among: Whether the part is about each sample, shape (N,).
    """

    name: str
    family: str
    loss: Loss
    limit: float
    losses: NDArray[np.float64]
    among: NDArray[np.bool_]


def part_losses(claim: Claim, outcomes: Outcomes, *, used_exits: NDArray[np.int64]) -> Iterator[PartLosses]:
    """The parts of a claim, the main one first, without those whose losses cannot be known.

    Args:
        claim: Claim whose parts are wanted.
        outcomes: How the answers about N samples turned out.
        used_exits: Indices of the exits that an exit floor is about.
    """
    everywhere = np.ones(len(outcomes.right), dtype=bool)
    for loss, limit in claim.main_limits.items():
        losses = outcomes.losses(loss)
        if losses is not None:
            yield PartLosses(_MAIN_NAMES[loss], "main", loss, limit, losses, everywhere)
    errors = (~outcomes.right).astype(np.float64)
    for family, name, floor, among in _floors(claim, outcomes, used_exits):
        yield PartLosses(name, family, Loss.ERROR, 1 - floor, errors, among)


def _floors(
    claim: Claim, outcomes: Outcomes, used_exits: NDArray[np.int64]
) -> Iterator[tuple[str, str, float, NDArray[np.bool_]]]:
    """Family, name, floor and samples, shape (N,), of each floor part."""
    if claim.class_floor is not None:
        for label in range(outcomes.n_strata):
            yield "class", f"recall of class {label}", claim.class_floor, outcomes.strata == label
    if claim.exit_floor is not None:
        for k in used_exits:
            yield "exit", f"accuracy at depth {k + 1}", claim.exit_floor, outcomes.exits == k
