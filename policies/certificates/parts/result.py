"""What is known about one part of a claim, once it is tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from policies.certificates.parts.base import ClaimPart


class _Found(TypedDict):
    """What a test finds of a part; keys are fields of :class:`PartResult`."""

    observed: float | None
    bound: float
    simultaneous_bound: float
    p_value: float
    passed: bool
    n: int
    method: str


@dataclass(frozen=True)
class PartResult:
    """What is known about one part of a claim.

    Attributes:
        name: Name of the part, such as ``accuracy`` or ``recall of class 3``.
        loss: Name of the loss that was bounded.
        relation: ``>=`` where the part is a least accuracy or quality, ``<=`` where it is a largest loss.
        required: The least accuracy or quality, or the largest loss.
        observed: Mean over the units, or None where there is none.
        bound: Confidence bound at the certificate's ``level``: lower for an accuracy or quality, upper for a loss.
        simultaneous_bound: Confidence bound at level ``level / K`` for the K classes, or the K exits, that have units
            (Bonferroni): those of all classes, or all exits, hold together at confidence ``1 - level``. Of subgroups K
            is the number of all parts about these.
        p_value: P-value of the test that the part does not hold, in [0, 1].
        passed: Whether the p-value is at most the certificate's ``level``.
        n: Number of units that the part is tested on.
        method: Name of the test that was used.
        subgroup: The value of the claim's column that the part is about; None where it is about all samples.
    """

    name: str
    loss: str
    relation: str
    required: float
    observed: float | None
    bound: float
    simultaneous_bound: float
    p_value: float
    passed: bool
    n: int
    method: str
    subgroup: str | None = None

    @classmethod
    def of(cls, part: ClaimPart, **found: Unpack[_Found]) -> PartResult:
        """What was found of a part of a claim."""
        return cls(
            name=part.name,
            loss=str(part.loss),
            relation=">=" if part.is_least else "<=",
            required=part.required,
            subgroup=part.subgroup,
            **found,
        )


def least_certain(results: Sequence[PartResult]) -> PartResult | None:
    """Of the parts about subgroups the least certain, with the largest p-value; None where there are none.

    Args:
        results: What is known about every part of a claim.
    """
    found = (result for result in results if result.subgroup is not None)
    return max(found, key=lambda result: result.p_value, default=None)


def worst_subgroup(results: Sequence[PartResult]) -> str | None:
    """The value with the least certain part; None where nothing is claimed of subgroups.

    Args:
        results: What is known about every part of a claim.
    """
    worst = least_certain(results)
    return None if worst is None else worst.subgroup


def note_on_other_values(results: Sequence[PartResult], column: str | None) -> list[str]:
    """That nothing is claimed about other values of the column that a claim is made by; none where it is made by none.

    Args:
        results: What is known about every part of the claim.
        column: Name of the column.
    """
    values = {result.subgroup for result in results if result.subgroup is not None}
    return [f"nothing is claimed about values of {column} beside these {len(values)}"] if values else []
