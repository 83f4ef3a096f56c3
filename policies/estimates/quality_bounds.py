"""How bad a quality may be on new data, given what was seen: one-sided bounds from plausible weights of the units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from policies.certificates.bounds.binomial import binomial_upper_bound
from policies.certificates.claims import require_delta
from policies.qualities import NOWHERE, CountedQuality
from policies.tables.base import Truth
from policies.tables.units import Units


N_DRAWS = 1000
_BATCH = 50


def quality_value(quality: CountedQuality[Any], marks: NDArray[np.int64], truth: Truth, units: Units) -> float:
    """A quality of one policy; where it is a share of samples and there are groups, the mean over groups.

    Args:
        quality: Quality that is measured, a function of counts.
        marks: Up to K counts that each sample adds to at the exit that it took, or ``NOWHERE``, shape (K, N).
        truth: What answers are judged by, of N samples.
        units: Independent units that the samples belong to.
    """
    weights = _sample_weights(np.ones((1, units.n)), units, is_share=quality.is_share)[0]
    strata = quality.n_of_strata(truth, weights)
    tallies = _counted(marks, quality.n_tallies(truth)) @ weights
    return float(quality.value(tallies[None], strata)[0])


def quality_bounds(
    quality: CountedQuality[Any],
    marks: Sequence[NDArray[np.int64]],
    truth: Truth,
    units: Units,
    *,
    level: float,
    seed: int = 0,
) -> NDArray[np.float64]:
    """One-sided bound of each policy's quality at confidence ``1 - level``: lower, or upper where less is better.

    The units' shares in the world are drawn from all that are plausible (uniformly: the Bayesian bootstrap, Rubin
    1981), with one unit beside them that was not seen and is as bad as can be; the bound is the ``level`` quantile of
    the quality. For the mean of losses this is Gaffke's bound (2005; Learned-Miller and Thomas, 2019), and for right
    and wrong answers that of Clopper and Pearson, which is taken exactly. For other figures it is an approximation.

    Args:
        quality: Quality that is bounded, a function of counts.
        marks: Up to K counts that each sample adds to by each policy, or ``NOWHERE``, shape (K, N) for each of P
            policies.
        truth: What answers are judged by, of N samples.
        units: Independent units that the samples belong to.
        level: Probability that the true value is beyond the bound, in (0, 1).
        seed: Seed of the draws; the same seed gives the same bounds.

    Returns:
        Shape (P,); never better than what was seen.

    Raises:
        ClaimError: If ``level`` is not in (0, 1).
    """
    require_delta(level)
    if quality.is_share and quality.n_tallies(truth) == 1 and not units.hold_several:
        n_bad = [int(((own == NOWHERE) == quality.is_maximised).sum()) for own in marks]
        upper = np.array([binomial_upper_bound(n, units.n, delta=level) for n in n_bad])
        return 1 - upper if quality.is_maximised else upper
    drawn = _drawn_values(quality, marks, truth, units, seed)
    seen = np.array([quality_value(quality, own, truth, units) for own in marks])
    if quality.is_maximised:
        return np.asarray(np.minimum(np.quantile(drawn, level, axis=0), seen))
    return np.asarray(np.maximum(np.quantile(drawn, 1 - level, axis=0), seen))


def _drawn_values(
    quality: CountedQuality[Any], marks: Sequence[NDArray[np.int64]], truth: Truth, units: Units, seed: int
) -> NDArray[np.float64]:
    """The quality of each policy at drawn shares of the units, shape (D, P)."""
    counted = [_counted(own, quality.n_tallies(truth)) for own in marks]
    of_stratum = _counted(quality.strata(truth)[None], truth.n_strata)
    # The stratum of a sample that was not seen is as likely as among those that were.
    worst_strata = quality.n_of_strata(truth) / truth.n_samples
    worst = quality.worst(truth)
    size = 1.0 if quality.is_share else truth.n_samples / units.n
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(N_DRAWS // _BATCH):
        shares = rng.dirichlet(np.ones(units.n + 1), _BATCH) * (units.n + 1)
        weights = _sample_weights(shares[:, :-1], units, is_share=quality.is_share).T
        unseen = size * shares[:, -1]
        tallies = np.stack([(own @ weights).T + unseen[:, None] * worst for own in counted], axis=1)
        strata = (of_stratum @ weights).T + unseen[:, None] * worst_strata
        values += [quality.value(own, counts) for own, counts in zip(tallies, strata, strict=True)]
    return np.stack(values)


def _counted(marks: NDArray[np.int64], n_tallies: int) -> csr_array:
    """How often each sample adds to each count, shape (T, N), from marks of shape (K, N)."""
    _, samples = is_counted = np.nonzero(marks != NOWHERE)
    ones = np.ones(len(samples))
    return csr_array((ones, (marks[is_counted], samples)), shape=(n_tallies, marks.shape[1]))


def _sample_weights(of_units: NDArray[np.float64], units: Units, *, is_share: bool) -> NDArray[np.float64]:
    """From weights of units, shape (D, n), to weights of samples, (D, N); shares count every unit alike."""
    per_sample = of_units / np.bincount(units.of_sample) if is_share else of_units
    return np.asarray(per_sample[:, units.of_sample])
