"""Leave when the learned stop probability and the confidence both reach their thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.temperature import tempered_probabilities
from policies.errors import PolicyError
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Held, Outputs
from policies.rules.scores import confidence
from policies.rules.view import Combine, RuleView
from policies.tables.classification import ExitTable


class DualThresholdParams(RuleParams):
    """Parameters of :class:`DualThresholdRule`.

    Attributes:
        conf_temp: Divisor of the logits for the confidence, in place of the fitted temperatures.
        min_depth: Least depth (index + 1) at which a sample may leave.
    """

    conf_temp: Annotated[float, Field(ge=1e-6)] = 1.0
    min_depth: Annotated[int, Field(ge=1)] = 1


class DualThresholdRule(Rule):
    """Leave at the first exit with ``stop_prob >= tau_s`` and ``max softmax(logits / conf_temp) >= tau_c``.

    The columns are, in this order, the stop probability and the confidence.
    """

    name: ClassVar[str] = "dual-threshold"
    params_type: ClassVar[type[RuleParams]] = DualThresholdParams

    def why_not(self, table: ExitTable) -> str:
        """It needs stop probabilities."""
        return "" if table.stop_prob is not None else "it has no 'stop_prob'; add learned stop probabilities (N, E)"

    def choices(self, table: ExitTable) -> Mapping[str, tuple[Any, ...]]:
        """Three temperatures around one."""
        return {"conf_temp": (1.0, 0.7, 1.5)}

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: DualThresholdParams) -> RuleView:
        if outputs.stop_prob is None:
            raise PolicyError(f"rule {self.name!r} needs 'stop_prob' in the table")
        probabilities = tempered_probabilities(outputs.logits, np.full(outputs.n_exits, params.conf_temp))
        scores = np.stack([outputs.stop_prob.astype(np.float64), confidence(probabilities)], axis=2)
        eligible = np.ones(scores.shape[:2], dtype=bool)
        eligible[:, : params.min_depth - 1] = False
        return RuleView(scores, eligible, Held(probabilities), Combine.ALL)
