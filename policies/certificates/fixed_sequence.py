"""Fixed-sequence testing: policies one after the other, the safest first, until one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

from policies.certificates.claim_parts import ClaimPart, measure
from policies.certificates.claims import Claim, require_delta
from policies.policy import Policy
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
    candidates: Sequence[tuple[Policy, ExitTable]], claim: Claim, *, delta: float
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

    Raises:
        ExitSearchError: If ``delta`` is not in (0, 1), or a table is not of its policy's network.
    """
    require_delta(delta)
    steps: list[SequenceStep] = []
    for policy, table in candidates:
        steps.append(_step(policy, table, claim, delta))
        if not steps[-1].passed:
            break
    return tuple(steps)


def _step(policy: Policy, table: ExitTable, claim: Claim, delta: float) -> SequenceStep:
    parts = measure(claim, table, policy.decide(table))
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
