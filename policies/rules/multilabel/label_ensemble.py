"""Leave when every label is clear in the weighted ensemble of the exits so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.rules.base import Gate, RuleParams, State, Step, only
from policies.rules.ensemble import EnsembleParams, ExitMixture, likeliest_mixture, mixture_of
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import least_margin
from policies.tables.multilabel import LabelOutputs, MultiLabelTable


if TYPE_CHECKING:
    from policies.calibration.likelihood import Likelihood


@dataclass(frozen=True)
class LabelEnsembleGate(Gate):
    """The least margin of the mixture; it remembers the logits of all exits so far.

    Attributes:
        mixture: Weighted mixture of the exits so far that answers.
    """

    mixture: ExitMixture

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Mix the exits so far."""
        seen = (*state, outputs.logits.astype(np.float64))
        probabilities = expit(self.mixture.mixed(seen, exit_index))
        return label_step(least_margin(probabilities, outputs.thresholds), probabilities, outputs.thresholds, seen)


class LabelEnsembleRule(LabelRule):
    """The least margin of ``p_k = sigmoid(b_k + sum over j <= k of w_kj z_j / T_j)``, z_j the logits of exit j.

    What "Zero Time Waste" (Wołczyk et al., NeurIPS 2021) does for classes: weights, the same for all labels, and a
    summand for each label, minimise the negative log-likelihood of the labels. The ensemble also gives the answer, so
    the policy can be more accurate than the last exit.
    """

    name: ClassVar[str] = "label-ensemble"
    params_type: ClassVar[type[RuleParams]] = EnsembleParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: EnsembleParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one bias per label."""
        return only({len(row) for row in params.bias})

    def fit(
        self,
        table: MultiLabelTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit weights and biases of each exit by penalised maximum likelihood."""
        rows = np.arange(table.n_samples) if rows is None else rows
        fitted = [_fit_exit(table, temperatures[: k + 1], rows) for k in range(table.n_exits)]
        return {"weights": [weights.tolist() for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def gate(self, temperatures: NDArray[np.float64], params: EnsembleParams) -> LabelEnsembleGate:
        """The gate of the fitted weights."""
        return LabelEnsembleGate(mixture_of(temperatures, params, rule=self.name, of="label"))


def _fit_exit(
    table: MultiLabelTable, divisors: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The likeliest mixture of as many exits, from the first, as there are divisors."""
    # Here, since the import takes seconds, and a policy that is only run fits nothing.
    from policies.calibration.label_likelihood import mixed_label_likelihood

    def likelihood(weights: NDArray[np.float64], bias: NDArray[np.float64]) -> Likelihood:
        return mixed_label_likelihood(table.logits, table.labels, rows, weights=weights, bias=bias)

    return likeliest_mixture(likelihood, divisors, table.n_classes)
