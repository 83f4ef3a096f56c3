"""Leave where an exit agrees with the one before, is sure on average, has not moved far and is clear of all labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.errors import PolicyError
from policies.rules.base import Gate, RuleParams, State, Step, only
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import label_margins, label_probabilities, mean_confidence
from policies.rules.multilabel_notes.repairs import label_risks
from policies.tables.multilabel import LabelOutputs, MultiLabelTable
from policies.views.view import Combine


CONFIDENCE, STILLNESS, SAFETY = range(3)
"""The columns of an exit that are not those of labels."""
N_OWN_COLUMNS = 3


class NotesGateParams(RuleParams):
    """Parameters of :class:`NotesGateRule`.

    Attributes:
        agree: Whether an exit must answer as the one before, where there is one.
        non_empty: Whether an exit must answer at least one label.
        risks: Risk of each label at each exit but the last, E - 1 rows of length L.
    """

    agree: bool = True
    non_empty: bool = True
    risks: list[list[Annotated[float, Field(ge=0, le=1)]]]


@dataclass(frozen=True)
class NotesGate(Gate):
    """All of what the results log asks of an exit; it remembers the probabilities of the exit before.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: Parameters of the rule.
        risks: Risk of each label at each exit, shape (E, L); none at the last.
    """

    combine: ClassVar[Combine] = Combine.ALL

    temperatures: NDArray[np.float64]
    params: NotesGateParams
    risks: NDArray[np.float64]

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Look at the exit, and at how it differs from the one before.

        Raises:
            PolicyError: If there are risks for another number of labels.
        """
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        answers = probabilities >= outputs.thresholds
        if self.risks.shape[1] not in (0, answers.shape[1]):
            raise PolicyError(
                f"rule {NotesGateRule.name!r}: 'risks' must have {answers.shape[1]} numbers per exit, one a label, but "
                f"has {self.risks.shape[1]}"
            )
        moves, eligible = np.zeros(len(answers)), np.ones(len(answers), dtype=bool)
        if state:
            (before,) = state
            moves = np.abs(probabilities - before).max(axis=1)
            if self.params.agree:
                eligible &= (answers == (before >= outputs.thresholds)).all(axis=1)
        if self.params.non_empty:
            eligible &= answers.any(axis=1)
        risks = self.risks[exit_index] if self.risks.size else np.zeros(answers.shape[1])
        own = [
            mean_confidence(probabilities, outputs.thresholds),
            -moves,
            -np.where(answers, risks, 0.0).max(axis=1),
        ]
        scores = np.column_stack([*own, label_margins(probabilities, outputs.thresholds)])
        return label_step(scores, probabilities, outputs.thresholds, (probabilities,), eligible)


class NotesGateRule(LabelRule):
    """Leave iff the answer is that of the exit before and not empty, c >= a, d <= D, r <= R, and every m_l >= M_l.

    c is the mean over labels of max(p, 1 - p), d the largest move of a probability since the exit before, r the largest
    risk of an answered label (:func:`~policies.rules.multilabel_notes.repairs.label_risks`), m_l = abs(p_l - t_l). The
    columns are, in this order, c, -d, -r, and m_l of each label, so that the thresholds of an exit are a, -D, -R and
    M_l; -1 asks nothing of the second and third, 0 nothing of the others. At the first exit there is none before: it
    agrees, and has not moved.

    The gate of versions 0.11 to 0.18 (but the logistic one) of the NeuroAccuExit results log, whose versions differ in
    which thresholds they use and how they choose them. What it says of label risk is a name alone.
    """

    name: ClassVar[str] = "notes-gate"
    params_type: ClassVar[type[RuleParams]] = NotesGateParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: NotesGateParams, n_columns: Sequence[int]) -> int | None:
        """A column is that of a label, but for three."""
        return only({n - N_OWN_COLUMNS for n in n_columns})

    def fit(
        self,
        table: MultiLabelTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Measure the risk of each label."""
        own = table if rows is None else table.take(rows)
        return {"risks": label_risks(own, temperatures).tolist()}

    def gate(self, temperatures: NDArray[np.float64], params: NotesGateParams) -> NotesGate:
        """The gate with its risks.

        Raises:
            PolicyError: If there are risks for another number of exits, or of labels at some of them.
        """
        lengths = {len(row) for row in params.risks}
        if len(params.risks) != len(temperatures) - 1 or len(lengths) > 1:
            raise PolicyError(
                f"rule {self.name!r}: 'risks' must be {len(temperatures) - 1} rows of one length, a row per exit but "
                f"the last, but are of lengths {[len(row) for row in params.risks]}"
            )
        n_labels = only(lengths) or 0
        return NotesGate(temperatures, params, np.array([*params.risks, [0.0] * n_labels]))
