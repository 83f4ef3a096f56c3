"""Finite-sample certificates: whether a policy meets a claim on data that nobody chose it on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any

from policies.certificates.claims import Claim
from policies.certificates.losses import bounds_what_is_claimed
from policies.certificates.parts.result import PartResult
from policies.certificates.testing.fixed_sequence import SequenceStep
from policies.certificates.words import CERTIFIED, proof_in_words, refusal_in_words
from policies.files.atomic import write_text
from policies.html import html_block, html_notes, html_table
from policies.qualities import in_words
from policies.registry import capital


SCHEMA = 3


@dataclass(frozen=True)
class Certificate:
    """A statement, at confidence ``1 - delta``, that a policy meets a claim on new data of the same kind.

    :func:`~policies.certificates.certifying.certify_policy` makes one.

    Attributes:
        certified: Whether the policy is certified to meet the claim.
        reason: Why the statement does not hold, as a clause for a person; empty where it does.
        claim: Claim that the policy is to meet.
        delta: Largest probability of certifying a policy of which the claim does not hold, whichever were tested.
        level: Level that this policy was tested at: ``delta``, or a share of it where several sequences were tested.
        method: How the claim was tested, in words.
        unit: ``sample``; ``parent`` or ``group`` where samples share an origin.
        n: Number of units of ``certify``.
        loss: Loss of the main part.
        observed: Mean of the main part: an accuracy, another quality, or a loss against the full network.
        bound: Confidence bound of the main part at ``level``: lower for an accuracy or quality, upper for a loss.
        p_value: P-value of the joint claim: the largest over its parts.
        more_needed: About how many more units would certify the claim if they are like these, or None.
        parts: Every part of the claim, the main one first.
        notes: What is not claimed, and what the statement rests on that could not be checked.
        sequence: Every policy that was tested, in order.
        table_hash: Split hash of the certify table.
        policy_hash: Digest of the policy that the statement is about.
        model_hash: Digest of the policy's network, where the table states it.
        worst_subgroup: The value of the claim's column with the least certain part, that of the largest p-value; None
            where nothing is claimed of subgroups.

    Example:
        >>> policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
        >>> too_much = certify_policy(policy, certify, Claim(target=0.999))
        >>> too_much.certified, too_much.reason.split(" on ")[0]
        (False, "the policy's accuracy")
    """

    certified: bool
    reason: str
    claim: Claim
    delta: float
    level: float
    method: str
    unit: str
    n: int
    loss: str
    observed: float
    bound: float
    p_value: float
    more_needed: int | None
    parts: tuple[PartResult, ...]
    notes: tuple[str, ...]
    sequence: tuple[SequenceStep, ...]
    table_hash: str
    policy_hash: str
    model_hash: str | None
    worst_subgroup: str | None = None

    @property
    def stated_bound(self) -> float | None:
        """The bound to tell in the place of the claim's first limit; None where it is one on another number."""
        return self.bound if bounds_what_is_claimed(self.loss) else None

    def save(self, path: Path, **facts: Any) -> None:
        """Write the certificate, with facts beside it, as JSON."""
        write_text(path, json.dumps({"schema": SCHEMA, **self.to_dict(), **facts}, indent=2) + "\n")

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the statement or why it does not hold, and every part of the claim."""
        claim = in_words(str(self.claim))
        proof = f"{CERTIFIED}: {proof_in_words(claim, bound=self.stated_bound, delta=self.delta)}"
        sentence = capital(proof if self.certified else refusal_in_words(in_words(self.reason), claim=claim))
        rows = [
            (
                part.name,
                f"{part.relation} {part.required:g}",
                part.observed,
                part.bound,
                f"{part.p_value:.3g}",
                f"{part.n:,} {self.unit}s",
                "yes" if part.passed else "no",
            )
            for part in self.parts
        ]
        headings = ["what is claimed", "required", "observed", "bound", "p-value", "tested on", "passed"]
        return str(html_block(sentence, html_table(headings, rows), html_notes(self.notes)))
