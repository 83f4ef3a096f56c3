"""Whole certificates at the limit: tables of logits are drawn and policies tested on them as a user's are.

A world says how often each exit of a network with three exits is right, jointly; a table has as many samples of it as
there are units. Three policies always leave at one exit. A draw counts where a policy passes of which the claim just
does not hold: its true loss is the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
import math

from boundary_losses import Family
import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.labelling.order import labelling_order
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
        sites: Site of each kind, shape (K,), as a column of the table; None where it has none.
        sizes: Samples in a group of each kind, shape (K,), which are alike in half of the groups; None where samples
            have no groups.
    """

    right: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    claim: Claim
    limit: float
    wrong: tuple[Policy, ...]
    labels: NDArray[np.int64] | None = None
    sites: NDArray[np.str_] | None = None
    sizes: NDArray[np.int64] | None = None

    def draw(self, rng: np.random.Generator, n: int, name: str) -> ClassificationTable:
        """A table of ``n`` samples, or groups."""
        kinds, groups = rng.choice(len(self.right), n, p=self.probabilities), None
        if self.sizes is not None:
            kinds, groups = self._in_groups(rng, kinds)
        labels = np.zeros(len(kinds), dtype=np.int64) if self.labels is None else self.labels[kinds]
        logits = np.zeros((len(kinds), N_EXITS, 2), dtype=np.float32)
        logits[..., 1] = np.where(self.right[kinds] == (labels == 1)[:, None], 2.0, -2.0)
        table = ClassificationTable(logits, labels, cost=COST, ids=_ids(name, len(kinds)), groups=groups)
        return table if self.sites is None else table.with_columns({"site": self.sites[kinds]})

    def _in_groups(
        self, rng: np.random.Generator, kinds: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
        """Kind of each sample, and its group: of groups of one kind this tells the size, of others it is any."""
        n, sizes = len(kinds), np.asarray(self.sizes)
        is_alike = rng.random(n) < 0.5
        of_sample = np.repeat(np.arange(n), np.where(is_alike, sizes[kinds], rng.choice(sizes, n)))
        mixed = rng.choice(len(self.right), len(of_sample), p=self.probabilities)
        return np.where(is_alike[of_sample], kinds[of_sample], mixed), _ids("g", n)[of_sample]

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


def target_and_drop(limit: float) -> World:
    """An accuracy that holds, and a drop that just does not: each is bet on by itself."""
    own = drop(limit)
    return replace(own, claim=Claim(target=0.8 - limit, max_drop=limit))


def each_site(limit: float) -> World:
    """A drop at every site, where the first exit loses the limit on one of two and nothing on the other."""
    right = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
    shares = np.array([0.5 * (1 - limit), 0.5 * limit, 0.5])
    claim = Claim(max_drop=limit, by="site")
    return World(right, shares, claim, limit, (FIRST,), sites=np.array(["a", "a", "b"]))


def in_groups(world: Callable[[float], World], sizes: Sequence[int]) -> Callable[[float], World]:
    """The same world in groups, whose size tells of the kind of their samples in half of them."""
    return lambda limit: replace(world(limit), sizes=np.array(sizes))


def _shares(*shares: float) -> NDArray[np.float64]:
    return np.array([1 - sum(shares), *shares])


WORLDS = (
    Family("target", target, (0.05,)),
    Family("target, two policies wrong", two_wrong, (0.05,)),
    Family("drop", drop, (0.05,)),
    Family("drop, and recall that does not hold", joint, (0.05,)),
)
LABELLED_WORLDS = (
    Family("drop", drop, (0.05,)),
    Family("degradation", degradation, (0.05,)),
    Family("accuracy", target, (0.05,)),
    Family("accuracy and drop", target_and_drop, (0.05,)),
    Family("drop at each site", each_site, (0.05,)),
    Family("accuracy, large groups err", in_groups(target, (1, 6, 6)), (0.05,)),
    Family("accuracy, small groups err", in_groups(target, (6, 1, 1)), (0.05,)),
    Family("drop, large groups lose", in_groups(drop, (1, 2, 2, 6)), (0.05,)),
)
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
    known = dict(zip(table.ids.tolist(), table.labels.tolist(), strict=True))
    unlabelled = replace(table, labels=np.full(table.n_samples, UNKNOWN_LABEL), is_labelled=False)
    asked = labelling_order(FIRST, unlabelled, world.claim, delta=delta, sequential=True).asked
    labels = {name: known[name] for name in asked}
    return certify_as_labelled(FIRST, unlabelled, world.claim, labels, delta=delta).certificate.certified


def by_worlds(errs: Callable[[World, int, float, np.random.Generator], bool]) -> Callable[..., int]:
    """In how many draws a procedure certifies what does not hold."""

    def n_passed(world: World, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
        return sum(errs(world, n, delta, rng) for _ in range(n_draws))

    return n_passed
