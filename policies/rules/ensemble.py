"""Leave when the weighted ensemble of the exits so far is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize

from policies.calibration.likelihood import is_large, mixed_likelihood
from policies.calibration.temperature import softmax_in_place
from policies.errors import PolicyError
from policies.rules.base import Rule, RuleParams, only
from policies.rules.distributions import Outputs
from policies.rules.scores import confidence
from policies.rules.view import RuleView
from policies.tables.classification import ExitTable


_RIDGE = 1e-4
_MAX_ITERATIONS = 60
_TOLERANCE, _TOLERANCE_OF_LARGE = 1e-6, 1e-5


class EnsembleParams(RuleParams):
    """Parameters of :class:`EnsembleRule`.

    Attributes:
        weights: Row ``k`` holds the weights of the exits ``0..k`` at exit ``k``; not negative.
        bias: Row ``k`` holds one summand per class at exit ``k``.
    """

    weights: list[list[Annotated[float, Field(ge=0)]]]
    bias: list[list[float]]


class EnsembleRule(Rule):
    """Confidence of ``p_k = softmax(b_k + sum over j <= k of w_kj log p_j)``, a weighted geometric mean.

    The ensemble of "Zero Time Waste" (Wołczyk et al., NeurIPS 2021): weights and biases of each exit minimise
    the negative log-likelihood of ``p_k``. The ensemble also gives the answer, so the policy can be more
    accurate than the last exit.
    """

    name: ClassVar[str] = "ensemble"
    params_type: ClassVar[type[RuleParams]] = EnsembleParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: EnsembleParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one bias per class."""
        return only({len(row) for row in params.bias})

    def fit(
        self,
        table: ExitTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit weights and biases of each exit by penalised maximum likelihood."""
        exits = range(table.n_exits)
        fitted = [fit_weights_and_bias(table, temperatures, range(k + 1), rows=rows) for k in exits]
        return {"weights": [weights.tolist() for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: EnsembleParams) -> RuleView:
        probabilities = ensemble_probabilities(outputs, temperatures, params)
        return RuleView.of_one_score(confidence(probabilities), probabilities)


def ensemble_probabilities(
    outputs: Outputs, temperatures: NDArray[np.float64], params: EnsembleParams
) -> NDArray[np.float64]:
    """The distribution of the ensemble at each exit, shape (N, E, C).

    Raises:
        PolicyError: If there are weights or biases for another number of exits or classes.
    """
    lengths = [*range(1, outputs.n_exits + 1)]
    biases = [outputs.n_classes] * outputs.n_exits
    if [len(row) for row in params.weights] != lengths or [len(row) for row in params.bias] != biases:
        raise PolicyError(
            f"rule {EnsembleRule.name!r}: 'weights' must have rows of lengths {lengths}, 'bias' {outputs.n_exits} "
            f"rows of {outputs.n_classes} numbers"
        )
    weights = np.zeros((outputs.n_exits, outputs.n_exits))
    for k, row in enumerate(params.weights):
        weights[k, : k + 1] = row
    return mixed_probabilities(outputs, temperatures, weights, np.asarray(params.bias))


def mixed_probabilities(
    outputs: Outputs, temperatures: NDArray[np.float64], weights: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``softmax(bias_k + sum over j of weights_kj log p_j)`` of the tempered probabilities, shape (N, E, C).

    Args:
        outputs: Of N samples.
        temperatures: One per exit, shape (E,).
        weights: Shape (E, E).
        bias: Shape (E, C).
    """
    # What tempered logits differ by from log-probabilities is the same for all classes: the softmax ignores it.
    mixed = np.einsum("kj,njc->nkc", weights / temperatures, outputs.logits.astype(np.float64))
    mixed += bias
    return softmax_in_place(mixed)


def fit_weights_and_bias(
    table: ExitTable, temperatures: NDArray[np.float64], exits: range, *, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mixture of exits that is likeliest to give the labels, by penalised maximum likelihood.

    Args:
        table: The table.
        temperatures: One per exit of the table, shape (E,).
        exits: The K exits that are mixed, in a row; the fit starts from the last of them as it is.
        rows: The samples to learn from; all of them where None.

    Returns:
        Weights of log-probabilities, shape (K,), not negative, and one summand per class, shape (C,).
    """
    n_seen, divisors = len(exits), temperatures[exits.start : exits.stop]
    rows = np.arange(table.n_samples) if rows is None else rows
    start = np.concatenate([np.zeros(n_seen - 1), np.ones(1), np.zeros(table.n_classes)])
    unit, tolerance = np.ones(len(start)), _TOLERANCE
    if is_large(len(rows), table.n_classes):
        # Along a bias the loss bends about C times less than along a weight. In units that make that alike half the
        # passes do, and the rougher tolerance comes ten times nearer to the minimum than the finer one without them.
        unit[n_seen:], tolerance = (1 / table.n_classes + 2 * _RIDGE) ** -0.5, _TOLERANCE_OF_LARGE

    def loss_and_gradient(scaled: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        x = scaled * unit
        weights, bias = x[:n_seen] / divisors, x[n_seen:]
        found = mixed_likelihood(table.logits, table.labels, rows, weights=weights, bias=bias, first_exit=exits.start)
        gradient = np.concatenate([found.of_weights / divisors, found.of_bias])
        loss = found.loss + _RIDGE * float(((x - start) ** 2).sum())
        return loss, (gradient + 2 * _RIDGE * (x - start)) * unit

    bounds = [(0.0, None)] * n_seen + [(None, None)] * table.n_classes
    found = minimize(
        loss_and_gradient,
        start / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MAX_ITERATIONS, "ftol": tolerance},
    )
    best = found.x * unit
    return np.maximum(best[:n_seen], 0.0), best[n_seen:]
