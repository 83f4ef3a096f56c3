"""Temperatures of detectors: the score of a box as the probability that it is an object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import (
    TEMPERATURE_BOUNDS,
    TEMPERATURE_GRID,
    CalibrationError,
    CalibrationWarning,
    Method,
    is_clamped,
)
from policies.tables.boxes import SCORE, is_box
from policies.tables.detection import DetectionTable


MATCHING_OVERLAP = 0.5
"""A box is an object where it is matched to one of its class with at least this intersection over union."""
_LEAST = 1e-6
"""Scores nearer to 0 or 1 are taken as this far from it: otherwise one sure mistake would have an infinite loss."""


def tempered_scores(scores: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    """``sigmoid(logit(score) / temperature)`` of scores in [0, 1] of any shape; the order of scores stays.

    Args:
        scores: Scores of boxes.
        temperature: Positive; above 1 brings scores nearer to one half, below 1 nearer to 0 and 1.
    """
    return np.asarray(1 / (1 + np.exp(-_logit(scores) / temperature)))


def tempered_boxes(boxes: NDArray[Any], temperature: float) -> NDArray[np.float32]:
    """Boxes of one exit, shape (..., 6), with their scores tempered; rows without a box stay as they are."""
    result = np.array(boxes, dtype=np.float32)
    result[..., SCORE] = np.where(is_box(boxes), tempered_scores(boxes[..., SCORE], temperature), boxes[..., SCORE])
    return result


def tempered_table(table: DetectionTable, temperatures: NDArray[np.float64]) -> DetectionTable:
    """The table with the scores that rules see, and that policies answer with, by one temperature per exit, (E,)."""
    boxes = [tempered_boxes(table.boxes[:, k], temperature) for k, temperature in enumerate(temperatures)]
    return replace(table, boxes=np.stack(boxes, axis=1))


def fit_box_temperatures(table: DetectionTable, method: Method = "lbfgs") -> NDArray[np.float64]:
    """Find the temperature of each exit by which the scores of its boxes are probabilities of being an object.

    The loss is the binary negative log-likelihood of what was found, where a box is an object if it is matched to one
    with an overlap of one half; boxes that are matched to crowds do not count. Temperature scaling as of Guo et al.,
    "On Calibration of Modern Neural Networks", ICML 2017, with a sigmoid in place of the softmax.

    Args:
        table: The table to calibrate on.
        method: ``grid`` takes the best of ``TEMPERATURE_GRID``. Any other method of classifiers stands for the search
            of log T within ``TEMPERATURE_BOUNDS`` by Brent's method, for there is one dimension only.

    Returns:
        One temperature per exit, shape (E,); 1 where an exit found no box at all.

    Raises:
        CalibrationError: If the method is unknown.

    Warns:
        CalibrationWarning: If a temperature touches the clamp; the message names the depth.
    """
    if method not in ("lbfgs", "grid"):
        raise CalibrationError(f"method must be one of lbfgs, grid but is {method!r}; choose one of them")
    # Here, since the compiler takes seconds, and a policy that is only run fits nothing.
    from policies.matching.matches import UNCOUNTED, UNMATCHED, is_crowd, match_boxes, matched_to

    matched = match_boxes(table.boxes, table.objects, np.array([MATCHING_OVERLAP]))[..., 0]
    counts = (matched != UNCOUNTED) & ~matched_to(is_crowd(table.objects), matched)
    fit = _fit_on_grid if method == "grid" else _fit_by_search
    bounds = (TEMPERATURE_GRID[0], TEMPERATURE_GRID[-1]) if method == "grid" else TEMPERATURE_BOUNDS
    temperatures = np.ones(table.n_exits)
    for k in range(table.n_exits):
        own = counts[:, k]
        if own.any():
            temperatures[k] = fit(_logit(table.boxes[:, k, :, SCORE][own]), matched[:, k][own] != UNMATCHED)
    _warn_of_clamped(temperatures, bounds)
    return temperatures


def _warn_of_clamped(temperatures: NDArray[np.float64], bounds: tuple[float, float]) -> None:
    for k in np.flatnonzero(is_clamped(temperatures, bounds)):
        warnings.warn(
            f"the temperature of depth {k + 1} is clamped at {temperatures[k]:g} "
            f"(allowed {bounds[0]:g} to {bounds[1]:g}); its scores are not calibrated",
            CalibrationWarning,
            stacklevel=3,
        )


def _logit(scores: NDArray[Any]) -> NDArray[np.float64]:
    within = np.clip(np.asarray(scores, dtype=np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(within) - np.log1p(-within))


def _loss(logits: NDArray[np.float64], is_object: NDArray[np.bool_], temperature: float) -> float:
    """Mean binary negative log-likelihood."""
    return float(np.logaddexp(0, np.where(is_object, -logits, logits) / temperature).mean())


def _fit_by_search(logits: NDArray[np.float64], is_object: NDArray[np.bool_]) -> float:
    # Here, since the import takes long.
    from scipy.optimize import minimize_scalar

    low, high = np.log(TEMPERATURE_BOUNDS)
    found = minimize_scalar(
        lambda value: _loss(logits, is_object, float(np.exp(value))),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-8},
    )
    # It comes near to the ends of its range but never reaches them.
    candidates = (*TEMPERATURE_BOUNDS, float(np.exp(found.x)))
    return min(candidates, key=lambda temperature: _loss(logits, is_object, temperature))


def _fit_on_grid(logits: NDArray[np.float64], is_object: NDArray[np.bool_]) -> float:
    return min(TEMPERATURE_GRID, key=lambda temperature: _loss(logits, is_object, temperature))
