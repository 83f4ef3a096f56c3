"""What a sweep says before it trains: what it searches for, and whether anything can be certified."""

from __future__ import annotations

from policies.selection.plan import plan_for
from policies.selection.search_target import SearchTarget
from search.inputs import SweepInputs
from search.sharing.proposal import proposed_splits
from search.sharing.units import SplitUnits


def announcement(inputs: SweepInputs) -> list[str]:
    """What is searched for and why, and whether anything will be certified; a line each.

    Where nothing will be, it is told which splits would be proposed and what they would allow, or that none would do.
    """
    target, plan = inputs.target, plan_for(inputs.target)
    lines = [_search_target(target), *(f"Plan: {line}" for line in (() if plan is None else plan.lines))]
    if target.too_few:
        lines.append(f"Note: {target.too_few}")
    if not target.why_not or target.claim is None or target.certify is None:
        return lines
    lines.append(f"Note: {target.why_not}")
    if inputs.sharing is not None:
        # What was proposed was told with it.
        return lines
    units = SplitUnits.of(inputs.splits, inputs.spec.task, target.certify)
    proposal = proposed_splits(units, target.claim, delta=target.asked.delta, power=target.asked.power)
    if proposal.shortage:
        return [*lines, f"Note: no other splits would do: {proposal.shortage}"]
    return [*lines, f"Note: splits: auto would propose {proposal.sentence}"]


def _search_target(target: SearchTarget) -> str:
    if target.tightened == target.asked:
        # Such as of a mean average precision, whose bound depends on what is found.
        return (
            f"Asked for {target.asked}; that is the search target too: no margin of it is known beforehand, and the "
            f"policy is chosen by a bound on search"
        )
    margin = "for a certificate" if target.is_certifiable else "for a lower bound on search"
    if target.asked.by is not None and not target.is_certifiable:
        margin += " over all samples"
    return f"Asked for {target.asked}; the search target, with the margin {margin}, is {target.tightened}"
