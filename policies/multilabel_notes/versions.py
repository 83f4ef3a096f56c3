"""The settings of each version: fixed ones, and what the genes of the evolved ones mean.

Thresholds are those of the rule ``notes-gate``: least mean confidence a, largest move D, largest label risk R and least
margin M_l of each label, as its columns take them: a, -D, -R, M_l.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.rules.multilabel_notes.notes_gate import N_OWN_COLUMNS


V11_CONFIDENCE, V11_MARGIN = 0.55, 0.0
V13_GLOBAL_CONFIDENCE = 0.95
V13_MOVE_CONFIDENCE, V13_MOVE = 0.55, 0.20
V13_MARGINS_CONFIDENCE, V13_QUANTILE = 0.55, 0.75
V13_PROBABILITY = 0.75
_MOST_MARGIN, _LEAST_CONFIDENCE = 0.5, 0.5
_MOST_FACTOR, _MOST_BOOST = 3.0, 0.5


def gate_row(
    confidence: float, margins: NDArray[np.float64] | float, n_labels: int, *, move: float = 1.0, risk: float = 1.0
) -> NDArray[np.float64]:
    """The thresholds of one exit, shape (3 + L,).

    Args:
        confidence: Least mean confidence, a.
        margins: Least margin of each label, M_l, shape (L,), or one for all.
        n_labels: Number of labels, L.
        move: Largest move of a probability since the exit before, D; 1 allows any.
        risk: Largest risk of an answered label, R; 1 allows any.
    """
    return np.array([confidence, -move, -risk, *np.broadcast_to(margins, n_labels)])


@dataclass(frozen=True)
class EvolvedVersion:
    """A version whose settings NSGA-II chooses. Genes lie in [0, 1], those of an exit after those of another.

    The genes of an exit are a, D and M_l of each label; then R, the largest label risk, with ``has_risk``; then S, k, B
    and the boost with ``has_veto``. What ranges genes have the results log does not tell: a has [.5, 1], D, R and S [0,
    1], M_l and B [0, .5], k [1, 3] and the boost [0, .5].

    Attributes:
        population: Policies of a generation.
        generations: Number of generations.
        first_exit: Index of the first exit that samples may leave at; the ones before are closed.
        has_risk: Whether the risk of the answered labels is limited.
        has_veto: Whether labels of risk S or more need a margin of max(k M_l, B) too, and the first exit a mean
            confidence of a + boost. Of the other exits the boost means nothing.
        most_usage: Largest part of any limit, of drops bounded by folds, that the knee may use; None where the choice
            is the most saving policy within the limits, of drops as they were seen.
    """

    population: int
    generations: int
    first_exit: int = 0
    has_risk: bool = True
    has_veto: bool = False
    most_usage: float | None = None

    def n_genes(self, n_exits: int, n_labels: int) -> int:
        """Genes of a policy: 12, 13 or 17 an exit of ten labels that may be left at."""
        of_exit = 2 + n_labels + self.has_risk + 4 * self.has_veto
        return max(n_exits - 1 - self.first_exit, 0) * of_exit

    def thresholds(self, genes: NDArray[np.float64], risks: NDArray[np.float64]) -> NDArray[np.float64]:
        """What genes mean, shape (P, E - 1, 3 + L); infinity closes an exit.

        Args:
            genes: Shape (P, genes), in [0, 1].
            risks: Risk of each label at each exit but the last, shape (E - 1, L).
        """
        n_early, n_labels = risks.shape
        found = np.full((len(genes), n_early, N_OWN_COLUMNS + n_labels), np.inf)
        n_open = max(n_early - self.first_exit, 0)
        by_exit = genes.reshape(len(genes), n_open, -1)
        for place in range(n_open):
            k = self.first_exit + place
            found[:, k] = self._of_exit(by_exit[:, place], risks[k], is_first=k == 0)
        return found

    def _of_exit(
        self, genes: NDArray[np.float64], risks: NDArray[np.float64], *, is_first: bool
    ) -> NDArray[np.float64]:
        n_labels = len(risks)
        confidence = _LEAST_CONFIDENCE + (1 - _LEAST_CONFIDENCE) * genes[:, 0]
        move, margins = genes[:, 1], _MOST_MARGIN * genes[:, 2 : 2 + n_labels]
        risk = genes[:, 2 + n_labels] if self.has_risk else np.ones(len(genes))
        if self.has_veto:
            least_risk, factor, floor, boost = genes[:, 3 + n_labels :].T
            vetoed = veto_margins(margins, risks, least_risk, 1 + (_MOST_FACTOR - 1) * factor, _MOST_MARGIN * floor)
            margins = np.maximum(margins, vetoed)
            confidence = confidence + _MOST_BOOST * boost if is_first else confidence
        return np.column_stack([confidence, -move, -risk, margins])


def veto_margins(
    margins: NDArray[np.float64],
    risks: NDArray[np.float64],
    least_risk: NDArray[np.float64],
    factor: NDArray[np.float64],
    floor: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What the veto asks of each label: max(k M_l, B) where its risk is at least S, else 0; shape (P, L).

    Args:
        margins: Least margins M_l, shape (P, L).
        risks: Risk of each label, shape (L,).
        least_risk: S, shape (P,).
        factor: k, shape (P,).
        floor: B, shape (P,).
    """
    asked = np.maximum(factor[:, None] * margins, floor[:, None])
    return np.where(risks >= least_risk[:, None], asked, 0.0)


EVOLVED = {
    "v0.16": EvolvedVersion(80, 50, first_exit=1, has_risk=False),
    "v0.17": EvolvedVersion(96, 60, most_usage=0.75),
    "v0.18": EvolvedVersion(112, 70, has_veto=True, most_usage=0.5),
}
"""The evolved versions with the sizes that the results log gives them."""
