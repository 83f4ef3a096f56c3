"""Whether a table may certify a policy: only samples that it was not chosen on can."""

from __future__ import annotations

from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tables.origin import Origin


_CHOSEN_ON = ("train", "search")


def require_unseen(policy: Policy, table: ExitTable, *, names: tuple[str, str] = ("the policy", "the table")) -> None:
    """Refuse a table with samples that the policy is known to be chosen on.

    Args:
        policy: The policy; where its origin is not known, nothing is refused.
        table: Exit table that is to certify the policy.
        names: What messages call the policy and the table, in this order.

    Raises:
        ExitSearchError: If there are any, with how many they are, or the table cannot be answered as the policy does.
    """
    seen = "" if policy.origin is None else policy.origin.describe_overlap(table.answered(policy.answering))
    if seen:
        raise ClaimError(
            f"{names[0]} was chosen on {seen} of {names[1]}, so that these cannot certify it; give a table of samples "
            f"that nothing was chosen on"
        )


def doubts_about_samples(policy: Policy, table: ExitTable) -> tuple[str, ...]:
    """What a certificate of a policy on a table rests on that nothing here can check, as clauses for a person."""
    origin = policy.origin or Origin(policy.network)
    split = table.meta.get("split")
    named = f"the table calls itself {split!r}, which networks or policies are chosen on"
    return (*origin.doubts(table), *([named] if split in _CHOSEN_ON else []))
