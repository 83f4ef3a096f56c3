"""How answers turned out, and what each part of a claim loses by each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, Loss
from policies.errors import ClaimError
from policies.judging.judged import Judged
from policies.policy import Decision
from policies.qualities import MeanOfAnswers, get_quality, require_judges
from policies.qualities.base import ACCURACY
from policies.tables.base import ExitTable, Truth


@dataclass(frozen=True)
class Outcomes:
    """How the ``N`` answers turned out that are judged: those about samples, or about parents where these are pooled.

    Attributes:
        figures: What the claim's quality gives the policy's answers, in [0, 1], shape (N,); as accuracy 1 where the
            policy is right, else 0.
        full_figures: The same of the full network's answers, shape (N,); None where nobody knows these.
        strata: What the samples are counted by, their class if there are classes, shape (N,).
        n_strata: Number of strata.
        exits: Index of the exit taken, shape (N,); of a parent the deepest that one of its samples took.
        further: What further qualities give the policy's answers, by name, in [0, 1], shape (N,) each.
    """

    figures: NDArray[np.float64]
    full_figures: NDArray[np.float64] | None
    strata: NDArray[np.int64]
    n_strata: int
    exits: NDArray[np.int64]
    further: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: ExitTable, decision: Decision, claim: Claim) -> Outcomes:
        """The outcomes of a policy on a table, as a claim's qualities judge them.

        Raises:
            ExitSearchError: If a quality is not one that can be certified, or not for the table's answers.
        """
        for name in claim.needs_figures:
            require_judges(require_certifiable(name).name, table)
        judged = Judged(decision.view, table.truth)
        truth, answers = judged.truth, judged.answers(decision.exits)
        of_last_exit = judged.answers(np.full_like(decision.exits, table.n_exits - 1))
        return cls(
            _figures(claim.quality, answers, truth),
            _figures(claim.quality, of_last_exit, truth),
            truth.strata,
            truth.n_strata,
            judged.deepest(decision.exits),
            {name: _figures(name, answers, truth) for name in claim.bounds},
        )

    def losses(self, loss: Loss, *, kept: float = 1.0) -> NDArray[np.float64] | None:
        """One loss of each sample, shape (N,); None where it takes the full network's answers and nobody knows them.

        Args:
            loss: The loss.
            kept: Share of the full network's figures that must be kept; for a relative drop alone.
        """
        if not loss.is_compared:
            return 1 - self.figures
        if self.full_figures is None:
            return None
        if loss is Loss.DEGRADATION:
            return self.full_figures * (1 - self.figures)
        return (kept if loss is Loss.RELATIVE_DROP else 1.0) * self.full_figures - self.figures


def require_certifiable(name: str) -> MeanOfAnswers[Any]:
    """A quality, other than accuracy, whose least value can be certified: a mean over samples of figures in [0, 1].

    Raises:
        ExitSearchError: If there is no such quality, or it is no such mean.
    """
    quality = get_quality(name)
    if isinstance(quality, MeanOfAnswers) and quality.is_maximised:
        return quality
    raise ClaimError(
        f"a quality that is claimed must be {ACCURACY} or a mean of each answer's own figure, of which more is better, "
        f"such as image_f1, but is {name!r}; claim one of those, or take the estimate of a search"
    )


def is_certifiable(name: str) -> bool:
    """Whether the least value of a quality can be certified by itself: that of accuracy, or of a mean over samples."""
    quality = get_quality(name)
    return name == ACCURACY or (isinstance(quality, MeanOfAnswers) and quality.is_maximised)


def _figures(name: str, answers: NDArray[Any], truth: Truth) -> NDArray[np.float64]:
    """What a quality gives each answer, shape (N,)."""
    if name == ACCURACY:
        return truth.right(answers).astype(np.float64)
    return require_certifiable(name).of_answers(answers, truth)


@dataclass(frozen=True)
class PartLosses:
    """What one part of a claim is about: the mean of one loss among some of ``N`` samples is at most a limit.

    Attributes:
        name: What a person calls it, such as ``accuracy`` or ``recall of class 3``.
        family: ``main``, ``class`` or ``exit``.
        loss: Loss whose mean is limited.
        limit: Largest mean of the loss.
        losses: Loss of each sample, shape (N,).
        among: Whether the part is about each sample, shape (N,).
    """

    name: str
    family: str
    loss: Loss
    limit: float
    losses: NDArray[np.float64]
    among: NDArray[np.bool_]


def part_losses(claim: Claim, outcomes: Outcomes, *, used_exits: NDArray[np.int64]) -> Iterator[PartLosses]:
    """The parts of a claim, the main one first, without those whose losses cannot be known.

    Args:
        claim: Claim whose parts are wanted.
        outcomes: How the answers about N samples turned out, judged by the claim's qualities.
        used_exits: Indices of the exits that an exit floor is about.
    """
    everywhere = np.ones(len(outcomes.figures), dtype=bool)
    kept = 1 - (claim.max_relative_drop or 0.0)
    for loss, limit in claim.main_limits.items():
        losses = outcomes.losses(loss, kept=kept)
        if losses is not None:
            yield PartLosses(_main_name(claim, loss), "main", loss, limit, losses, everywhere)
    for name, bound in claim.bounds.items():
        yield PartLosses(name, "main", Loss.LACK, 1 - bound, 1 - outcomes.further[name], everywhere)
    own = 1 - outcomes.figures
    for family, name, floor, among in _floors(claim, outcomes, used_exits):
        yield PartLosses(name, family, claim.main_loss, 1 - floor, own, among)


def _main_name(claim: Claim, loss: Loss) -> str:
    if loss is Loss.RELATIVE_DROP:
        return f"{claim.quality} below {1 - (claim.max_relative_drop or 0.0):g} of the full network's"
    if not loss.is_compared:
        return claim.quality
    return str(loss) if claim.is_about_accuracy else f"{loss} of {claim.quality}"


def _floors(
    claim: Claim, outcomes: Outcomes, used_exits: NDArray[np.int64]
) -> Iterator[tuple[str, str, float, NDArray[np.bool_]]]:
    """Family, name, floor and samples, shape (N,), of each floor part."""
    if claim.class_floor is not None:
        for label in range(outcomes.n_strata):
            yield "class", f"recall of class {label}", claim.class_floor, outcomes.strata == label
    if claim.exit_floor is not None:
        for k in used_exits:
            yield "exit", f"{claim.quality} at depth {k + 1}", claim.exit_floor, outcomes.exits == k
