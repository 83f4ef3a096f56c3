"""Leave when a learned model expects that leaving costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.pooling.answering import Level
from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.harmless import costs_parent_nothing, n_wrong
from policies.rules.multilabel.label_features import label_features
from policies.rules.multilabel.label_scores import label_probabilities
from policies.rules.scoring.linear_model import LinearModel, fit_linear_model, probability
from policies.tables.multilabel import LabelOutputs, MultiLabelTable


class LabelGateParams(RuleParams):
    """Parameters of :class:`LabelGateRule`.

    Attributes:
        score: What the models tell the probability of: ``gain``, that no more labels of the sample are wrong than at
            the last exit; ``right``, that all of its labels are right; ``parent``, that no more labels of its parent
            are wrong if it leaves and its siblings go to the last exit than if all go there; ``together``, that no more
            are wrong if all samples of the parent leave.
        models: One model per exit but the last.
    """

    score: Literal["gain", "right", "parent", "together"] = "gain"
    models: list[LinearModel]


@dataclass(frozen=True)
class LabelGate(Gate):
    """The models' score of the exit's labels; it remembers the probabilities of the exit before.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: Parameters of the rule, with its linear models.
    """

    temperatures: NDArray[np.float64]
    params: LabelGateParams

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Ask the model of the exit; the last exit has none and needs none."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        scores = np.zeros(len(probabilities))
        if exit_index < len(self.params.models):
            features = label_features(probabilities, outputs.thresholds, state[0] if state else None)
            scores = probability(LabelGateRule.name, features, self.params.models[exit_index])
        return label_step(scores, probabilities, outputs.thresholds, (probabilities,))


class LabelGateRule(LabelRule):
    """Logistic models per exit of "leaving now costs nothing", on the labels there and at the exit before.

    A sample that leaves does not harm its parent by itself but together with its siblings, as pooling has it: where
    answers are pooled, the models may be of what the whole parent loses.
    """

    name: ClassVar[str] = "label-gate"
    params_type: ClassVar[type[RuleParams]] = LabelGateParams
    is_fitted: ClassVar[bool] = True

    def choices(self, table: MultiLabelTable) -> Mapping[str, tuple[Any, ...]]:
        """What a sample loses, or has right; where samples of parents leave by themselves also what these lose."""
        own = table.answering
        # Where parents leave as a whole they are what the rule sees.
        sees_samples_of_parents = own.pooling is not None and own.level is not Level.PARENT
        return {"score": ("gain", "together", "parent") if sees_samples_of_parents else ("gain", "right")}

    def fit(
        self,
        table: MultiLabelTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit the models on what samples, or their parents, would lose.

        Raises:
            PolicyError: If it is to be learnt what parents lose, and answers are not pooled.
        """
        rows = np.arange(table.n_samples) if rows is None else rows
        outputs = table.outputs.take(rows)
        said = [label_probabilities(outputs.at(k), temperatures[k]) for k in range(table.n_exits)]
        harmless = _harmless(str(params.get("score", "gain")), table, said, rows)
        features = [
            label_features(now, outputs.thresholds, before)
            for now, before in zip(said[:-1], [None, *said], strict=False)
        ]
        return {"models": [fit_linear_model(own, harmless[:, k]) for k, own in enumerate(features)]}

    def gate(self, temperatures: NDArray[np.float64], params: LabelGateParams) -> LabelGate:
        """The gate of the fitted models."""
        n_early = len(temperatures) - 1
        if len(params.models) != n_early:
            raise PolicyError(f"rule {self.name!r} needs {n_early} 'models' but has {len(params.models)}")
        return LabelGate(temperatures, params)


def _harmless(
    score: str, table: MultiLabelTable, said: list[NDArray[np.float64]], rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """What is to be told from the features of each early exit, shape (n, E - 1)."""
    probabilities = np.stack(said, axis=1)
    if score in ("parent", "together"):
        return costs_parent_nothing(table, probabilities, rows, together=score == "together")
    thresholds = table.outputs.take(rows).thresholds
    wrong = n_wrong(probabilities, thresholds[:, None], table.labels[rows][:, None])
    return wrong[:, :-1] <= (0 if score == "right" else wrong[:, -1:])
