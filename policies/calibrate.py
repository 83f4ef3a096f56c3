"""Temperature scaling: one temperature per exit."""

from __future__ import annotations

from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from policies.exit_table import ExitTable


TEMPERATURE_BOUNDS = (0.25, 5.0)


class CalibrationWarning(UserWarning):
    """A temperature ran into its clamp, so the exit stays over- or underconfident."""


def tempered_probabilities(logits: NDArray[np.floating[Any]], temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of the logits divided by each exit's temperature.

    Args:
        logits: Shape (N, E, C).
        temperatures: Shape (E,), positive; above 1 flattens, below 1 sharpens.

    Returns:
        Probabilities, shape (N, E, C), float64.
    """
    scaled = logits.astype(np.float64) / np.asarray(temperatures, dtype=np.float64)[None, :, None]
    return np.asarray(softmax(scaled, axis=2), dtype=np.float64)


def fit_temperatures(table: ExitTable) -> NDArray[np.float64]:
    """Find the temperature of each exit that minimises its negative log-likelihood.

    L-BFGS on log T (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), clamped to
    ``TEMPERATURE_BOUNDS``.

    Returns:
        One temperature per exit, shape (E,).

    Warns:
        CalibrationWarning: If a temperature touches the clamp; the message names the depth.
    """
    logits = table.logits.astype(np.float64)
    temperatures = np.array([_fit_one(logits[:, k], table.labels) for k in range(table.n_exits)])
    touching = np.isclose(temperatures[:, None], TEMPERATURE_BOUNDS, rtol=1e-6).any(axis=1)
    for k in np.flatnonzero(touching):
        warnings.warn(
            f"the temperature of depth {k + 1} is clamped at {temperatures[k]:g} "
            f"(allowed {TEMPERATURE_BOUNDS[0]:g} to {TEMPERATURE_BOUNDS[1]:g}); its confidences are not calibrated",
            CalibrationWarning,
            stacklevel=2,
        )
    return temperatures


def _fit_one(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    rows = np.arange(len(labels))

    def loss_and_gradient(log_temperature: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = logits / np.exp(log_temperature[0])
        log_p = log_softmax(scaled, axis=1)
        expected = (np.exp(log_p) * scaled).sum(axis=1)
        return float(-log_p[rows, labels].mean()), np.array([(scaled[rows, labels] - expected).mean()])

    bounds = tuple(np.log(TEMPERATURE_BOUNDS))
    result = minimize(loss_and_gradient, x0=np.zeros(1), jac=True, method="L-BFGS-B", bounds=[bounds])
    return float(np.clip(np.exp(result.x[0]), *TEMPERATURE_BOUNDS))
