"""Fixed-sequence testing: policies one after the other, the safest first, until one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from policies.certificates.chosen_tests import choose_tests
from policies.certificates.claim_parts import measure, units_of
from policies.certificates.claims import Claim, require_delta
from policies.certificates.parts.base import ClaimPart
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
        passed: Whether the p-value is at most ``delta``.
        reason: Why the policy did not pass; empty where it did.
        more_needed: How many more units of ``certify`` would do if they are like these, or None if none would.
    """

    policy_hash: str
    model_hash: str | None
    observed: float
    p_value: float
    passed: bool
    reason: str = ""
    more_needed: int | None = 0


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
        searches: Of each candidate the table of its network that it was chosen on, by which tests are settled
            where there are several; None where there are none.

    Raises:
        ExitSearchError: If ``delta`` is not in (0, 1), or a table is not of its policy's network.
    """
    require_delta(delta)
    steps: list[SequenceStep] = []
    for place, (policy, table) in enumerate(candidates):
        search = None if searches is None else searches[place]
        steps.append(_step(policy, table, claim, search, delta))
        if not steps[-1].passed:
            break
    return tuple(steps)


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
    tests = choose_tests(claim, policy, table, units_of(table, decision), search=search, delta=delta)
    return decision, measure(claim, table, decision, tests=tests)


def _step(policy: Policy, table: ExitTable, claim: Claim, search: ExitTable | None, delta: float) -> SequenceStep:
    _, parts = tested_parts(policy, table, claim, search=search, delta=delta)
    p_values = [part.p_value(delta) for part in parts]
    p_value = max(p_values)
    passed = p_value <= delta
    return SequenceStep(
        policy_hash=policy.policy_hash,
        model_hash=table.meta.get("model_hash"),
        observed=main_observed(parts),
        p_value=p_value,
        passed=passed,
        reason="" if passed else parts[p_values.index(p_value)].shortfall(delta),
        more_needed=0 if passed else more_units_needed(parts, delta),
    )


def main_observed(parts: tuple[ClaimPart, ...]) -> float:
    """Mean of the main part; a table has at least one sample, so that the main part has at least one unit."""
    return parts[0].observed or 0.0


def more_units_needed(parts: tuple[ClaimPart, ...], delta: float) -> int | None:
    """More units of ``certify`` that every part would have enough with, at its present share of them."""
    counts = [0]
    for part in parts:
        if part.p_value(delta) <= delta:
            continue
        more = part.more_needed(delta)
        if more is None:
            return None
        counts.append(math.ceil(more * parts[0].n / part.n))
    return max(counts)
