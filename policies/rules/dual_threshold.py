"""Leave when the learned stop probability and the confidence both reach their thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.temperature import tempered
from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.scoring.scores import confidence
from policies.tables.classification import ClassificationTable, ExitOutputs
from policies.views.view import Combine


class DualThresholdParams(RuleParams):
    """Parameters of :class:`DualThresholdRule`.

    Attributes:
        conf_temp: Divisor of the logits for the confidence, in place of the fitted temperatures.
        min_depth: Least depth (index + 1) at which a sample may leave.
    """

    conf_temp: Annotated[float, Field(ge=1e-6)] = 1.0
    min_depth: Annotated[int, Field(ge=1)] = 1


@dataclass(frozen=True)
class DualThresholdGate(Gate):
    """Stop probability and confidence.

    Attributes:
        conf_temp: Divisor of the logits for the confidence.
        min_depth: Least depth at which a sample may leave, from 1.
    """

    combine: ClassVar[Combine] = Combine.ALL

    conf_temp: float
    min_depth: int

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Both scores of the exit."""
        if outputs.stop_prob is None:
            raise PolicyError("rule 'dual-threshold' needs 'stop_prob': the network must give stop probabilities")
        probabilities = tempered(outputs.logits, self.conf_temp)
        scores = np.stack([outputs.stop_prob.astype(np.float64), confidence(probabilities)], axis=1)
        eligible = np.full(len(scores), exit_index + 1 >= self.min_depth)
        return Step.of(scores, probabilities, eligible=eligible)


class DualThresholdRule(Rule[ClassificationTable]):
    """Leave at the first exit with ``stop_prob >= tau_s`` and ``max softmax(logits / conf_temp) >= tau_c``.

    The columns are, in this order, the stop probability and the confidence. The source is section 1.14, the robust
    hard-exit decision rule, of the notes "Input-Adaptive Hard-Exit DARTS" (June 2026); ``min_depth`` is their optional
    minimum depth. Where ``tau_c`` is 0 it is their equation (22), ``e(x) = min {i : s_i >= tau}``, else the last.
    """

    name: ClassVar[str] = "dual-threshold"
    params_type: ClassVar[type[RuleParams]] = DualThresholdParams

    def lacks(self, table: ClassificationTable) -> str:
        """Stop probabilities, unless the table has them."""
        return "" if table.stop_prob is not None else "it has no 'stop_prob'; add learned stop probabilities (N, E)"

    def choices(self, table: ClassificationTable) -> Mapping[str, tuple[Any, ...]]:
        """Three temperatures around one. No least depth: where gates differ by exit, a closed one says the same."""
        return {"conf_temp": (1.0, 0.7, 1.5)}

    def gate(self, temperatures: NDArray[np.float64], params: DualThresholdParams) -> DualThresholdGate:
        """The gate of its own temperature."""
        return DualThresholdGate(params.conf_temp, params.min_depth)
