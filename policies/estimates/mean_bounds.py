"""How bad a quality that is a mean over samples may be on new data: bounds from plausible weights of the units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.estimates.candidates import Family
from policies.qualities import MeanQuality


N_DRAWS = 1000


def unit_means(quality: MeanQuality[Any], family: Family, exits: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean figure of each unit by each policy, shape (P, n), of figures in [0, 1].

    Args:
        quality: Quality whose figures are taken.
        family: The candidates, on N samples that belong to n units.
        exits: The exits that P of them take, shape (P, N).
    """
    judged, units = family.judged, family.judged_units
    everywhere = np.ones(len(units.of_sample), dtype=bool)
    if family.view.parents is not None:
        return np.stack([units.mean(judged.figures(quality, own), everywhere) for own in exits])
    figures, rows = quality.of_exits(family.view, family.truth), np.arange(exits.shape[1])
    return np.stack([units.mean(figures[rows, own], everywhere) for own in exits])


def mean_bounds(
    quality: MeanQuality[Any], family: Family, exits: NDArray[np.int64], *, level: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A mean over units of each policy, and its one-sided bound at confidence ``1 - level``: Gaffke's.

    As for :func:`~policies.estimates.quality_bounds.quality_bounds` the units' shares in the world are drawn from all
    that are plausible, with one unit beside them that was not seen and is as bad as can be (Gaffke, 2005;
    Learned-Miller and Thomas, 2019).

    Args:
        quality: Quality that is bounded.
        family: The candidates, on N samples.
        exits: The exits that P of them take, shape (P, N).
        level: Probability that the true value is beyond the bound, in (0, 1).
        seed: Seed of the draws; the same seed gives the same bounds.

    Returns:
        Values and bounds, shape (P,) each: lower bounds, or upper ones where less is better; never better than seen.
    """
    means = unit_means(quality, family, exits)
    seen = np.asarray(means.mean(axis=1))
    worst = np.full((len(means), 1), 0.0 if quality.is_maximised else 1.0)
    shares = np.random.default_rng(seed).dirichlet(np.ones(means.shape[1] + 1), N_DRAWS)
    drawn = shares @ np.concatenate([means, worst], axis=1).T
    if quality.is_maximised:
        return seen, np.minimum(np.quantile(drawn, level, axis=0), seen)
    return seen, np.maximum(np.quantile(drawn, 1 - level, axis=0), seen)
