"""What a rule makes of a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.parents.parent_answers import ParentAnswers
from policies.views.distributions import Distributions, Held, Joined, Taken


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
        eligible: Whether leaving is allowed at all, shape (N, E), bool.
        answers: What is answered at each exit, shape (N, E) for classes, (N, E, ...) for answers of several numbers.
        distributions: What the answers were taken from, of shape (N, E, C); None where there is no such thing.
        combine: How the score columns of an exit make one gate.
        parents: What is answered about parents by the exits that their samples take, which is then what is judged; None
            where each sample answers for itself.
    """

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    answers: NDArray[Any]
    distributions: Distributions | None = None
    combine: Combine = Combine.ANY
    parents: ParentAnswers | None = None

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """All distributions at once, shape (N, E, C), float64: large, and made anew each time where N is."""
        return required(self.distributions).whole()

    @property
    def has_distributions(self) -> bool:
        """Whether what is judged, samples or parents, has something that its answers were taken from."""
        return self.distributions is not None or (self.parents is not None and self.parents.has_distributions)

    @property
    def n_columns(self) -> int:
        """Number of score columns, ``S``."""
        return int(self.scores.shape[2])

    def take(self, rows: NDArray[np.int64]) -> RuleView:
        """The view of some of the samples, each once, in any order; of each parent all of its samples, or none."""
        distributions = None if self.distributions is None else Taken(self.distributions, rows)
        parents = None if self.parents is None else self.parents.take(rows)
        return RuleView(
            self.scores[rows], self.eligible[rows], self.answers[rows], distributions, self.combine, parents
        )

    @classmethod
    def of_one_score(cls, scores: NDArray[np.float64], probabilities: NDArray[np.float64]) -> RuleView:
        """A classifier's view with one column, scores of shape (N, E), and no exit forbidden."""
        answers = np.asarray(probabilities.argmax(axis=2), dtype=np.int64)
        return cls(scores[:, :, None], np.ones(scores.shape, dtype=bool), answers, Held(probabilities))


def gate_is_open(scores: NDArray[np.float64], thresholds: NDArray[np.float64], combine: Combine) -> NDArray[np.bool_]:
    """Whether scores reach thresholds, as a rule combines its columns.

    Args:
        scores: Shape (..., S); minus infinity reaches no threshold.
        thresholds: Shape (S,) or one that fits the scores; a score equal to its threshold reaches it, infinity is never
            reached.
        combine: How the S columns make one gate.

    Returns:
        Shape (...), bool.
    """
    reached = (scores >= thresholds) & (thresholds < np.inf) & (scores > -np.inf)
    return np.asarray(reached.all(axis=-1) if combine is Combine.ALL else reached.any(axis=-1))


def join_views(parts: list[tuple[NDArray[np.int64], RuleView]]) -> RuleView:
    """One view from views of parts of the samples, which are all of them together."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]))
    views = [view for _, view in parts]
    distributions = [(rows, view.distributions) for rows, view in parts if view.distributions is not None]
    return RuleView(
        np.concatenate([view.scores for view in views])[order],
        np.concatenate([view.eligible for view in views])[order],
        np.concatenate([view.answers for view in views])[order],
        Joined(distributions) if distributions else None,
        views[0].combine,
    )


def required(distributions: Distributions | None) -> Distributions:
    """The distributions of answers that have some.

    Raises:
        PolicyError: If there are none.
    """
    if distributions is None:
        raise PolicyError("answers of this kind have no distributions; take the answers themselves")
    return distributions
