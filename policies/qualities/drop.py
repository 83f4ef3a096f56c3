"""What is lost of a quality against another policy of the same network, as a quality that can be bounded itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.qualities import NOWHERE, CountedQuality, Judge, PooledQuality, Quality, get_quality
from policies.qualities.base import ACCURACY, RIGHT_OR_WRONG, DrawnJudge
from policies.tables.base import Truth
from policies.views.view import RuleView


_LEAST_REFERENCE = 1e-12
_UNKNOWN_REFERENCE = "a drop is counted from a reference's answers but none are given"


@dataclass(frozen=True)
class DropLimit:
    """How much of a quality may be lost.

    Attributes:
        limit: Largest amount of the quality that is lost, or the largest share of what the reference has.
        quality: Name of the quality.
        is_relative: Whether the limit is a share of what the reference has.
    """

    limit: float
    quality: str = ACCURACY
    is_relative: bool = False

    @property
    def name(self) -> str:
        """What a person calls it."""
        own = "" if self.quality == ACCURACY else f" of {self.quality}"
        return f"{'relative ' if self.is_relative else ''}drop{own}"

    def worst(self, reference: float) -> float:
        """The worst value that is still allowed where the reference has this one."""
        if self.is_relative:
            return reference * (1 - self.limit)
        return reference - get_quality(self.quality).sign * self.limit

    def against(self, answers: NDArray[Any] | None, truth: Truth | None) -> Quality[Any]:
        """The drop as a quality.

        Args:
            answers: What the reference answers about the samples that are judged, shape (N, ...); None where only the
                quality's range and direction are wanted.
            truth: What answers are judged by, of the same samples.
        """
        quality = get_quality(self.quality)
        if self.quality not in RIGHT_OR_WRONG and isinstance(quality, CountedQuality):
            return CountedDrop.of(quality, answers, truth, is_relative=self.is_relative)
        if self.quality not in RIGHT_OR_WRONG:
            return QualityDrop(quality, answers, self.is_relative)
        is_right = None if answers is None or truth is None else truth.right(answers)
        return RelativeDrop(is_right) if self.is_relative else Drop(is_right)


@dataclass(frozen=True, eq=False)
class Drop(CountedQuality[Truth]):
    """The reference's accuracy less the policy's own; it lies between -1 and 1.

    It is no quality of a goal: what a reference answers cannot be told from what a rule sees.

    Attributes:
        reference_is_right: Whether the reference answers each sample rightly, shape (N,); None for always.
    """

    name: ClassVar[str] = "drop"
    is_maximised: ClassVar[bool] = False
    task: ClassVar[str | None] = None
    lowest: ClassVar[float] = -1.0

    reference_is_right: NDArray[np.bool_] | None = None

    def n_tallies(self, truth: Truth) -> int:
        """Two."""
        return 2

    def marks(self, view: RuleView, truth: Truth) -> NDArray[np.int64]:
        """Right answers, then the reference's."""
        right = np.where(truth.right(view.answers), 0, NOWHERE)
        reference = np.ones(len(right), dtype=bool) if self.reference_is_right is None else self.reference_is_right
        return np.stack([right, np.broadcast_to(np.where(reference, 1, NOWHERE)[:, None], right.shape)])

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """The difference of right answers over all."""
        return np.asarray((tallies[:, 1] - tallies[:, 0]) / strata.sum())

    def worst(self, truth: Truth) -> NDArray[np.float64]:
        """Wrong where the reference is right."""
        return np.array([0.0, 1.0])


class RelativeDrop(Drop):
    """The share of the reference's right answers that the policy has fewer; negative where it has more."""

    name: ClassVar[str] = "relative drop"
    lowest: ClassVar[float] = -np.inf

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """One less the ratio of right answers."""
        return np.asarray(1 - tallies[:, 0] / np.maximum(tallies[:, 1], _LEAST_REFERENCE))


