"""Fixed-sequence testing: policies one after the other, the safest first, until one fails; one sequence or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import math

from policies.certificates.claim_parts import measure, units_of
from policies.certificates.claims import Claim, require_delta
from policies.certificates.parts.base import ClaimPart
from policies.certificates.testing.chosen_tests import choose_tests
from policies.certificates.testing.recycling import recycled_levels
from policies.certificates.testing.subgroup_tests import with_subgroup_tests
from policies.policy import Decision, Policy
from policies.tables.base import ExitTable


@dataclass(frozen=True)
class SequenceStep:
    """One step of the fixed sequence: what ``certify`` says about one policy.

    Attributes:
        policy_hash: Digest of the policy that was tested.
        model_hash: Digest of the policy's network, where the table states it.
        observed: Mean of the main part of the claim: an accuracy, another quality, or a loss against the full network.
        p_value: P-value of the joint claim: the largest over its parts.
        level: Level that it was tested at, the last one where there were several: ``delta``, or a share of it.
        settled_for: Level that the test was settled for before any policy was tested, such as the stakes of its bets;
            the p-value is valid at any other.
        passed: Whether the p-value is at most ``level``.
        reason: Why the policy did not pass; empty where it did.
        more_needed: How many more units of ``certify`` would do if they are like these, or None if none would.
    """

    policy_hash: str
    model_hash: str | None
    observed: float
    p_value: float
    level: float
    settled_for: float
    passed: bool
    reason: str = ""
    more_needed: int | None = 0


@dataclass(frozen=True)
class WeightedSequence:
    """Policies that are tested one after the other, at a share of the level.

    Attributes:
        candidates: Policies, the safest by their ``search`` figures first, each with the ``certify`` table of its own
            network.
        share: Share of ``delta``, in (0, 1].
        searches: Of each candidate the table of its network that it was chosen on; None where there are none.
    """

    candidates: Sequence[tuple[Policy, ExitTable]]
    share: float = 1.0
    searches: Sequence[ExitTable] | None = None


@dataclass(frozen=True)
class SplitSteps:
    """What came of testing several sequences.

    Attributes:
        steps: Every policy that was tested, once each, in the order in which they were tested first.
        places: Where each of them stands: the number of a sequence that holds it, and its place there.
    """

    steps: tuple[SequenceStep, ...]
    places: tuple[tuple[int, int], ...]


def fixed_sequence(
    candidates: Sequence[tuple[Policy, ExitTable]],
    claim: Claim,
    *,
    delta: float,
    searches: Sequence[ExitTable] | None = None,
) -> tuple[SequenceStep, ...]:
    """Test policies one after the other, stopping at the first that fails; the last that passed is the cheapest.

    Fixed-sequence testing (Angelopoulos et al., "Learn then Test", 2021; Laufer-Goldshtein et al., "Pareto
    Testing", ICLR 2023): every test is at the full level ``delta``, and the probability that any policy that
    passes fails the claim is at most ``delta``.

    A claim of several parts passes where each part does, each at the full level ``delta``: where the joint claim
    is wrong, one particular part is, and that part alone passes with probability at most ``delta`` (the
    intersection-union test, Berger 1982). Nothing needs to be divided by the number of parts.

    Args:
        candidates: Policies, the safest by their ``search`` figures first, each with the ``certify``
            table of its own network. All tables are of the same split.
        claim: Claim that each policy is tested for.
        delta: Largest probability that a policy passes of which the claim does not hold, in (0, 1).
        searches: Of each candidate the table of its network that it was chosen on, by which tests are settled where
            there are several; None where there are none.

    Raises:
        ExitSearchError: If ``delta`` is not in (0, 1), or a table is not of its policy's network.
    """
    require_delta(delta)
    steps: list[SequenceStep] = []
    for place, (policy, table) in enumerate(candidates):
        search = None if searches is None else searches[place]
        steps.append(TestedPolicy.of(policy, table, claim, search=search, settled_for=delta).at(delta))
        if not steps[-1].passed:
            break
    return tuple(steps)


def split_sequences(sequences: Sequence[WeightedSequence], claim: Claim, *, delta: float) -> SplitSteps:
    """Test several sequences, each at its share of ``delta`` until a policy fails, with recycling.

    Where all of a sequence passes, its share goes to the others. A policy that several sequences have come to is tested
    at what they have together, such as the first of all at the full ``delta``; a policy that passed is not tested again
    in another sequence, and one that failed is where the level has grown. The probability that any policy that passes
    fails the claim is at most ``delta``. The argument is that of
    :func:`~policies.certificates.testing.recycling.recycled_levels`, with the p-value of the joint claim as that of
    each hypothesis. For that each policy has one p-value at whatever level it is tested: its tests, and the stakes of
    its bets, are settled for the shares of the sequences that hold it.

    Args:
        sequences: The sequences, with shares that sum to 1. All tables are of the same split.
        claim: Claim that each policy is tested for.
        delta: Largest probability that a policy passes of which the claim does not hold, in (0, 1).

    Raises:
        ExitSearchError: If ``delta`` is not in (0, 1), or a table is not of its policy's network.
    """
    require_delta(delta)
    keys = [[(policy.policy_hash, id(table)) for policy, table in own.candidates] for own in sequences]
    places: dict[tuple[str, int], tuple[int, int]] = {}
    for one, own_keys in enumerate(keys):
        for place, key in enumerate(own_keys):
            places.setdefault(key, (one, place))
    holding = {key: sum(own.share for own, held in zip(sequences, keys, strict=True) if key in held) for key in places}
    tested: dict[tuple[str, int], TestedPolicy] = {}
    steps: dict[tuple[str, int], SequenceStep] = {}

    def passes(key: tuple[str, int], share: float) -> bool:
        if key not in tested:
            one, place = places[key]
            searches = sequences[one].searches
            tested[key] = TestedPolicy.of(
                *sequences[one].candidates[place],
                claim,
                search=None if searches is None else searches[place],
                settled_for=_part_of(delta, min(holding[key], 1.0)),
            )
        steps[key] = tested[key].at(_part_of(delta, share))
        return steps[key].passed

    recycled_levels(keys, [own.share for own in sequences], passes)
    return SplitSteps(tuple(steps.values()), tuple(places[key] for key in steps))


def _part_of(delta: float, share: float) -> float:
    """A share of a level, without the noise of its last digits."""
    return float(f"{share * delta:.12g}")


def tested_parts(
    policy: Policy, table: ExitTable, claim: Claim, *, search: ExitTable | None, delta: float
) -> tuple[Decision, tuple[ClaimPart, ...]]:
    """What a policy does on a table, and the parts of a claim there, each with the test that was settled before.

    Args:
        policy: Policy to test.
        table: The ``certify`` table of its network.
        claim: Claim that is tested.
        search: The table of the same network that the policy was chosen on; None where there is none.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    decision = policy.decide(table)
    tests = choose_tests(claim.overall, policy, table, units_of(table, decision), search=search, delta=delta)
    tests = with_subgroup_tests(tests, claim, policy, table, decision, search=search, delta=delta)
    return decision, measure(claim, table, decision, tests=tests)


@dataclass(frozen=True)
class TestedPolicy:
    """A policy with its one p-value, which is compared with a level.

    Attributes:
        policy_hash: Digest of the policy.
        model_hash: Digest of its network, where the table states it.
        decision: What the policy does on the table.
        parts: The parts of the claim, each with the test that was settled before.
        settled_for: Level that the tests were settled for.
    """

    policy_hash: str
    model_hash: str | None
    decision: Decision
    parts: tuple[ClaimPart, ...]
    settled_for: float

    @classmethod
    def of(
        cls, policy: Policy, table: ExitTable, claim: Claim, *, search: ExitTable | None, settled_for: float
    ) -> TestedPolicy:
        """Measure the parts of a claim about a policy; none is tested yet.

        Args:
            policy: Policy to test.
            table: The ``certify`` table of its network.
            claim: Claim that is tested.
            search: The table of the same network that the policy was chosen on; None where there is none.
            settled_for: Level that the tests are settled for, in (0, 1).
        """
        decision, parts = tested_parts(policy, table, claim, search=search, delta=settled_for)
        return cls(policy.policy_hash, table.meta.get("model_hash"), decision, parts, settled_for)

    @cached_property
    def p_values(self) -> tuple[float, ...]:
        """P-value of each part."""
        return tuple(part.p_value(self.settled_for) for part in self.parts)

    def at(self, level: float) -> SequenceStep:
        """What the table says of the policy at a level, in (0, 1)."""
        p_value = max(self.p_values)
        passed = p_value <= level
        return SequenceStep(
            policy_hash=self.policy_hash,
            model_hash=self.model_hash,
            observed=main_observed(self.parts),
            p_value=p_value,
            level=level,
            settled_for=self.settled_for,
            passed=passed,
            reason="" if passed else self.parts[self.p_values.index(p_value)].shortfall(level, self.settled_for),
            more_needed=0 if passed else more_units_needed(self.parts, level, self.settled_for),
        )


def main_observed(parts: tuple[ClaimPart, ...]) -> float:
    """Mean of the main part; a table has at least one sample, so that the main part has at least one unit."""
    return parts[0].observed or 0.0


def more_units_needed(parts: tuple[ClaimPart, ...], level: float, settled_for: float) -> int | None:
    """More units of ``certify`` that every part would have enough with, at its present share of them.

    Args:
        parts: The parts of a claim, the main one first.
        level: Level that they are tested at.
        settled_for: Level that their tests are settled for; further units would be tested as settled for ``level``.
    """
    counts = [0]
    for part in parts:
        if part.p_value(settled_for) <= level:
            continue
        more = part.more_needed(level)
        if more is None:
            return None
        counts.append(math.ceil(more * parts[0].n / part.n))
    return max(counts)
