"""How bad a pooled quality may be on new data: an approximation, by leaving out the units fold by fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from policies.estimates.candidates import Family
from policies.qualities import PooledQuality


_MOST_FOLDS = 20


def pooled_bounds(
    quality: PooledQuality[Any], family: Family, exits: NDArray[np.int64], *, level: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A pooled quality of each policy, and its one-sided bound at confidence about ``1 - level``.

    The standard error is that of the grouped jackknife (Efron and Stein, 1981) over at most 20 folds of whole units;
    the bound is as for a normal distribution. With fewer than two units it is the worst value there is.

    Args:
        quality: Quality that is bounded, taken over all samples at once.
        family: The candidates, on N samples.
        exits: The exits that P of them take, shape (P, N).
        level: Probability that the true value is beyond the bound, in (0, 1).
        seed: Seed by which units are shared out among folds; the same seed gives the same bounds.

    Returns:
        Values and bounds, shape (P,) each: lower bounds, or upper ones where less is better.
    """
    seen = quality.judge(family.view, family.truth)(exits)
    units = family.units
    if units.n < 2:
        return seen, np.full(len(seen), quality.lowest if quality.is_maximised else quality.highest)
    n_folds = min(_MOST_FOLDS, units.n)
    fold_of_unit = np.random.default_rng(seed).permutation(np.arange(units.n) % n_folds)
    fold_of_sample = fold_of_unit[units.of_sample]
    left = [np.flatnonzero(fold_of_sample != fold) for fold in range(n_folds)]
    values = [quality.judge(family.view.take(rows), family.truth.take(rows))(exits[:, rows]) for rows in left]
    error = np.sqrt((n_folds - 1) * np.var(values, axis=0))
    bounds = seen - quality.sign * float(norm.ppf(1 - level)) * error
    return seen, np.clip(bounds, quality.lowest, quality.highest)
