"""Whole certificates at the limit: tables of logits are drawn and policies tested on them as a user's are.

A world says how often each exit of a network with three exits is right, jointly; a table has as many samples of it as
there are units. Three policies always leave at one exit. A draw counts where a policy passes of which the claim just
does not hold: its true loss is the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
import math

from boundary_losses import Family
import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.labelling.sequential import certify_as_labelled
from policies.certificates.testing.fixed_sequence import WeightedSequence, fixed_sequence, split_sequences
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from policies.tables.unlabelled.reading import UNKNOWN_LABEL


N_EXITS = 3
_CLOSED, _OPEN = (math.inf,), (0.0,)
FULL, SECOND, FIRST = (
    Policy("confidence", thresholds, (1.0,) * N_EXITS)
    for thresholds in ((_CLOSED, _CLOSED), (_CLOSED, _OPEN), (_OPEN, _OPEN))
)
BY_DEPTH = (FULL, SECOND, FIRST)
COST = np.array([0.2, 0.5, 1.0])


@dataclass(frozen=True)
class World:
    """What is true of a network, and a claim that just does not hold of some of its policies.

    Attributes:
        right: Which exits are right, of each kind of sample, shape (K, 3).
        probabilities: Of each kind, shape (K,).
        claim: The claim.
        limit: Its limit.
        wrong: Policies of which the claim does not hold.
        labels: Class of each kind, shape (K,); None where all are of class 0.
    """

    right: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    claim: Claim
    limit: float
    wrong: tuple[Policy, ...]
    labels: NDArray[np.int64] | None = None

    def draw(self, rng: np.random.Generator, n: int, name: str) -> ClassificationTable:
        """A table of ``n`` samples."""
        kinds = rng.choice(len(self.right), n, p=self.probabilities)
        labels = np.zeros(n, dtype=np.int64) if self.labels is None else self.labels[kinds]
        logits = np.zeros((n, N_EXITS, 2), dtype=np.float32)
        logits[..., 1] = np.where(self.right[kinds] == (labels == 1)[:, None], 2.0, -2.0)
        return ClassificationTable(logits, labels, cost=COST, ids=_ids(name, n))

    def losses(self, policy: Policy) -> tuple[float, float]:
        """The true error of a policy and its true drop against the full network."""
        exit_index = (FIRST, SECOND, FULL).index(policy)
        error = 1 - float(self.probabilities @ self.right[:, exit_index])
        return error, error - (1 - float(self.probabilities @ self.right[:, -1]))


def target(limit: float) -> World:
    """A least accuracy: the full network is always right, the second exit often enough, the first just not."""
    right = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]], dtype=bool)
    return World(right, _shares(0.75 * limit, 0.25 * limit), Claim(target=1 - limit), limit, (FIRST,))


def two_wrong(limit: float) -> World:
    """A least accuracy that neither early exit has: one is tested after the other."""
    right = np.array([[1, 1, 1], [0, 1, 1], [1, 0, 1]], dtype=bool)
    return World(right, _shares(limit, limit), Claim(target=1 - limit), limit, (SECOND, FIRST))


def drop(limit: float) -> World:
    """A largest drop: the second exit loses as much as it gains, the first loses the limit more."""
    right = np.array([[1, 1, 1], [0, 0, 1], [1, 1, 0], [0, 1, 1]], dtype=bool)
    return World(right, _shares(0.02, 0.02, limit), Claim(max_drop=limit), limit, (FIRST,))


def degradation(limit: float) -> World:
    """A largest share right before and wrong now, which the first exit just has; as much is gained."""
    right = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 0]], dtype=bool)
    return World(right, _shares(limit, limit), Claim(max_degradation=limit), limit, (FIRST,))


def joint(limit: float) -> World:
    """A drop and the recall of both classes: the drop holds, but the first exit's recall of class 0 just does not."""
    right = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
    claim = Claim(max_drop=limit, class_floor=1 - limit)
    shares = np.array([0.5 * (1 - limit), 0.5 * limit, 0.5])
    return World(right, shares, claim, limit, (FIRST,), np.array([0, 0, 1]))


def _shares(*shares: float) -> NDArray[np.float64]:
    return np.array([1 - sum(shares), *shares])


WORLDS = (
    Family("target", target, (0.05,)),
    Family("target, two policies wrong", two_wrong, (0.05,)),
    Family("drop", drop, (0.05,)),
    Family("drop, and recall that does not hold", joint, (0.05,)),
)
LABELLED_WORLDS = (Family("drop", drop, (0.05,)), Family("degradation", degradation, (0.05,)))
PROCEDURE_SIZES = (100, 300, 1_000)


@lru_cache(maxsize=32)
def _ids(name: str, n: int) -> NDArray[np.str_]:
    return np.char.add(name, np.arange(n).astype(str))


def fixed_sequence_errs(world: World, n: int, delta: float, rng: np.random.Generator) -> bool:
    """Whether testing in a fixed sequence certifies a policy of which the claim does not hold."""
    table = world.draw(rng, n, "c")
    steps = fixed_sequence([(policy, table) for policy in BY_DEPTH], world.claim, delta=delta)
    passed = {step.policy_hash for step in steps if step.passed}
    return any(policy.policy_hash in passed for policy in world.wrong)


def split_sequences_err(world: World, n: int, delta: float, rng: np.random.Generator) -> bool:
    """The same of two sequences of half of delta each, with the full network first, and recycling."""
    table = world.draw(rng, n, "c")
    sequences = [WeightedSequence([(FULL, table), (policy, table)], 0.5) for policy in (SECOND, FIRST)]
    steps = split_sequences(sequences, world.claim, delta=delta).steps
    passed = {step.policy_hash for step in steps if step.passed}
    return any(policy.policy_hash in passed for policy in world.wrong)


def labelling_errs(world: World, n: int, delta: float, rng: np.random.Generator) -> bool:
    """Whether labels that are looked at as they come ever prove of the first exit what does not hold.

    What is proved stays proved, so that all labels at once tell whether it was after any of them.
    """
    table = world.draw(rng, n, "c")
    answers = table.exit_answers
    differ = answers[:, 0] != answers[:, -1]
    labels = dict(zip(table.ids[differ].tolist(), table.labels[differ].tolist(), strict=True))
    unlabelled = replace(table, labels=np.full(n, UNKNOWN_LABEL), is_labelled=False)
    return certify_as_labelled(FIRST, unlabelled, world.claim, labels, delta=delta).certificate.certified


def by_worlds(errs: Callable[[World, int, float, np.random.Generator], bool]) -> Callable[..., int]:
    """In how many draws a procedure certifies what does not hold."""

    def n_passed(world: World, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
        return sum(errs(world, n, delta, rng) for _ in range(n_draws))

    return n_passed
