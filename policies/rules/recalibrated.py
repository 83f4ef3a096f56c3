"""Leave when the exit, its logits rescaled and shifted class by class, is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.ensemble import ExitMixture, fit_weights_and_bias
from policies.rules.scoring.scores import confidence
from policies.tables.classification import ClassificationTable, ExitOutputs


class RecalibratedParams(RuleParams):
    """Parameters of :class:`RecalibratedRule`.

    Attributes:
        weights: Factor of each exit's log-probabilities; not negative.
        bias: Row ``k`` holds one summand per class at exit ``k``.
    """

    weights: list[Annotated[float, Field(ge=0)]]
    bias: list[list[float]]


@dataclass(frozen=True)
class RecalibratedGate(Gate):
    """Confidence of each exit by itself, rescaled and shifted.

    Attributes:
        mixture: Mixtures of one exit each, which rescale and shift it.
    """

    mixture: ExitMixture

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Rescale and shift the exit."""
        probabilities = self.mixture.probabilities((outputs.logits.astype(np.float64),), exit_index)
        return Step.of(confidence(probabilities), probabilities)


class RecalibratedRule(Rule[ClassificationTable]):
    """Confidence of ``p_k = softmax(b_k + w_k log p_k)``, for each exit by itself.

    Scaling with a bias for each class ("bias-corrected temperature scaling", Alexandari et al., ICML 2020; a special
    case of vector scaling, Guo et al., 2017). An exit that favours some classes, as one does whose batch statistics lag
    behind its weights, answers other classes afterwards: it may be far more accurate than it looks.
    """

    name: ClassVar[str] = "recalibrated"
    params_type: ClassVar[type[RuleParams]] = RecalibratedParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: RecalibratedParams, n_columns: Sequence[int]) -> int | None:
        """As many as each exit has summands."""
        return len(params.bias[0]) if params.bias else None

    def fit(
        self,
        table: ClassificationTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit factor and bias of each exit by penalised maximum likelihood."""
        exits = range(table.n_exits)
        fitted = [fit_weights_and_bias(table, temperatures, range(k, k + 1), rows=rows) for k in exits]
        return {"weights": [float(weights[0]) for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def gate(self, temperatures: NDArray[np.float64], params: RecalibratedParams) -> RecalibratedGate:
        """The gate of the fitted factors."""
        n_exits = len(temperatures)
        if (len(params.weights), len(params.bias)) != (n_exits, n_exits):
            raise PolicyError(
                f"rule {self.name!r}: 'weights' must have {n_exits} numbers and 'bias' {n_exits} rows but they have "
                f"{len(params.weights)} and {len(params.bias)}"
            )
        weights = tuple(
            np.array([weight]) / divisor for weight, divisor in zip(params.weights, temperatures, strict=True)
        )
        return RecalibratedGate(ExitMixture(weights, tuple(np.asarray(row, dtype=np.float64) for row in params.bias)))
