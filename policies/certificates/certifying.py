"""Certifying policies: whether they meet a claim on data that nobody chose them on, and why not."""

from __future__ import annotations

from dataclasses import replace

from policies.certificates.certificate import Certificate
from policies.certificates.claim_parts import unused_exits
from policies.certificates.claims import Claim, require_delta
from policies.certificates.losses import Loss
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.parts.result import PartResult, note_on_other_values, worst_subgroup
from policies.certificates.testing.fixed_sequence import (
    MeasuredPolicy,
    SequenceStep,
    main_observed,
    more_units_needed,
)
from policies.certificates.testing.subgroup_tests import require_enough_units
from policies.certificates.unseen import doubts_about_samples, require_unseen
from policies.names import list_some
from policies.policy import Decision, Policy
from policies.tables.base import ExitTable
from policies.tables.identity import require_disjoint


def certify_policy(
    policy: Policy, table: ExitTable, claim: Claim, *, delta: float = 0.05, search: ExitTable | None = None
) -> Certificate:
    """Certify one policy that was chosen elsewhere.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table: of the same network, on samples that nothing was chosen on.
        claim: What is to hold on new data of the same kind.
        delta: Largest probability of certifying a policy of which the claim does not hold, in (0, 1).
        search: The table of the same network that the policy was chosen on: what is lost and gained there settles how
            parts are tested that there are several tests of. None: their number of units settles it.

    Raises:
        ExitSearchError: If ``delta`` is not in (0, 1), a table is not of the policy's network, the policy is known to
            be chosen on some of its samples, the two tables share some, or some value of the claim's column ``by`` has
            too few units to pass even without a loss.

    Example:
        >>> certificate = certify_policy(Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0)), certify, Claim(target=0.95))
        >>> certificate.certified, round(certificate.bound, 3)
        (True, 0.968)
    """
    require_unseen(policy, table)
    # Parents that only ids tell of are known where answers are pooled.
    table, search = table.answered(policy.answering), None if search is None else search.answered(policy.answering)
    if search is not None:
        require_disjoint({"search": search, "certify": table})
    require_delta(delta)
    tested = MeasuredPolicy.of(policy, table, claim, search=search, settled_for=delta)
    require_enough_units(claim, tested.parts, delta=delta)
    steps = (tested.at(delta),)
    certificate = certificate_of(policy, table, steps, claim, delta=delta, search=search, tested=tested)
    return replace(certificate, notes=(*certificate.notes, *doubts_about_samples(policy, table)))


def certificate_of(
    policy: Policy,
    table: ExitTable,
    sequence: tuple[SequenceStep, ...],
    claim: Claim,
    *,
    delta: float,
    search: ExitTable | None = None,
    tested: MeasuredPolicy | None = None,
) -> Certificate:
    """State what a tested sequence says about one policy.

    Args:
        policy: The policy that was chosen, whether it passed or not.
        table: The ``certify`` table of its network.
        sequence: Steps that :func:`fixed_sequence` or :func:`split_sequences` gives for the same claim and ``delta``.
            Where the policy is among them, its figures are at the level that it was tested at, else at ``delta``.
        claim: Claim that the sequence was tested for.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        search: The table of the policy's network that it was chosen on, if the sequence was tested with it.
        tested: The policy as it was measured for the sequence; None measures it again.
    """
    require_delta(delta)
    own = _step_of(policy, table, sequence)
    level, settled_for = (delta, delta) if own is None else (own.level, own.settled_for)
    measured = tested or MeasuredPolicy.of(policy, table, claim, search=search, settled_for=settled_for)
    parts, results = measured.parts, _results(measured, level, settled_for)
    notes = _notes(measured, results, table, claim, search)
    certified = own is not None and own.passed
    failed = own or next((step for step in sequence if not step.passed), None)
    return Certificate(
        certified=certified,
        reason="" if certified else _why_not(policy.policy_hash, sequence, failed, parts[0].unit),
        claim=claim,
        delta=delta,
        level=level,
        method=_method(parts),
        unit=parts[0].unit,
        n=parts[0].n,
        loss=str(parts[0].loss),
        observed=main_observed(parts),
        bound=results[0].bound,
        p_value=max(result.p_value for result in results),
        more_needed=0 if certified else failed.more_needed if failed else more_units_needed(parts, level, settled_for),
        parts=results,
        notes=(*notes, *_notes_on_level(level, delta)),
        sequence=sequence,
        table_hash=table.split_hash,
        policy_hash=policy.policy_hash,
        model_hash=table.meta.get("model_hash"),
        worst_subgroup=worst_subgroup(results),
    )


def _step_of(policy: Policy, table: ExitTable, sequence: tuple[SequenceStep, ...]) -> SequenceStep | None:
    """Where a sequence tested a policy: the first such step, or the first that passed; None where none did."""
    same = (policy.policy_hash, table.meta.get("model_hash"))
    found = [step for step in sequence if (step.policy_hash, step.model_hash) == same]
    return next((step for step in found if step.passed), found[0] if found else None)


