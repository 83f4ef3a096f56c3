"""Leave when the confidence, or the conformal p-value of the predicted class, is high enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.temperature import tempered, tempered_probabilities
from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step, only
from policies.rules.scoring.scores import confidence
from policies.spacing import evenly_spaced
from policies.tables.classification import ClassificationTable, ExitOutputs
from policies.views.distributions import output_blocks


_MOST_CALIBRATION_SCORES = 256
_ROUNDING, _LEAST = 1e-4, 1e-12

Scores = Annotated[list[float], Field(max_length=_MOST_CALIBRATION_SCORES)]


class ConformalGateParams(RuleParams):
    """Parameters of :class:`ConformalGateRule`.

    Attributes:
        calibration: For each exit and class the ascending nonconformity scores (one less the probability of the true
            class) of calibration samples of that class, at most 256 evenly spaced ones.
    """

    calibration: list[list[Scores]]


@dataclass(frozen=True)
class ConformalGate(Gate):
    """Confidence, and the conformal p-value of the predicted class.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        calibration: Ascending nonconformity scores by exit and class.
    """

    temperatures: NDArray[np.float64]
    calibration: tuple[tuple[NDArray[np.float64], ...], ...]

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Compare with the calibration samples of the class that is predicted."""
        probabilities = tempered(outputs.logits, self.temperatures[exit_index])
        by_class = self.calibration[exit_index]
        if len(by_class) != probabilities.shape[1]:
            raise PolicyError(
                f"rule 'conformal-gate': 'calibration' must be given for {probabilities.shape[1]} classes but is for "
                f"{len(by_class)}"
            )
        sure, answers = confidence(probabilities), probabilities.argmax(axis=1)
        p_values = np.ones(sure.shape)
        for label in np.unique(answers):
            mine = answers == label
            p_values[mine] = _p_values(by_class[label], 1.0 - sure[mine])
        return Step.of(np.stack([sure, p_values], axis=1), probabilities)


class ConformalGateRule(Rule[ClassificationTable]):
    """Leave where ``max p >= tau_k`` or the conformal p-value of the predicted class ``>= 1 - alpha_k``.

    The p-value is class-conditional (Mondrian; Vovk et al., 2005): the share of calibration samples *of the
    predicted class* that are at least as nonconforming, ``(1 + #{s_i >= s}) / (1 + n)``, where a score that is less
    by one in 10,000 counts as equal. One over all classes together would rise and fall with the confidence, and the
    second gate would add nothing.
    The columns are, in this order, the confidence and the p-value.
    """

    name: ClassVar[str] = "conformal-gate"
    params_type: ClassVar[type[RuleParams]] = ConformalGateParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: ConformalGateParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has calibration scores per class."""
        return only({len(by_class) for by_class in params.calibration})

    def fit(
        self,
        table: ClassificationTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Keep the nonconformity scores of the table's samples by exit and true class."""
        labels = table.labels if rows is None else table.labels[rows]
        of_label = np.empty((len(labels), table.n_exits))
        for own, outputs in output_blocks(table.outputs, rows):
            probabilities = tempered_probabilities(outputs.logits, temperatures)
            of_label[own] = 1.0 - np.take_along_axis(probabilities, labels[own, None, None], axis=2)[:, :, 0]
        calibration = []
        for k in range(table.n_exits):
            by_class = [np.sort(of_label[labels == label, k]) for label in range(table.n_classes)]
            calibration.append(
                [scores[evenly_spaced(len(scores), _MOST_CALIBRATION_SCORES)].tolist() for scores in by_class]
            )
        return {"calibration": calibration}

    def gate(self, temperatures: NDArray[np.float64], params: ConformalGateParams) -> ConformalGate:
        """The gate of the calibration scores."""
        if len(params.calibration) != len(temperatures):
            raise PolicyError(
                f"rule {self.name!r}: 'calibration' must be given for {len(temperatures)} exits but is for "
                f"{len(params.calibration)}"
            )
        by_exit = tuple(tuple(np.asarray(scores) for scores in by_class) for by_class in params.calibration)
        return ConformalGate(temperatures, by_exit)


def _p_values(calibration: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(calibration):
        return np.zeros(len(scores))  # Nothing is known of this class, so it does not open the gate.
    # Of a sample that calibrates, its own score is among them: rounding, which differs by executor, must not part them.
    # A logit that is off by d takes a score s off by s (1 - s) d.
    least = scores * (1 - _ROUNDING) - _LEAST
    at_least = len(calibration) - np.searchsorted(calibration, least, side="left")
    return np.asarray((1.0 + at_least) / (1.0 + len(calibration)))
