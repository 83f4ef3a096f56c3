"""What can be claimed of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from policies.certificates.losses import Loss, own_loss
from policies.certificates.statements import Statement, by_quality
from policies.errors import ClaimError
from policies.qualities.base import ACCURACY, RIGHT_OR_WRONG


Limits = float | Mapping[str, float] | None
"""A limit of the claim's quality, or limits of several by their names."""


@dataclass(frozen=True)
class Claim:
    """What must hold on new data of the same kind, all of it together.

    The first of ``target``, ``max_drop``, ``max_relative_drop``, ``max_degradation``, ``max_disagreement`` and
    ``bounds`` that is given is the main claim. With groups, every mean is one over groups of the mean within a group,
    so that each group counts alike.

    Attributes:
        target: Least accuracy, or least value of another ``quality``, in (0, 1]; of ``hamming`` the largest, in [0, 1).
        max_drop: Largest amount of the quality lost against the full network, gains counted against losses, in [0, 1);
            or such limits of several qualities by their names. Of ``hamming`` it is the largest increase.
        max_degradation: Largest share of samples that the full network answers rightly and the policy
            wrongly, in [0, 1).
        max_disagreement: Largest share of samples that the policy answers otherwise than the full network, in [0, 1):
            the one claim that needs no labels. Sets of labels are compared as a whole.
        class_floor: Least recall of every class, in (0, 1].
        exit_floor: Least accuracy, or least value of another ``quality``, among the samples that leave at an exit, of
            every exit, in (0, 1].
        max_relative_drop: Largest share of the full network's quality that is lost, in [0, 1): the mean of what the
            policy has is at least the rest of the mean of what the full network has; or several by name.
        quality: What the target, bare drops and the exit floor are about: ``accuracy``, ``exact_match``, ``hamming``,
            an F1, recall or precision of labels, or the name of a :class:`~policies.qualities.MeanOfAnswers`.
        bounds: Least values, in (0, 1], of further such qualities, by name; of ``hamming`` the largest, in [0, 1).
        by: Name of a column of the table, such as ``site``: what is claimed of all samples must hold among the samples
            of each of its values too. None claims nothing of subgroups.

    Raises:
        ClaimError: If nothing is claimed, a number is out of range, two limits are of one loss, or something is claimed
            of a quality that it cannot be claimed of: class floors of others than accuracy, degradations where answers
            are not right or wrong, exit floors and drops of ratios such as F1.

    Example:
        >>> print(Claim(target=0.95, class_floor=0.8))
        accuracy is at least 0.95, every class's recall is at least 0.8
        >>> print(Claim(max_drop=0.01, bounds={"macro_f1": 0.9}))
        the drop against the full network is at most 0.01, macro_f1 is at least 0.9
    """

    target: float | None = None
    max_drop: Limits = None
    max_degradation: float | None = None
    class_floor: float | None = None
    exit_floor: float | None = None
    max_relative_drop: Limits = None
    quality: str = ACCURACY
    bounds: Mapping[str, float] = field(default_factory=dict)
    max_disagreement: float | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        if not self.statements:
            raise ClaimError(
                "a claim needs a target, a max_drop, a max_relative_drop, a max_degradation, a max_disagreement or "
                "bounds but has none of them"
            )
        for one in self.statements:
            _check(one)
        for name in ("class_floor", "exit_floor"):
            _check_least(name, getattr(self, name))
        if self.by is not None and not self.by.strip():
            raise ClaimError("by must be the name of a column but is empty; name one, such as site")
        if self.by is not None and " = " in self.by:
            raise ClaimError(f"by must be the name of a column without ' = ' but is {self.by!r}; rename the column")
        self._check_drops()
        self._check_floors()

    def _check_drops(self) -> None:
        twice = sorted({*by_quality(self.max_drop, self.quality)} & {*by_quality(self.max_relative_drop, self.quality)})
        if twice:
            of_it = "" if twice == [ACCURACY] else f" of {twice[0]}"
            raise ClaimError(f"max_drop and max_relative_drop are two limits of one loss{of_it}; give one of them")
        for one in self.statements:
            if one.loss in (Loss.DROP, Loss.RELATIVE_DROP) and own_loss(one.quality) is Loss.SHORTFALL:
                raise ClaimError(
                    f"a drop that is claimed must be of a mean over what is judged but {one.quality} is a ratio of "
                    f"counts; claim a least value of it, or take the estimate of a search"
                )
            if one.loss is Loss.RELATIVE_DROP and own_loss(one.quality) is Loss.EXCESS:
                raise ClaimError(
                    f"max_relative_drop is a share of a quality of which more is better but less {one.quality} is; "
                    f"give max_drop"
                )

    def _check_floors(self) -> None:
        if self.quality not in RIGHT_OR_WRONG and self.max_degradation is not None:
            raise ClaimError(
                f"max_degradation is about right and wrong answers but the claim is about {self.quality}; leave it out"
            )
        if self.class_floor is not None and not self.is_about_accuracy:
            raise ClaimError(
                f"class_floor is about right and wrong answers but the claim is about {self.quality}; leave it out"
            )
        if self.exit_floor is not None and self.main_loss not in (Loss.ERROR, Loss.LACK):
            raise ClaimError(
                f"exit_floor is about a figure of each answer of which more is better but the claim is about "
                f"{self.quality}; leave it out"
            )

    @property
    def overall(self) -> Claim:
        """The same claim about all samples, without that about every value of a column."""
        return replace(self, by=None)

    @property
    def floor_implies_target(self) -> bool:
        """Whether the target holds wherever every class has the recall of the class floor."""
        return self.class_floor is not None and self.target is not None and self.target <= self.class_floor

    @property
    def is_about_accuracy(self) -> bool:
        """Whether the target, bare drops and floors are about right and wrong answers of classes."""
        return self.quality == ACCURACY

    @property
    def qualities(self) -> tuple[str, ...]:
        """Names of the qualities that answers must be judged by."""
        floors = [self.quality] if self.class_floor is not None or self.exit_floor is not None else []
        judged = [one.quality for one in self.statements if one.loss.needs_labels]
        return tuple(dict.fromkeys([*judged, *floors]))

    @property
    def needs_labels(self) -> bool:
        """Whether some part of it takes the truth."""
        return bool(self.qualities)

    @property
    def needs_figures(self) -> tuple[str, ...]:
        """Names of the qualities, other than accuracy, that answers must be judged by."""
        return tuple(name for name in self.qualities if name != ACCURACY)

    @property
    def main_loss(self) -> Loss:
        """What an answer loses of the claim's quality by itself."""
        return own_loss(self.quality)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What is claimed of all that is judged, quality by quality, the main one first."""
        own = {
            "target": (self.main_loss, self.target),
            "max_degradation": (Loss.DEGRADATION, self.max_degradation),
            "max_disagreement": (Loss.DISAGREEMENT, self.max_disagreement),
        }
        of_own = {
            name: [] if value is None else [Statement(name, self.quality, loss, value)]
            for name, (loss, value) in own.items()
        }
        drops = by_quality(self.max_drop, self.quality).items()
        relative = by_quality(self.max_relative_drop, self.quality).items()
        return (
            *of_own["target"],
            *(Statement("max_drop", name, Loss.DROP, value) for name, value in drops),
            *(Statement("max_relative_drop", name, Loss.RELATIVE_DROP, value) for name, value in relative),
            *of_own["max_degradation"],
            *of_own["max_disagreement"],
            *(Statement("bounds", name, own_loss(name), value) for name, value in self.bounds.items()),
        )

    def with_limits(self, found: Mapping[Statement, float], *, class_floor: float | None) -> Claim:
        """The same claim with other numbers: what each statement requires, and the class floor."""
        given: dict[str, Any] = {"class_floor": class_floor}
        for one, required in found.items():
            if isinstance(getattr(self, one.field), Mapping):
                given[one.field] = {**given.get(one.field, getattr(self, one.field)), one.quality: required}
            else:
                given[one.field] = required
        return replace(self, **given)

    @classmethod
    def from_dict(cls, data: Any) -> Claim:
        """Read the JSON form, as a certificate's has it under ``claim``.

        Raises:
            ClaimError: If that is no claim.
        """
        names = [own.name for own in fields(cls)]
        if not isinstance(data, dict) or not set(data) <= set(names):
            raise ClaimError(f"a claim must be a JSON object of {', '.join(names)} but is {str(data)[:80]!r}")
        quality, bounds = data.get("quality", ACCURACY), data.get("bounds", {})
        if not (isinstance(quality, str) and isinstance(bounds, dict)):
            raise ClaimError(
                f"a claim's quality must be a name, and its bounds an object, but {str(data)[:80]!r} has others"
            )
        by = data.get("by")
        if not (by is None or isinstance(by, str)):
            raise ClaimError(f"a claim's by must be the name of a column but is {str(by)[:80]!r}")
        for name, value in data.items():
            for one in _numbers(name, value):
                if isinstance(one, bool) or not isinstance(one, int | float):
                    raise ClaimError(f"a claim's {name} must be a number but is {str(one)[:80]!r}")
        return cls(**data)

    def __str__(self) -> str:
        further = [one.phrase for one in self.statements if one.field == "bounds"]
        floors = {
            "every class's recall is at least": self.class_floor,
            f"the {self.quality} of those that leave at each exit is at least": self.exit_floor,
        }
        return ", ".join(
            [one.phrase for one in self.statements if one.field != "bounds"]
            + [f"{text} {value:g}" for text, value in floors.items() if value is not None]
            + further
            + ([] if self.by is None else [f"each also for every value of {self.by} by itself"])
        )


def _numbers(name: str, value: Any) -> list[Any]:
    """What must be numbers of what a field's JSON form holds."""
    if name in ("quality", "by"):
        return []
    if isinstance(value, dict) and name in ("max_drop", "max_relative_drop", "bounds"):
        return list(value.values())
    return [] if value is None else [value]


def _check(one: Statement) -> None:
    """Refuse a number that is out of range."""
    name = {"bounds": f"the bound of {one.quality}"}.get(one.field, one.field)
    if one.loss.is_read_as_least:
        _check_least(name, one.required)
    elif not 0 <= one.required < 1:
        raise ClaimError(f"{name} must be at least 0 and below 1 but is {one.required:g}")


def _check_least(name: str, value: float | None) -> None:
    if value is not None and not 0 < value <= 1:
        raise ClaimError(f"{name} must be above 0 and at most 1 but is {value:g}")


def require_delta(delta: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        ClaimError: If it is.
    """
    if not 0 < delta < 1:
        raise ClaimError(f"delta must lie strictly between 0 and 1 but is {delta:g}; usual is 0.05")
