"""Temperatures of networks with sets of labels: the sigmoid of a label's logit as the probability that it is on."""

from __future__ import annotations

from collections.abc import Callable
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.calibration.label_calibration import label_calibration_errors, label_nll
from policies.calibration.temperature import (
    TEMPERATURE_BOUNDS,
    TEMPERATURE_GRID,
    TIE_TOLERANCE,
    CalibrationError,
    CalibrationWarning,
    Method,
    is_clamped,
)
from policies.tables.multilabel import MultiLabelTable


def fit_label_temperatures(table: MultiLabelTable, method: Method = "lbfgs") -> NDArray[np.float64]:
    """Find the temperature of each exit that minimises the Bernoulli negative log-likelihood of its labels.

    Temperature scaling as of Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, with a sigmoid in place
    of the softmax: one divisor for the logits of all labels of an exit. It is fitted on samples, whether or not their
    answers are pooled.

    Args:
        table: The table to calibrate on.
        method: ``lbfgs`` is L-BFGS on log T, clamped to ``TEMPERATURE_BOUNDS``. ``grid`` takes the best of
            ``TEMPERATURE_GRID``, whose ends are its clamp: least likelihood loss, then least mean calibration error of
            the labels, then nearest to 1; figures within ``TIE_TOLERANCE`` of the best are ties.

    Returns:
        One temperature per exit, shape (E,).

    Raises:
        CalibrationError: If the method is unknown.

    Warns:
        CalibrationWarning: If a temperature touches the clamp; the message names the depth.
    """
    if method not in _METHODS:
        raise CalibrationError(f"method must be one of {', '.join(_METHODS)} but is {method!r}; choose one of them")
    fit, (low, high) = _METHODS[method]
    temperatures = np.array([fit(table, k) for k in range(table.n_exits)])
    for k in np.flatnonzero(is_clamped(temperatures, (low, high))):
        warnings.warn(
            f"the temperature of depth {k + 1} is clamped at {temperatures[k]:g} (allowed {low:g} to {high:g}); its "
            f"label probabilities are not calibrated",
            CalibrationWarning,
            stacklevel=2,
        )
    return temperatures


def _fit_by_gradient(table: MultiLabelTable, k: int) -> float:
    # Here, since these imports take seconds, and a policy that is only run fits nothing.
    from scipy.optimize import minimize

    from policies.calibration.label_likelihood import mixed_label_likelihood

    logits = np.ascontiguousarray(table.logits[:, k : k + 1])
    rows, bias = np.arange(table.n_samples), np.zeros(table.n_classes)

    def loss_and_gradient(log_temperature: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = np.exp(-log_temperature)
        found = mixed_label_likelihood(logits, table.labels, rows, weights=weights, bias=bias)
        return found.loss, -weights * found.of_weights

    bounds = tuple(np.log(TEMPERATURE_BOUNDS))
    result = minimize(loss_and_gradient, x0=np.zeros(1), jac=True, method="L-BFGS-B", bounds=[bounds])
    return float(np.clip(np.exp(result.x[0]), *TEMPERATURE_BOUNDS))


def _fit_on_grid(table: MultiLabelTable, k: int) -> float:
    probabilities = {t: expit(table.logits[:, k].astype(np.float64) / t) for t in TEMPERATURE_GRID}
    criteria: tuple[Callable[[float], float], ...] = (
        lambda t: label_nll(probabilities[t], table.labels),
        lambda t: float(label_calibration_errors(probabilities[t], table.labels).mean()),
        lambda t: abs(t - 1.0),
    )
    tied = list(TEMPERATURE_GRID)
    for criterion in criteria:
        losses = np.array([criterion(t) for t in tied])
        tied = [t for t, loss in zip(tied, losses, strict=True) if loss <= losses.min() + TIE_TOLERANCE]
    return tied[0]


_METHODS: dict[str, tuple[Callable[[MultiLabelTable, int], float], tuple[float, float]]] = {
    "lbfgs": (_fit_by_gradient, TEMPERATURE_BOUNDS),
    "grid": (_fit_on_grid, (TEMPERATURE_GRID[0], TEMPERATURE_GRID[-1])),
}
