"""What a rule makes of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from policies.rules.distributions import Distributions, Held, Joined, Outputs, Remade, Taken, output_blocks


class Combine(StrEnum):
    """How the score columns of an exit make one gate."""

    ANY = "any"
    """Leave where at least one column reaches its threshold."""
    ALL = "all"
    """Leave where every column reaches its threshold."""
    ONE = "one"
    """As ``ANY``, and a policy uses one column per exit: the thresholds of the others are infinite."""


@dataclass(frozen=True)
class RuleView:
    """What a rule sees in one exit table, before any threshold.

    A sample may leave at exit ``k`` where ``eligible[:, k]`` holds and its scores reach the exit's
    thresholds, as ``combine`` says; it then gives the answer ``answers[:, k]``. The last exit is always open.

    Attributes:
        scores: Higher means safer to leave, shape (N, E, S) for S columns, float64, never NaN; minus
            infinity reaches no threshold.
        eligible: Where leaving is allowed at all, shape (N, E), bool.
        distributions: What is answered with at each exit, of shape (N, E, C).
        combine: How several columns make one gate.
    """

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    distributions: Distributions
    combine: Combine = Combine.ANY

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """All distributions at once, shape (N, E, C), float64: large, and made anew each time where N is."""
        return self.distributions.whole()

    @property
    def answers(self) -> NDArray[np.int64]:
        """Predicted class at each exit, shape (N, E); ties go to the lower class index."""
        return self.distributions.answers

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``."""
        return self.distributions.shape[2]

    @property
    def n_columns(self) -> int:
        """Number of score columns, ``S``."""
        return int(self.scores.shape[2])

    def take(self, rows: NDArray[np.int64]) -> RuleView:
        """The view of some of the samples, each once, in any order."""
        return RuleView(self.scores[rows], self.eligible[rows], Taken(self.distributions, rows), self.combine)

    @classmethod
    def of_one_score(cls, scores: NDArray[np.float64], probabilities: NDArray[np.float64]) -> RuleView:
        """A view with one column, scores of shape (N, E), and no exit forbidden."""
        return cls(scores[:, :, None], np.ones(scores.shape, dtype=bool), Held(probabilities))


@dataclass(frozen=True)
class _Distributions:
    """The part of a view that :class:`~policies.rules.distributions.Remade` needs."""

    look: Callable[[Outputs], RuleView]

    def __call__(self, outputs: Outputs) -> Distributions:
        return self.look(outputs).distributions


def view_in_blocks(
    look: Callable[[Outputs], RuleView], outputs: Outputs, rows: NDArray[np.int64] | None = None
) -> RuleView:
    """Look at the samples of a table block by block, and keep all but the distributions.

    Args:
        look: Sees each sample by itself, so that it does not matter which others are beside it.
        outputs: Of the whole table.
        rows: Which samples, shape (N,); all where None.
    """
    scores, eligible, answers = [], [], []
    for place, block in output_blocks(outputs, rows):
        view = look(block)
        if place == slice(0, outputs.n_samples if rows is None else len(rows)):
            return view
        scores.append(view.scores)
        eligible.append(view.eligible)
        answers.append(view.answers)
    remade = Remade(_Distributions(look), outputs, rows, np.concatenate(answers))
    return RuleView(np.concatenate(scores), np.concatenate(eligible), remade, view.combine)


def join_views(parts: list[tuple[NDArray[np.int64], RuleView]]) -> RuleView:
    """One view from views of parts of the samples, which are all of them together."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    return RuleView(
        np.concatenate([view.scores for _, view in parts])[order],
        np.concatenate([view.eligible for _, view in parts])[order],
        Joined([(rows, view.distributions) for rows, view in parts]),
        parts[0][1].combine,
    )
