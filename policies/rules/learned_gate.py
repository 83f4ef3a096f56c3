"""Leave when a learned model expects that going on would gain little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.calibration.temperature import tempered
from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.ensemble import EnsembleParams, EnsembleRule, ExitMixture, mixture_of
from policies.rules.scoring.learned_gate_features import gate_features
from policies.tables.classification import ClassificationTable, ExitOutputs
from policies.views.distributions import output_blocks


_REGULARISATION = 0.3
_MAX_ITERATIONS = 100


class LinearModel(RuleParams):
    """Log-odds linear in the features.

    Attributes:
        weights: Weight of each feature in the sum.
        intercept: Summand that is added to the weighted features.
    """

    weights: list[float]
    intercept: float


class LearnedGateParams(RuleParams):
    """Parameters of :class:`LearnedGateRule`.

    Attributes:
        score: ``gain`` is the probability of being right now less that of being right at the last exit; ``right``
            is the probability of being right now alone.
        ensemble: The ensemble that answers.
        right_now: One model per exit but the last, of the answer there being right.
        right_later: One model per exit but the last, of the last exit's answer being right; empty for the score
            ``right``.
    """

    score: Literal["gain", "right"] = "gain"
    ensemble: EnsembleParams
    right_now: list[LinearModel]
    right_later: list[LinearModel]


@dataclass(frozen=True)
class _Seen:
    """What was said at the exits so far.

    Attributes:
        logits: Logits of each exit so far, shape (n, C) each, float64.
        said: Calibrated probabilities of each exit so far, shape (n, C) each.
    """

    logits: State = ()
    said: State = ()

    @classmethod
    def of(cls, state: State) -> _Seen:
        """From the state of a gate: logits, then probabilities."""
        half = len(state) // 2
        return cls(state[:half], state[half:])

    def extended(self, outputs: ExitOutputs, temperature: float) -> _Seen:
        """With one exit more."""
        return _Seen(
            (*self.logits, outputs.logits.astype(np.float64)), (*self.said, tempered(outputs.logits, temperature))
        )


@dataclass(frozen=True)
class LearnedGate(Gate):
    """The models' score of the ensemble's answer; it remembers what was said at all exits so far.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: Parameters of the rule, with its linear models.
        mixture: The ensemble that answers.
    """

    temperatures: NDArray[np.float64]
    params: LearnedGateParams
    mixture: ExitMixture

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Ask the models of the exit; the last exit has none and needs none."""
        seen = _Seen.of(state).extended(outputs, self.temperatures[exit_index])
        answered = self.mixture.probabilities(seen.logits, exit_index)
        scores = np.zeros(len(answered))
        if exit_index < len(self.params.right_now):
            features = gate_features(seen.said, answered)
            scores = _probability(features, self.params.right_now[exit_index])
            if self.params.right_later:
                scores = scores - _probability(features, self.params.right_later[exit_index])
        return Step.of(scores, answered, (*seen.logits, *seen.said))


def _probability(features: NDArray[np.float64], model: LinearModel) -> NDArray[np.float64]:
    if len(model.weights) != features.shape[1]:
        raise PolicyError(
            f"rule 'learned-gate': a model has {len(model.weights)} weights but the table gives "
            f"{features.shape[1]} features"
        )
    return np.asarray(expit(features @ np.asarray(model.weights) + model.intercept))


class LearnedGateRule(Rule[ClassificationTable]):
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

    def choices(self, table: ClassificationTable) -> Mapping[str, tuple[Any, ...]]:
        """Both scores."""
        return {"score": ("gain", "right")}

    def fit(
        self,
        table: ClassificationTable,
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
        mixture = mixture_of(temperatures, ensemble)
        for own, outputs in output_blocks(table.outputs, rows):
            features_of_block = []
            state = _Seen()
            for k in range(table.n_exits):
                state = state.extended(outputs.at(k), temperatures[k])
                answered = mixture.probabilities(state.logits, k)
                right[own, k] = answered.argmax(axis=1) == labels[own]
                if k < table.n_exits - 1:
                    features_of_block.append(gate_features(state.said, answered))
            blocks.append(features_of_block)
        features = [np.concatenate(of_exit) for of_exit in zip(*blocks, strict=True)]
        needs_later = params.get("score", "gain") == "gain"
        return {
            "ensemble": ensemble.model_dump(),
            "right_now": [_fit_model(seen, right[:, k]) for k, seen in enumerate(features)],
            "right_later": [_fit_model(seen, right[:, -1]) for seen in features] if needs_later else [],
        }

    def gate(self, temperatures: NDArray[np.float64], params: LearnedGateParams) -> LearnedGate:
        """The gate of the fitted models."""
        n_early = len(temperatures) - 1
        n_later = n_early if params.score == "gain" else 0
        if (len(params.right_now), len(params.right_later)) != (n_early, n_later):
            raise PolicyError(
                f"rule {self.name!r} with score {params.score!r} needs {n_early} models 'right_now' and {n_later} "
                f"'right_later' but has {len(params.right_now)} and {len(params.right_later)}"
            )
        return LearnedGate(temperatures, params, mixture_of(temperatures, params.ensemble))


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
