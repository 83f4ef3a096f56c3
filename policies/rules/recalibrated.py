"""Leave when the exit, its logits rescaled and shifted class by class, is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.errors import PolicyError
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs
from policies.rules.ensemble import fit_weights_and_bias, mixed_probabilities
from policies.rules.scores import confidence
from policies.rules.view import RuleView
from policies.tables.classification import ExitTable


class RecalibratedParams(RuleParams):
    """Parameters of :class:`RecalibratedRule`.

    Attributes:
        weights: One factor per exit; not negative.
        bias: Row ``k`` holds one summand per class at exit ``k``.
    """

    weights: list[Annotated[float, Field(ge=0)]]
    bias: list[list[float]]


class RecalibratedRule(Rule):
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
        table: ExitTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit factor and bias of each exit by penalised maximum likelihood."""
        exits = range(table.n_exits)
        fitted = [fit_weights_and_bias(table, temperatures, range(k, k + 1), rows=rows) for k in exits]
        return {"weights": [float(weights[0]) for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RecalibratedParams) -> RuleView:
        expected = (outputs.n_exits, [outputs.n_classes] * outputs.n_exits)
        if (len(params.weights), [len(row) for row in params.bias]) != expected:
            raise PolicyError(
                f"rule {self.name!r}: 'weights' must have {outputs.n_exits} numbers, 'bias' {outputs.n_exits} rows of "
                f"{outputs.n_classes} numbers"
            )
        probabilities = mixed_probabilities(outputs, temperatures, np.diag(params.weights), np.asarray(params.bias))
        return RuleView.of_one_score(confidence(probabilities), probabilities)
