"""Leave when a learned model expects that going on would gain little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered
from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.ensemble import EnsembleParams, EnsembleRule, ExitMixture, mixture_of
from policies.rules.scoring.learned_gate_features import gate_features, n_gate_features
from policies.rules.scoring.linear_model import LinearModel, fit_linear_model, probability
from policies.tables.classification import ClassificationTable, ExitOutputs
from policies.views.distributions import output_blocks


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
        stops: Learned stop probabilities of each exit so far, shape (n,) each; none where they are not looked at.
    """

    logits: State = ()
    said: State = ()
    stops: State = ()

    @classmethod
    def of(cls, state: State, n_seen: int) -> _Seen:
        """From the state of a gate after ``n_seen`` exits: logits, then probabilities, then stop probabilities."""
        return cls(state[:n_seen], state[n_seen : 2 * n_seen], state[2 * n_seen :])

    def extended(self, outputs: ExitOutputs, temperature: float, *, with_stops: bool) -> _Seen:
        """With one exit more.

        Raises:
            PolicyError: If there are no stop probabilities that are to be looked at.
        """
        stops = self.stops
        if with_stops:
            if outputs.stop_prob is None:
                raise PolicyError(
                    "rule 'learned-gate': its models were fitted with stop probabilities but these outputs have none; "
                    "use a network that gives 'stop_prob', or search a policy without them"
                )
            stops = (*stops, outputs.stop_prob.astype(np.float64))
        return _Seen(
            (*self.logits, outputs.logits.astype(np.float64)),
            (*self.said, tempered(outputs.logits, temperature)),
            stops,
        )

    @property
    def state(self) -> State:
        """For the gate to remember."""
        return (*self.logits, *self.said, *self.stops)


@dataclass(frozen=True)
class LearnedGate(Gate):
    """The models' score of the ensemble's answer; it remembers what was said at all exits so far.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: Parameters of the rule, with its linear models.
        mixture: The ensemble that answers.
        with_stops: Whether the models look at stop probabilities.
    """

    temperatures: NDArray[np.float64]
    params: LearnedGateParams
    mixture: ExitMixture
    with_stops: bool

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Ask the models of the exit; the last exit has none and needs none."""
        before = _Seen.of(state, exit_index)
        seen = before.extended(outputs, self.temperatures[exit_index], with_stops=self.with_stops)
        answered = self.mixture.probabilities(seen.logits, exit_index)
        scores = np.zeros(len(answered))
        if exit_index < len(self.params.right_now):
            features = gate_features(seen.said, answered, seen.stops)
            scores = probability(LearnedGateRule.name, features, self.params.right_now[exit_index])
            if self.params.right_later:
                scores = scores - probability(LearnedGateRule.name, features, self.params.right_later[exit_index])
        return Step.of(scores, answered, seen.state)


class LearnedGateRule(Rule[ClassificationTable]):
    """Logistic models per exit of "right now" and "right later", on everything seen so far.

    Where the network gives stop probabilities, they are among what the models look at. The answers are those of the
    weighted ensemble. Logistic regression minimises the log-likelihood, so its probabilities come out calibrated.
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
                state = state.extended(outputs.at(k), temperatures[k], with_stops=table.has_stop_prob)
                answered = mixture.probabilities(state.logits, k)
                right[own, k] = answered.argmax(axis=1) == labels[own]
                if k < table.n_exits - 1:
                    features_of_block.append(gate_features(state.said, answered, state.stops))
            blocks.append(features_of_block)
        features = [np.concatenate(of_exit) for of_exit in zip(*blocks, strict=True)]
        needs_later = params.get("score", "gain") == "gain"
        return {
            "ensemble": ensemble.model_dump(),
            "right_now": [fit_linear_model(seen, right[:, k]) for k, seen in enumerate(features)],
            "right_later": [fit_linear_model(seen, right[:, -1]) for seen in features] if needs_later else [],
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
        mixture = mixture_of(temperatures, params.ensemble)
        return LearnedGate(temperatures, params, mixture, _looks_at_stops(params))


def _looks_at_stops(params: LearnedGateParams) -> bool:
    """Whether the models were fitted with stop probabilities: the number of their weights tells."""
    if not params.right_now:
        return False
    n_features = n_gate_features(1, len(params.ensemble.bias[0]), with_stops=True)
    return len(params.right_now[0].weights) == n_features
