"""Leave when a learned model expects that going on would not find more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.calibration.box_temperature import tempered_boxes
from policies.errors import PolicyError
from policies.matching.images import ImageCounts
from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.detection.box_scores import BoxRule
from policies.rules.detection.signals import SeenBoxes
from policies.rules.scoring.linear_model import LinearModel, fit_linear_model, probability
from policies.tables.detection import DetectionTable


_ROUNDING = 1e-9


class BoxGateParams(RuleParams):
    """Parameters of :class:`BoxGateRule`.

    Attributes:
        score: ``balance`` is the probability that the last exit's F1 of the image is below this exit's, less that it is
            above it; ``rises`` is one less the probability that it is above it.
        rises: One model per exit but the last, of the F1 rising up to the last exit.
        falls: One model per exit but the last, of the F1 falling; empty for the score ``rises``.
    """

    score: Literal["balance", "rises"] = "balance"
    rises: list[LinearModel]
    falls: list[LinearModel]


@dataclass(frozen=True)
class BoxGate(Gate):
    """The models' score of an exit's boxes; it remembers those of the exit before, and what they tell.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: Parameters of the rule, with its linear models.
    """

    temperatures: NDArray[np.float64]
    params: BoxGateParams

    def step(self, state: State, exit_index: int, outputs: NDArray[np.float32]) -> Step:
        """Ask the models of the exit; the last exit has none and needs none."""
        boxes = tempered_boxes(outputs, float(self.temperatures[exit_index]))
        if exit_index == len(self.params.rises):
            return Step(np.zeros(len(boxes)), boxes)
        seen = SeenBoxes.of(boxes)
        signals = seen.after(SeenBoxes(*state) if state else None)
        scores = 1 - probability(BoxGateRule.name, signals, self.params.rises[exit_index])
        if self.params.falls:
            scores = scores - 1 + probability(BoxGateRule.name, signals, self.params.falls[exit_index])
        return Step(scores, boxes, state=(seen.boxes, seen.signals))


class BoxGateRule(BoxRule):
    """Logistic models per exit of what the whole network would gain: a higher F1 of the image, or a lower one.

    They look at scores, numbers and sizes of boxes, and at how these agree with the exit before. F1 is that of the
    quality ``image_f1``, at the operating score of the table.
    """

    name: ClassVar[str] = "box-gate"
    params_type: ClassVar[type[RuleParams]] = BoxGateParams
    is_fitted: ClassVar[bool] = True

    def choices(self, table: DetectionTable) -> Mapping[str, tuple[Any, ...]]:
        """Both scores."""
        return {"score": ("balance", "rises")}

    def fit(
        self,
        table: DetectionTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit the models on whether the last exit's F1 of each image is above, or below, that of each exit."""
        chosen = np.arange(table.n_samples) if rows is None else rows
        outputs, truth = table.outputs.take(chosen), table.truth.take(chosen)
        boxes = [tempered_boxes(outputs.at(k), float(temperatures[k])) for k in range(table.n_exits)]
        f1 = np.stack([ImageCounts.of(own, truth).f1 for own in boxes], axis=1)
        gain = f1[:, -1:] - f1[:, :-1]
        seen = [SeenBoxes.of(own) for own in boxes[:-1]]
        signals = [own.after(before) for own, before in zip(seen, [None, *seen], strict=False)]
        needs_falls = params.get("score", "balance") == "balance"
        return {
            "rises": [fit_linear_model(own, gain[:, k] > _ROUNDING) for k, own in enumerate(signals)],
            "falls": [fit_linear_model(own, gain[:, k] < -_ROUNDING) for k, own in enumerate(signals)]
            if needs_falls
            else [],
        }

    def gate(self, temperatures: NDArray[np.float64], params: BoxGateParams) -> BoxGate:
        """The gate of the fitted models."""
        n_early = len(temperatures) - 1
        n_falls = n_early if params.score == "balance" else 0
        if (len(params.rises), len(params.falls)) != (n_early, n_falls):
            raise PolicyError(
                f"rule {self.name!r} with score {params.score!r} needs {n_early} models 'rises' and {n_falls} 'falls' "
                f"but has {len(params.rises)} and {len(params.falls)}"
            )
        return BoxGate(temperatures, params)
