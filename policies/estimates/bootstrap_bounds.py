"""How bad a pooled quality may be on new data: an approximation, by drawing the units anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.estimates.candidates import Family
from policies.qualities import PooledQuality
from policies.tables.units import Units


N_RESAMPLES = 200


def bootstrap_bounds(
    quality: PooledQuality[Any], family: Family, exits: NDArray[np.int64], *, level: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A pooled quality of each policy, and its one-sided bound at confidence about ``1 - level``.

    The bound is that of the percentile bootstrap (Efron, 1979) over whole units, paired: all policies, and the
    reference of a drop, are judged on the same draws. It is never better than what was seen. With fewer than two units
    it is the worst value there is.

    Args:
        quality: Quality that is bounded, taken over all samples at once.
        family: The candidates, on N samples.
        exits: The exits that P of them take, shape (P, N).
        level: Probability that the true value is beyond the bound, in (0, 1).
        seed: Seed of the draws; the same seed gives the same bounds.

    Returns:
        Values and bounds, shape (P,) each: lower bounds, or upper ones where less is better.
    """
    judged, units = family.judged, family.judged_units
    seen = judged.judge(quality)(exits)
    if units.n < 2:
        return seen, np.full(len(seen), quality.lowest if quality.is_maximised else quality.highest)
    judge = judged.judge_drawn(quality)
    drawn = np.stack([judge(exits, rows) for rows in _draws(units, seed)])
    if quality.is_maximised:
        return seen, np.minimum(np.quantile(drawn, level, axis=0), seen)
    return seen, np.maximum(np.quantile(drawn, 1 - level, axis=0), seen)


def _draws(units: Units, seed: int) -> Iterator[NDArray[np.int64]]:
    """The samples of units that are drawn with replacement, as many as there are, anew each time."""
    order = np.argsort(units.of_sample, kind="stable")
    counts = np.bincount(units.of_sample, minlength=units.n)
    rng = np.random.default_rng(seed)
    for _ in range(N_RESAMPLES):
        times = np.bincount(rng.integers(0, units.n, units.n), minlength=units.n)
        yield np.repeat(order, np.repeat(times, counts))
