"""Leave when the weighted ensemble of the exits so far is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from policies.errors import PolicyError
from policies.exit_table import ExitTable
from policies.rules.base import Rule, RuleParams, RuleView, only
from policies.rules.scores import confidence


_RIDGE = 1e-4
_MAX_ITERATIONS = 60
_TOLERANCE = 1e-6


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

    def fit(self, table: ExitTable, temperatures: NDArray[np.float64], **params: Any) -> dict[str, Any]:
        """Fit weights and biases of each exit by penalised maximum likelihood."""
        log_p = log_probabilities(table, temperatures)
        fitted = [fit_weights_and_bias(log_p[:, : k + 1], table.labels) for k in range(table.n_exits)]
        return {"weights": [weights.tolist() for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def _view(self, table: ExitTable, temperatures: NDArray[np.float64], params: EnsembleParams) -> RuleView:
        expected = [*range(1, table.n_exits + 1)]
        if [len(row) for row in params.weights] != expected or [len(row) for row in params.bias] != [
            table.n_classes
        ] * table.n_exits:
            raise PolicyError(
                f"rule {self.name!r}: 'weights' must have rows of lengths {expected}, 'bias' {table.n_exits} rows of "
                f"{table.n_classes} numbers"
            )
        probabilities = ensemble_probabilities(table, temperatures, params)
        return RuleView.of_one_score(confidence(probabilities), probabilities)


def ensemble_probabilities(
    table: ExitTable, temperatures: NDArray[np.float64], params: EnsembleParams
) -> NDArray[np.float64]:
    """The distribution of the ensemble at each exit, shape (N, E, C)."""
    log_p = log_probabilities(table, temperatures)
    weights = np.zeros((table.n_exits, table.n_exits))
    for k, row in enumerate(params.weights):
        weights[k, : k + 1] = row
    return np.asarray(softmax(np.einsum("kj,njc->nkc", weights, log_p) + np.asarray(params.bias), axis=2))


def log_probabilities(table: ExitTable, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the tempered probabilities of every exit, shape (N, E, C)."""
    return np.asarray(log_softmax(table.logits.astype(np.float64) / temperatures[None, :, None], axis=2))


def fit_weights_and_bias(
    log_p: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (J,) and biases (C,) of ``softmax(b + sum over j of w_j log p_j)``, by penalised maximum likelihood.

    Args:
        log_p: Log-probabilities of J exits, shape (N, J, C).
        labels: True classes, shape (N,).
    """
    n_samples, n_seen, n_classes = log_p.shape
    rows = np.arange(n_samples)
    by_exit = np.ascontiguousarray(log_p.transpose(1, 0, 2))
    start = np.concatenate([np.zeros(n_seen - 1), np.ones(1), np.zeros(n_classes)])

    def loss_and_gradient(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        combined = log_softmax(np.tensordot(x[:n_seen], by_exit, axes=1) + x[n_seen:], axis=1)
        residual = np.exp(combined)
        loss = -combined[rows, labels].mean() + _RIDGE * float(((x - start) ** 2).sum())
        residual[rows, labels] -= 1.0
        of_weights = np.tensordot(by_exit, residual, axes=2)
        gradient = np.concatenate([of_weights, residual.sum(axis=0)]) / n_samples + 2 * _RIDGE * (x - start)
        return loss, gradient

    bounds = [(0.0, None)] * n_seen + [(None, None)] * n_classes
    found = minimize(
        loss_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE},
    )
    return np.maximum(found.x[:n_seen], 0.0), found.x[n_seen:]
