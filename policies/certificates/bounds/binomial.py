"""Losses of 0 and 1: the exact binomial test and bound, on counts alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom


def binomial_p_value(n_losses: int, n: int, *, limit: float) -> float:
    """P(Binomial(n, limit) <= n_losses): small where the loss rate is surely below ``limit``."""
    return float(binom.cdf(n_losses, n, limit))


def binomial_p_values(n_losses: NDArray[np.int64], n: int, *, limit: float) -> NDArray[np.float64]:
    """:func:`binomial_p_value` of several counts among ``n`` each, shape (draws,)."""
    return np.asarray(binom.cdf(n_losses, n, limit), dtype=np.float64)


def binomial_upper_bound(n_losses: int, n: int, *, delta: float) -> float:
    """One-sided upper bound of a loss rate at confidence ``1 - delta`` (Clopper and Pearson, 1934)."""
    return 1.0 if n_losses == n else float(beta.ppf(1 - delta, n_losses + 1, n - n_losses))


def error_p_value(n_errors: int, n: int, target: float) -> float:
    """P(Binomial(n, 1 - target) <= n_errors): small where the accuracy is surely above the target."""
    return binomial_p_value(n_errors, n, limit=1 - target)
