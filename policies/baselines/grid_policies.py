"""The policies of the grids over which early-exit papers and reports tune by hand: thresholds that all exits share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.classification import ClassificationTable


GREEDY_THRESHOLDS = (0.70, 0.75, 0.80, 0.85, 0.90, 0.92, 0.95)
CONFORMAL_ALPHAS = (0.10, 0.08, 0.05, 0.03, 0.02)
EVIDENCE_MARGINS = (0.01, 0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35)
EVIDENCE_STABLE = (1, 2)
EVIDENCE_PENALTIES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05)
DUAL_TEMPERATURES = (0.7, 1.0, 1.5)
DUAL_STOPS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
"""Fixed values of ``tau_s``, .05 among them: that is the notes' best, and they name no other point of their sweep."""

DUAL_CONFIDENCES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
"""Fixed values of ``tau_c``, .75 among them: that is the notes' best, with a confidence temperature of .7."""

DUAL_LEAST_DEPTHS = (1, 2)
"""Depths from which on samples may leave: from everywhere, and not at the first exit."""

_DUAL_QUANTILES = np.linspace(0.05, 0.95, 10)


def greedy_grid(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Iterator[Policy]:
    """One confidence threshold for all exits."""
    for threshold in GREEDY_THRESHOLDS:
        yield _shared("confidence", table, temperatures, (threshold,))


def conformal_grid(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Iterator[Policy]:
    """Confidence threshold and conformal level."""
    fitted = get_rule("conformal-gate").fit(table, temperatures)
    for threshold, alpha in product(GREEDY_THRESHOLDS, CONFORMAL_ALPHAS):
        yield _shared("conformal-gate", table, temperatures, (threshold, 1 - alpha), **fitted)


def evidence_grid(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Iterator[Policy]:
    """Margin, stability and flip penalty of the accumulated log-probabilities."""
    for stable_k, penalty, margin in product(EVIDENCE_STABLE, EVIDENCE_PENALTIES, EVIDENCE_MARGINS):
        yield _shared("evidence", table, temperatures, (margin,), stable_k=stable_k, flip_penalty=penalty)


def dual_threshold_grid(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Iterator[Policy]:
    """Stop and confidence thresholds at quantiles, for each confidence temperature: candidates from a calibration."""
    for conf_temp in DUAL_TEMPERATURES:
        scores = get_rule("dual-threshold").view(table, temperatures, conf_temp=conf_temp).scores[:, :-1]
        stop, confidence = (_quantiles(scores[:, :, column]) for column in range(2))
        for thresholds in product(stop.tolist(), confidence.tolist()):
            yield _shared("dual-threshold", table, temperatures, thresholds, conf_temp=conf_temp)


def _quantiles(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of all scores of the earlier exits; any number where there are none, since there is no threshold either."""
    return np.asarray(np.quantile(scores, _DUAL_QUANTILES)) if scores.size else np.zeros(1)


def dual_threshold_sweep(table: ClassificationTable, temperatures: NDArray[np.float64]) -> Iterator[Policy]:
    """Fixed stop and confidence thresholds ``(tau_s, tau_c)``, for each confidence temperature and least depth."""
    for conf_temp, min_depth in product(DUAL_TEMPERATURES, DUAL_LEAST_DEPTHS):
        if min_depth <= table.n_exits:
            for thresholds in product(DUAL_STOPS, DUAL_CONFIDENCES):
                own = {"conf_temp": conf_temp, "min_depth": min_depth}
                yield _shared("dual-threshold", table, temperatures, thresholds, **own)


def _shared(
    rule: str,
    table: ClassificationTable,
    temperatures: NDArray[np.float64],
    thresholds: tuple[float, ...],
    **params: object,
) -> Policy:
    return Policy(rule, (thresholds,) * (table.n_exits - 1), tuple(temperatures.tolist()), params)