def _notes(
    measured: MeasuredPolicy,
    results: tuple[PartResult, ...],
    table: ExitTable,
    claim: Claim,
    search: ExitTable | None,
) -> list[str]:
    """What a person should know of the parts of a certificate, whatever the level is that they are tested at."""
    return [
        *_notes_on_tests(measured.parts, search),
        *_notes_on_disagreement(results),
        *_notes_on_exits(claim, table, measured.decision),
        *_notes_on_subgroup_tests(claim, measured.parts),
        *note_on_other_values(results, claim.by),
    ]


def _notes_on_subgroup_tests(claim: Claim, parts: tuple[ClaimPart, ...]) -> list[str]:
    """How the test of each value was settled, where there are several tests."""
    tests: dict[str, list[str]] = {}
    for part in parts:
        if len(part.tests) > 1 and part.subgroup is not None:
            tests.setdefault(part.method, []).append(part.subgroup)
    settled = [f"by {method} for {list_some(dict.fromkeys(values))}" for method, values in tests.items()]
    return [f"parts about each {claim.by} are tested as was settled for it: {'; '.join(settled)}"] if settled else []


def _notes_on_tests(parts: tuple[ClaimPart, ...], search: ExitTable | None) -> list[str]:
    """How the test of each part was settled that there are several tests of."""
    notes = []
    several = [part for part in parts if len(part.tests) > 1 and part.subgroup is None]
    for method in dict.fromkeys(part.method for part in several):
        own = [part for part in several if part.method == method]
        names = " and the ".join(part.name for part in own)
        tested = f"the {names} {'is' if len(own) == 1 else 'are'} tested by {method}"
        is_paired, is_usual = MeanTest.PAIRED in own[0].tests, own[0].test is own[0].tests[0]
        if search is not None and not is_paired:
            notes.append(f"before certify was read, search settled that {tested}")
        elif not is_usual:
            notes.append(f"{own[0].n} {own[0].unit}s are too few for the usual test, so that {tested}")
        elif not is_paired:
            notes.append(f"{tested}, the usual test where nothing is known of search")
    return notes


def _notes_on_disagreement(results: tuple[PartResult, ...]) -> list[str]:
    """What a share of equal answers says of right ones: where answers are equal, both are right or both wrong."""
    found = [one for one in results if one.loss == Loss.DISAGREEMENT]
    of_values = ", and of each value at most the bound that stands there" if len(found) > 1 else ""
    return [
        f"where answers are the full network's nothing is lost, so that the drop in the share of right answers is at "
        f"most {one.bound:.4f} too{of_values}"
        for one in found[:1]
    ]


def _notes_on_exits(claim: Claim, table: ExitTable, decision: Decision) -> list[str]:
    unused = unused_exits(claim, table, decision)
    return [f"nobody left at depth {depth}, so nothing is claimed about it" for depth in unused]


def _notes_on_level(level: float, delta: float) -> list[str]:
    """What part of ``delta`` the bounds are at, where it is not all of it."""
    if level >= delta:
        return []
    return [f"tested at level {level:g}, with bounds at this level: another sequence of policies had the rest of delta"]


def _results(measured: MeasuredPolicy, level: float, settled_for: float) -> tuple[PartResult, ...]:
    parts = measured.parts
    return tuple(
        _result(part, parts, p_value, level, settled_for)
        for part, p_value in zip(parts, measured.p_values, strict=True)
    )


def _result(
    part: ClaimPart, parts: tuple[ClaimPart, ...], p_value: float, level: float, settled_for: float
) -> PartResult:
    n_alike = 1 if part.family == "main" else sum(other.family == part.family and other.n > 0 for other in parts)
    bound = part.bound(level, settled_for)
    return PartResult.of(
        part,
        observed=part.observed,
        bound=bound,
        simultaneous_bound=bound if n_alike <= 1 else part.bound(level / n_alike),
        p_value=p_value,
        passed=p_value <= level,
        n=part.n,
        method=part.method,
    )


def _method(parts: tuple[ClaimPart, ...]) -> str:
    tests = ", ".join(dict.fromkeys(part.method for part in parts))
    joint = "" if len(parts) == 1 else " of every part (intersection-union)"
    return f"fixed-sequence testing, {tests}{joint}"


def _why_not(policy_hash: str, sequence: tuple[SequenceStep, ...], failed: SequenceStep | None, unit: str) -> str:
    if failed is None:
        return "the policy was not among those that were tested"
    whose = "a safer policy's"
    if failed.policy_hash == policy_hash:
        whose = "the policy's"
    elif failed is sequence[0]:
        whose = "the safest policy's"
    needed = f"; about {failed.more_needed} more {unit}s are needed" if failed.more_needed else ""
    return f"{whose} {failed.reason}{needed}"
