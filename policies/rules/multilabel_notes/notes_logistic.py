"""Leave when a logistic model expects the last exit to make no fewer errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.rules.base import Gate, RuleParams, State, Step, only
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import label_confidences, label_margins, label_probabilities
from policies.rules.multilabel_notes.repairs import label_answers
from policies.rules.scoring.linear_model import LinearModel, fit_linear_model, probability
from policies.tables.multilabel import LabelOutputs, MultiLabelTable


N_SCALARS = 8
_PER_LABEL = 4


class NotesLogisticParams(RuleParams):
    """Parameters of :class:`NotesLogisticRule`.

    Attributes:
        models: One model per exit but the first and the last, of the exit making no more errors than the last one.
    """

    models: list[LinearModel]


@dataclass(frozen=True)
class NotesLogisticGate(Gate):
    """The models' probability; it remembers the probabilities of the exit before.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        models: One per exit but the first and the last.
    """

    temperatures: NDArray[np.float64]
    models: Sequence[LinearModel]

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Ask the model of the exit; the first exit has none and is closed, the last has none and needs none."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        scores = np.zeros(len(probabilities))
        if 1 <= exit_index <= len(self.models):
            features = pair_features(state[0], probabilities, outputs.thresholds)
            scores = probability(NotesLogisticRule.name, features, self.models[exit_index - 1])
        eligible = None if state else np.zeros(len(scores), dtype=bool)
        return label_step(scores, probabilities, outputs.thresholds, (probabilities,), eligible)


class NotesLogisticRule(LabelRule):
    """Leave iff P(no more errors here than at the last exit) is high enough; never at the first exit of several.

    A logistic regression on :func:`pair_features`, of whether a sample has no more wrong labels here than at the last
    exit. The logistic variant of version 0.13 of the NeuroAccuExit results log, which leaves at .75. Whether that harms
    the sample's parent is not asked.
    """

    name: ClassVar[str] = "notes-logistic"
    params_type: ClassVar[type[RuleParams]] = NotesLogisticParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: NotesLogisticParams, n_columns: Sequence[int]) -> int | None:
        """Each model has four weights per label, and eight."""
        n_weights = only({len(model.weights) for model in params.models})
        return None if n_weights is None else (n_weights - N_SCALARS) // _PER_LABEL

    def fit(
        self,
        table: MultiLabelTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit the model of each exit but the first and the last."""
        own = table if rows is None else table.take(rows)
        said, answers = label_answers(own, temperatures)
        errors = (answers != own.labels.astype(bool)[:, None]).sum(axis=2)
        thresholds = own.label_thresholds
        return {
            "models": [
                fit_linear_model(pair_features(said[:, k - 1], said[:, k], thresholds), errors[:, k] <= errors[:, -1])
                for k in range(1, table.n_exits - 1)
            ]
        }

    def gate(self, temperatures: NDArray[np.float64], params: NotesLogisticParams) -> NotesLogisticGate:
        """The gate of the fitted models.

        Raises:
            PolicyError: If there are models for another number of exits.
        """
        n_models = max(len(temperatures) - 2, 0)
        if len(params.models) != n_models:
            raise PolicyError(
                f"rule {self.name!r} needs {n_models} 'models', one per exit but the first and the last, but has "
                f"{len(params.models)}"
            )
        return NotesLogisticGate(temperatures, params.models)


def pair_features(
    before: NDArray[np.float64], now: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What the models look at, shape (n, 4 L + 8).

    Of each label the probability before and now, how far it moved, and its margin; then eight numbers, which the
    results log counts and does not name: the mean and the least confidence max(p, 1 - p), the mean and the largest
    move, the mean and the least margin, how many labels are answered, and of how many labels the answer changed.

    Args:
        before: Probabilities of labels at the exit before, shape (n, L).
        now: Those at the exit, shape (n, L).
        thresholds: From which probability on each label is answered, shape (n, L).
    """
    moves, margins, sure = np.abs(now - before), label_margins(now, thresholds), label_confidences(now)
    answers = now >= thresholds
    scalars = [
        sure.mean(axis=1),
        sure.min(axis=1),
        moves.mean(axis=1),
        moves.max(axis=1),
        margins.mean(axis=1),
        margins.min(axis=1),
        answers.sum(axis=1),
        (answers != (before >= thresholds)).sum(axis=1),
    ]
    return np.column_stack([before, now, moves, margins, *scalars])