@dataclass(frozen=True, eq=False)
class CountedDrop(CountedQuality[Truth]):
    """What the reference has of a counted quality less what the policy has, or the share of it that the policy lacks.

    Negative where the policy is better. Both are counted in the same samples, so that both are good or bad together.

    Attributes:
        quality: Quality that is lost, a function of T tallies.
        reference: Up to K tallies that each sample adds to by the reference, or ``NOWHERE``, shape (K, N); None where
            nothing is judged.
        typical: What a sample adds to each tally by the reference on average, shape (T,); None where nothing is judged.
        is_relative: Whether the loss is a share of what the reference has.
    """

    name: ClassVar[str] = "drop"
    is_maximised: ClassVar[bool] = False
    task: ClassVar[str | None] = None

    quality: CountedQuality[Any]
    reference: NDArray[np.int64] | None = None
    typical: NDArray[np.float64] | None = None
    is_relative: bool = False

    @classmethod
    def of(
        cls, quality: CountedQuality[Any], answers: NDArray[Any] | None, truth: Truth | None, *, is_relative: bool
    ) -> CountedDrop:
        """The drop from what a reference answers, shape (N, ...), if that is known; see :meth:`DropLimit.against`."""
        if answers is None or truth is None:
            return cls(quality, is_relative=is_relative)
        marks = quality.marks(_at_the_only_exit(answers), truth)[:, :, 0]
        tallies = np.bincount(marks[marks != NOWHERE], minlength=quality.n_tallies(truth))
        return cls(quality, marks, tallies / truth.n_samples, is_relative)

    @property
    def is_share(self) -> bool:  # type: ignore[override]  # it depends on the quality
        """Whether the quality is a mean over samples."""
        return self.quality.is_share

    @property
    def lowest(self) -> float:  # type: ignore[override]  # it depends on the quality
        """All that can be gained; of a share of what the reference has there is no least."""
        return -np.inf if self.is_relative else self.quality.lowest - self.quality.highest

    @property
    def highest(self) -> float:  # type: ignore[override]  # it depends on the quality
        """All that can be lost: the whole range of the quality, or all that the reference has."""
        return 1.0 if self.is_relative else self.quality.highest - self.quality.lowest

    def n_tallies(self, truth: Truth) -> int:
        """Those of the policy and those of the reference."""
        return 2 * self.quality.n_tallies(truth)

    def marks(self, view: RuleView, truth: Truth) -> NDArray[np.int64]:
        """The policy's marks, then the reference's.

        Raises:
            ExitSearchError: If the reference's answers are not known.
        """
        if self.reference is None:
            raise ExitSearchError(_UNKNOWN_REFERENCE)
        own = self.quality.marks(view, truth)
        of_reference = np.where(self.reference == NOWHERE, NOWHERE, self.reference + self.quality.n_tallies(truth))
        return np.concatenate([own, np.broadcast_to(of_reference[:, :, None], (*of_reference.shape, own.shape[2]))])

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """The difference of both figures."""
        n = tallies.shape[1] // 2
        own, reference = self.quality.value(tallies[:, :n], strata), self.quality.value(tallies[:, n:], strata)
        lost = self.quality.sign * (reference - own)
        return np.asarray(lost / np.maximum(reference, _LEAST_REFERENCE) if self.is_relative else lost)

    def worst(self, truth: Truth) -> NDArray[np.float64]:
        """The worst for the policy, and what is usual for the reference."""
        own = self.quality.worst(truth)
        return np.concatenate([own, own if self.typical is None else self.typical])


@dataclass(frozen=True, eq=False)
class QualityDrop(PooledQuality[Truth]):
    """What the reference has of any quality less what the policy has, or the share of it that the policy lacks.

    Negative where the policy is better. The reference answers the same samples, so that both are good or bad together.

    Attributes:
        quality: Quality that is lost.
        answers: What the reference answers about the samples that are judged, shape (N, ...); None where nothing is
            judged.
        is_relative: Whether the loss is a share of what the reference has.
    """

    name: ClassVar[str] = "drop"
    is_maximised: ClassVar[bool] = False
    task: ClassVar[str | None] = None
    lowest: ClassVar[float] = -np.inf

    quality: Quality[Any]
    answers: NDArray[Any] | None = None
    is_relative: bool = False

    @property
    def highest(self) -> float:  # type: ignore[override]  # it depends on the quality
        """All that can be lost: the whole range of the quality, or of one from 0 on all that the reference has."""
        if self.is_relative:
            return 1.0 if self.quality.lowest >= 0 else np.inf
        return self.quality.highest - self.quality.lowest

    def judge(self, view: RuleView, truth: Truth) -> Judge:
        """Both policies by the quality; arguments and result as for the base class.

        Raises:
            ExitSearchError: If the reference's answers are not known.
        """
        if self.answers is None:
            raise ExitSearchError(_UNKNOWN_REFERENCE)
        whole = _at_the_only_exit(self.answers)
        (reference,) = self.quality.values(whole, truth, np.zeros((1, truth.n_samples), dtype=np.int64))
        values = _judge(self.quality, view, truth)
        return lambda exits: self._lost(reference, values(exits))

    def judge_drawn(self, view: RuleView, truth: Truth) -> DrawnJudge:
        """Both policies on the same draw; arguments and result as for the base class.

        Raises:
            ExitSearchError: If the reference's answers are not known.
        """
        if self.answers is None or not isinstance(self.quality, PooledQuality):
            return super().judge_drawn(view, truth)
        of_reference = self.quality.judge_drawn(_at_the_only_exit(self.answers), truth)
        values, closed = self.quality.judge_drawn(view, truth), np.zeros((1, truth.n_samples), dtype=np.int64)
        return lambda exits, rows: self._lost(of_reference(closed, rows)[0], values(exits, rows))

    def _lost(self, reference: float, values: NDArray[np.float64]) -> NDArray[np.float64]:
        lost = self.quality.sign * (reference - values)
        return np.asarray(lost / max(reference, _LEAST_REFERENCE) if self.is_relative else lost)


def _judge(quality: Quality[Any], view: RuleView, truth: Truth) -> Judge:
    if isinstance(quality, PooledQuality):
        return quality.judge(view, truth)
    return lambda exits: quality.values(view, truth, exits)


def _at_the_only_exit(answers: NDArray[Any]) -> RuleView:
    """Answers, shape (N, ...), as a view with one exit where they are given."""
    return RuleView(np.zeros((len(answers), 1, 1)), np.ones((len(answers), 1), dtype=bool), answers[:, None])
