"""Temperature scaling: one temperature per exit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.calibration.calibration_error import SampleFigures
from policies.errors import ExitSearchError
from policies.tables.classification import ClassificationTable


Method = Literal["lbfgs", "grid"]

TEMPERATURE_BOUNDS = (0.25, 5.0)
TEMPERATURE_GRID = (0.8, 0.9, 1.0, 1.1, 1.2)
TIE_TOLERANCE = 1e-6


class CalibrationError(ExitSearchError):
    """Temperatures are asked for in a way that there is not."""


class CalibrationWarning(UserWarning):
    """A temperature ran into its clamp, so the exit stays over- or underconfident."""


def tempered_probabilities(logits: NDArray[np.floating[Any]], temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax of the logits divided by each exit's temperature.

    Args:
        logits: Logits of each sample, exit and class, shape (N, E, C).
        temperatures: Temperature of each exit, positive, shape (E,); above 1 flattens, below 1 sharpens.

    Returns:
        Probabilities, shape (N, E, C), float64.
    """
    divisors = np.asarray(temperatures, dtype=np.float64)[None, :, None]
    return softmax_in_place(np.divide(logits, divisors, dtype=np.float64))


def tempered(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Softmax of the logits of one exit, shape (n, C), divided by its temperature; float64."""
    return softmax_in_place(np.divide(logits, np.float64(temperature), dtype=np.float64))


def softmax_in_place(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax over the classes, shape (..., C), that overwrites its argument and returns it.

    To the last bit it is that of scipy, whose copies take as long as the exponentials.
    """
    values -= values.max(axis=-1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=-1, keepdims=True)
    return values


def fit_temperatures(table: ClassificationTable, method: Method = "lbfgs") -> NDArray[np.float64]:
    """Find the temperature of each exit that minimises its negative log-likelihood.

    Args:
        table: The table to calibrate on.
        method: ``lbfgs`` is L-BFGS on log T (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017),
            clamped to ``TEMPERATURE_BOUNDS``. ``grid`` takes the best of ``TEMPERATURE_GRID``, whose ends are its
            clamp: least likelihood loss, then least calibration error, then nearest to 1; figures within
            ``TIE_TOLERANCE`` of the best are ties. (Macro-F1 cannot break one: no temperature changes an answer.)

    Returns:
        One temperature per exit, shape (E,).

    Raises:
        CalibrationError: If the method is unknown.

    Warns:
        CalibrationWarning: If a temperature touches the clamp; the message names the depth.

    Example:
        >>> fit_temperatures(search).round(2)
        array([2.01, 1.34, 0.99])
    """
    if method not in _METHODS:
        raise CalibrationError(f"method must be one of {', '.join(_METHODS)} but is {method!r}; choose one of them")
    fit, bounds = _METHODS[method]
    temperatures = np.array([fit(table, k) for k in range(table.n_exits)])
    for k in np.flatnonzero(is_clamped(temperatures, bounds)):
        warnings.warn(
            f"the temperature of depth {k + 1} is clamped at {temperatures[k]:g} "
            f"(allowed {bounds[0]:g} to {bounds[1]:g}); its confidences are not calibrated",
            CalibrationWarning,
            stacklevel=2,
        )
    return temperatures


def is_clamped(
    temperatures: NDArray[np.float64], bounds: tuple[float, float] = TEMPERATURE_BOUNDS
) -> NDArray[np.bool_]:
    """Which temperatures, shape (E,), touch an end of what they were allowed to be, or lie beyond it."""
    low, high = bounds
    return np.asarray((temperatures <= low * (1 + 1e-6)) | (temperatures >= high * (1 - 1e-6)))


def _fit_by_gradient(table: ClassificationTable, k: int) -> float:
    # Here, since these imports take seconds, and a policy that is only run fits nothing.
    from scipy.optimize import minimize

    from policies.calibration.likelihood import mixed_likelihood

    rows, bias = np.arange(table.n_samples), np.zeros(table.n_classes)

    def loss_and_gradient(log_temperature: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = np.exp(-log_temperature)
        found = mixed_likelihood(table.logits, table.labels, rows, weights=weights, bias=bias, first_exit=k)
        return found.loss, -weights * found.of_weights

    bounds = tuple(np.log(TEMPERATURE_BOUNDS))
    result = minimize(loss_and_gradient, x0=np.zeros(1), jac=True, method="L-BFGS-B", bounds=[bounds])
    return float(np.clip(np.exp(result.x[0]), *TEMPERATURE_BOUNDS))


def _fit_on_grid(table: ClassificationTable, k: int) -> float:
    samples = {t: _samples_at(table, k, t) for t in TEMPERATURE_GRID}
    criteria: tuple[Callable[[float], float], ...] = (
        lambda t: samples[t].nll(),
        lambda t: samples[t].ece(),
        lambda t: abs(t - 1.0),
    )
    tied = list(TEMPERATURE_GRID)
    for criterion in criteria:
        losses = np.array([criterion(t) for t in tied])
        tied = [t for t, loss in zip(tied, losses, strict=True) if loss <= losses.min() + TIE_TOLERANCE]
    return tied[0]


def _samples_at(table: ClassificationTable, k: int, temperature: float) -> SampleFigures:
    divisors = np.array([temperature])
    blocks = row_blocks(table.n_samples, table.n_classes)
    return SampleFigures.of(
        ((rows, tempered_probabilities(table.logits[rows, k : k + 1], divisors)[:, 0]) for rows in blocks), table.labels
    )


_METHODS: dict[str, tuple[Callable[[ClassificationTable, int], float], tuple[float, float]]] = {
    "lbfgs": (_fit_by_gradient, TEMPERATURE_BOUNDS),
    "grid": (_fit_on_grid, (TEMPERATURE_GRID[0], TEMPERATURE_GRID[-1])),
}
