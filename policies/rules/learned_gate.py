"""Leave when a learned model expects that going on would gain little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.calibration.temperature import tempered_probabilities
from policies.errors import PolicyError
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs, output_blocks
from policies.rules.ensemble import EnsembleParams, EnsembleRule, ensemble_probabilities
from policies.rules.learned_gate_features import gate_features
from policies.rules.view import RuleView
from policies.tables.classification import ExitTable


_REGULARISATION = 0.3
_MAX_ITERATIONS = 100


class LinearModel(RuleParams):
    """Log-odds linear in the features.

    Attributes:
        weights: One per feature.
        intercept: Added to the sum.
    """

    weights: list[float]
    intercept: float


class LearnedGateParams(RuleParams):
    """Parameters of :class:`LearnedGateRule`.

    Attributes:
        score: ``gain`` is the probability of being right now less that of being right at the last exit; ``right``
            is the probability of being right now alone.
        ensemble: The ensemble that answers.
        right_now: One model per exit but the last.
        right_later: The same for the last exit's answer; empty for the score ``right``.
    """

    score: Literal["gain", "right"] = "gain"
    ensemble: EnsembleParams
    right_now: list[LinearModel]
    right_later: list[LinearModel]


class LearnedGateRule(Rule):
    """Logistic models per exit of "right now" and "right later", on everything seen so far.

    The answers are those of the weighted ensemble. Logistic regression minimises the log-likelihood, so its
    probabilities come out calibrated.
    """

    name: ClassVar[str] = "learned-gate"
    params_type: ClassVar[type[RuleParams]] = LearnedGateParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: LearnedGateParams, n_columns: Sequence[int]) -> int | None:
        """That of the ensemble."""
        return EnsembleRule().n_classes(params.ensemble, n_columns)

    def choices(self, table: ExitTable) -> Mapping[str, tuple[Any, ...]]:
        """Both scores."""
        return {"score": ("gain", "right")}

    def fit(
        self,
        table: ExitTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit the ensemble, then the models on its answers."""
        ensemble = EnsembleParams(**EnsembleRule().fit(table, temperatures, rows=rows))
        labels = table.labels if rows is None else table.labels[rows]
        right = np.empty((len(labels), table.n_exits), dtype=bool)
        blocks: list[list[NDArray[np.float64]]] = []
        for own, outputs in output_blocks(Outputs.of(table), rows):
            exits = tempered_probabilities(outputs.logits, temperatures)
            answered = ensemble_probabilities(outputs, temperatures, ensemble)
            right[own] = answered.argmax(axis=2) == labels[own, None]
            blocks.append([gate_features(exits, answered, k) for k in range(table.n_exits - 1)])
        features = [np.concatenate(of_exit) for of_exit in zip(*blocks, strict=True)]
        needs_later = params.get("score", "gain") == "gain"
        return {
            "ensemble": ensemble.model_dump(),
            "right_now": [_fit_model(seen, right[:, k]) for k, seen in enumerate(features)],
            "right_later": [_fit_model(seen, right[:, -1]) for seen in features] if needs_later else [],
        }

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: LearnedGateParams) -> RuleView:
        answered = ensemble_probabilities(outputs, temperatures, params.ensemble)
        n_early = outputs.n_exits - 1
        n_later = n_early if params.score == "gain" else 0
        if (len(params.right_now), len(params.right_later)) != (n_early, n_later):
            raise PolicyError(
                f"rule {self.name!r} with score {params.score!r} needs {n_early} models 'right_now' and {n_later} "
                f"'right_later' but has {len(params.right_now)} and {len(params.right_later)}"
            )
        exits = tempered_probabilities(outputs.logits, temperatures)
        scores = np.zeros((outputs.n_samples, outputs.n_exits))
        for k in range(n_early):
            features = gate_features(exits, answered, k)
            scores[:, k] = self._probability(features, params.right_now[k])
            if n_later:
                scores[:, k] -= self._probability(features, params.right_later[k])
        return RuleView.of_one_score(scores, answered)

    def _probability(self, features: NDArray[np.float64], model: LinearModel) -> NDArray[np.float64]:
        if len(model.weights) != features.shape[1]:
            raise PolicyError(
                f"rule {self.name!r}: a model has {len(model.weights)} weights but the table gives "
                f"{features.shape[1]} features"
            )
        return np.asarray(expit(features @ np.asarray(model.weights) + model.intercept))


def _fit_model(features: NDArray[np.float64], outcome: NDArray[np.bool_]) -> dict[str, Any]:
    """A logistic regression on standardised features, written for the features as they are."""
    # Here, since the import takes seconds and workers that use other rules would pay for it.
    from sklearn.linear_model import LogisticRegression

    share = float(outcome.mean())
    if share in (0.0, 1.0):
        return {"weights": [0.0] * features.shape[1], "intercept": 20.0 if share else -20.0}
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    model = LogisticRegression(C=_REGULARISATION, max_iter=_MAX_ITERATIONS, tol=1e-3)
    model.fit((features - mean) / scale, outcome)
    weights = model.coef_[0] / scale
    return {"weights": weights.tolist(), "intercept": float(model.intercept_[0] - weights @ mean)}
