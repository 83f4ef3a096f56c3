"""How answers turned out, and what each part of a claim loses by each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.label_ratios import LabelRatio, RatioCounts
from policies.certificates.losses import Loss, own_loss
from policies.certificates.statements import Statement
from policies.certificates.subgroups import Subgroups
from policies.errors import ClaimError
from policies.judging.judged import Judged
from policies.policy import Decision
from policies.qualities import MeanOfAnswers, get_quality, name_where, require_judges
from policies.qualities.base import ACCURACY, RIGHT_OR_WRONG
from policies.tables.base import ExitTable, Truth
from policies.tables.detection import DetectionTable
from policies.tables.multilabel import LabelSets


@dataclass(frozen=True)
class Outcomes:
    """How the ``N`` answers turned out that are judged: those about samples, or about parents where these are pooled.

    Attributes:
        figures: What each quality gives the policy's answers, by name, in [0, 1], shape (N,) each; as accuracy 1 where
            the policy is right, else 0.
        full_figures: The same of the full network's answers; None where nobody knows these, or compares with them.
        strata: What the samples are counted by, their class if there are classes, shape (N,).
        n_strata: Number of strata.
        exits: Index of the exit taken, shape (N,); of a parent the deepest that one of its samples took.
        counts: The counts behind each quality that is a ratio of them, by name.
        differs: Whether the policy answers otherwise than the full network, shape (N,); None where nobody asks for it,
            or knows that network's answers, or answers are more or less near.
        subgroups: Which answer has which value of the claim's column; None where it has none, or nobody knows them.
    """

    figures: Mapping[str, NDArray[np.float64]]
    full_figures: Mapping[str, NDArray[np.float64]] | None
    strata: NDArray[np.int64]
    n_strata: int
    exits: NDArray[np.int64]
    counts: Mapping[str, tuple[RatioCounts, ...]] = field(default_factory=dict)
    differs: NDArray[np.bool_] | None = None
    subgroups: Subgroups | None = None

    @classmethod
    def of(cls, table: ExitTable, decision: Decision, claim: Claim) -> Outcomes:
        """The outcomes of a policy on a table, as a claim's qualities judge them.

        Raises:
            ExitSearchError: If a quality is not one that can be certified, or not for the table's answers.
        """
        if claim.needs_labels and not table.is_labelled:
            raise ClaimError(
                "a claim about right answers needs labels but the table has none; claim a max_disagreement, or label "
                "those answers that differ from the full network's (policies.certificates.labelling)"
            )
        if ACCURACY in claim.qualities and isinstance(table.truth, LabelSets):
            raise ClaimError("sets of labels are right or wrong as exact_match has it, not as accuracy; claim that")
        for name in claim.needs_figures:
            require_certifiable(name)
            require_judges(name, table)
        parents = None if decision.parents is None else decision.parents.parents
        subgroups = None if claim.by is None else Subgroups.of(table, claim.by, parents)
        judged = Judged(decision.view, table.truth)
        truth, answers = judged.truth, judged.answers(decision.exits)
        ratios = {name: ratio for name in claim.qualities if (ratio := LabelRatio.named(name)) is not None}
        means = [name for name in claim.qualities if name not in ratios]
        full_figures, differs = None, None
        if any(one.loss.is_compared for one in claim.statements):
            full = decision.full_network(table)
            of_full = Judged(full.view, table.truth).answers(full.exits)
            full_figures = {name: _figures(name, of_full, truth) for name in means}
            # Of values of a column it tells how much each may have gained before anybody looks.
            if claim.max_disagreement is not None or (claim.by is not None and not isinstance(table, DetectionTable)):
                differs = table.differing(answers, of_full)
        return cls(
            {name: _figures(name, answers, truth) for name in means},
            full_figures,
            truth.strata,
            truth.n_strata,
            judged.deepest(decision.exits),
            {name: ratio.counts(answers, _labels(truth)) for name, ratio in ratios.items()},
            differs,
            subgroups,
        )

    @property
    def n(self) -> int:
        """Number of answers that are judged, ``N``."""
        return len(self.exits)

    def losses(self, one: Statement) -> NDArray[np.float64] | None:
        """What each of the N loses, shape (N,); None where it takes the full network's answers and nobody knows them.

        Args:
            one: What is claimed of a quality that is no ratio.
        """
        if one.loss is Loss.DISAGREEMENT:
            return None if self.differs is None else self.differs.astype(np.float64)
        own = self.figures[one.quality]
        if not one.loss.is_compared:
            return own if one.loss is Loss.EXCESS else 1 - own
        if self.full_figures is None:
            return None
        full = self.full_figures[one.quality]
        if one.loss is Loss.DEGRADATION:
            return full * (1 - own)
        if one.loss is Loss.RELATIVE_DROP:
            return (1 - one.required) * full - own
        return own - full if own_loss(one.quality) is Loss.EXCESS else full - own


def require_certifiable(name: str) -> None:
    """Refuse a quality of which no least value, or largest where less is better, can be certified.

    Raises:
        ExitSearchError: If there is no such quality, or it is no mean over samples and no ratio of their counts.
    """
    if not is_certifiable(name):
        raise ClaimError(
            f"a quality that is claimed must be {ACCURACY}, a mean of each answer's own figure, of which more is "
            f"better, such as image_f1, or of sets of labels exact_match, hamming, label_micro_f1 or label_f1[NAME], "
            f"but is {name!r}; claim one of those, or take the estimate of a search"
        )


def is_certifiable(name: str) -> bool:
    """Whether a limit of a quality can be certified by itself: shares, means over what is judged, ratios of counts."""
    quality = get_quality(name)
    if own_loss(name) is not Loss.LACK:
        return True
    return isinstance(quality, MeanOfAnswers) and quality.is_maximised


def is_drop_certifiable(name: str) -> bool:
    """Whether a drop of a quality can be certified: that of a share or a mean, not that of a ratio of counts."""
    return is_certifiable(name) and own_loss(name) is not Loss.SHORTFALL


def _figures(name: str, answers: NDArray[Any], truth: Truth) -> NDArray[np.float64]:
    """What a quality gives each answer, shape (N,)."""
    if name in RIGHT_OR_WRONG:
        return truth.right(answers).astype(np.float64)
    quality = get_quality(name)
    if not isinstance(quality, MeanOfAnswers):
        raise ClaimError(f"quality {name!r} has no figure of each answer; claim another")
    return quality.of_answers(answers, truth)


def _labels(truth: Truth) -> LabelSets:
    """The truth, which is one of sets of labels.

    Raises:
        ClaimError: If it is not.
    """
    if isinstance(truth, LabelSets):
        return truth
    raise ClaimError("a claim of labels needs answers that are sets of labels but these are others; claim another")


@dataclass(frozen=True)
class PartLosses:
    """What one part of a claim is about: the mean of one loss among some of ``N`` samples is at most a limit.

    Attributes:
        name: What a person calls it, such as ``accuracy`` or ``recall of class 3``.
        quality: Name of the quality that it is about.
        family: ``main``, ``class``, ``label``, ``exit`` or ``subgroup``.
        loss: Loss whose mean is limited.
        limit: Largest mean of the loss.
        losses: Loss of each sample, shape (N,).
        among: Whether the part is about each sample, shape (N,).
        counts: The counts behind a shortfall, of the N samples; None for any other loss.
        required: The limit as the claim has it.
        subgroup: The value of the claim's column that it is about; None where it is about all samples.
    """

    name: str
    quality: str
    family: str
    loss: Loss
    limit: float
    losses: NDArray[np.float64]
    among: NDArray[np.bool_]
    required: float
    counts: RatioCounts | None = None
    subgroup: str | None = None


def part_losses(claim: Claim, outcomes: Outcomes, *, used_exits: NDArray[np.int64]) -> Iterator[PartLosses]:
    """The parts of a claim, the main one first, without those whose losses cannot be known.

    Args:
        claim: Claim whose parts are wanted.
        outcomes: How the answers about N samples turned out, judged by the claim's qualities.
        used_exits: Indices of the exits that an exit floor is about.
    """
    stated = [*_of_statements(claim, outcomes)]
    yield from stated
    for family, name, floor, among in _floors(claim, outcomes, used_exits):
        own = 1 - outcomes.figures[claim.quality]
        yield PartLosses(name, claim.quality, family, claim.main_loss, 1 - floor, own, among, floor)
    if outcomes.subgroups is not None:
        yield from _of_subgroups(stated, outcomes.subgroups)


def _of_statements(claim: Claim, outcomes: Outcomes) -> Iterator[PartLosses]:
    """The parts about all samples, the main one first."""
    everywhere = np.ones(outcomes.n, dtype=bool)
    for one in claim.statements:
        if one.loss is Loss.SHORTFALL:
            yield from _shortfalls(one, outcomes, everywhere)
            continue
        losses = outcomes.losses(one)
        if losses is not None:
            yield PartLosses(one.name, one.quality, "main", one.loss, one.limit, losses, everywhere, one.required)


def _of_subgroups(stated: Sequence[PartLosses], subgroups: Subgroups) -> Iterator[PartLosses]:
    """The same parts about each value of the claim's column alone."""
    for part in stated:
        for k, value in enumerate(subgroups.values):
            name = name_where(part.name, subgroups.column, value)
            among = subgroups.of_each == k
            yield replace(part, name=name, family="subgroup", among=among, subgroup=value)


def _shortfalls(one: Statement, outcomes: Outcomes, everywhere: NDArray[np.bool_]) -> Iterator[PartLosses]:
    """A part for each ratio that the quality is made of."""
    ratios = outcomes.counts[one.quality]
    family = "main" if len(ratios) == 1 else "label"
    for counts in ratios:
        what = (counts.name, one.quality, family, one.loss, one.limit, counts.shortfall(one.required))
        yield PartLosses(*what, everywhere, one.required, counts)


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
