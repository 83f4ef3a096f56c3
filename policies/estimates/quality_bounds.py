"""How bad a quality may be on new data, given what was seen: one-sided bounds from plausible weights of the units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from policies.certificates.binomial import binomial_upper_bound
from policies.certificates.claims import require_delta
from policies.qualities.quality import NOWHERE, Quality
from policies.rules import RuleView
from policies.tables.units import Units


N_DRAWS = 1000
_BATCH = 50


def quality_value(
    quality: Quality,
    marks: NDArray[np.int64],
    labels: NDArray[np.int64],
    units: Units,
    *,
    n_classes: int,
) -> float:
    """A quality of one policy; where it is a share of samples and there are groups, the mean over groups.

    Args:
        quality: Which.
        marks: Up to K counts that each sample adds to at the exit that it took, or ``NOWHERE``, shape (K, N).
        labels: Shape (N,).
        units: What is independent among the samples.
        n_classes: ``C``.
    """
    weights = _sample_weights(np.ones((1, units.n)), units, is_share=quality.is_share)[0]
    counts = np.bincount(labels, weights, minlength=n_classes)
    tallies = _counted(marks, quality.n_tallies(n_classes)) @ weights
    return float(quality.value(tallies[None], counts)[0])


def quality_bounds(
    quality: Quality,
    marks: Sequence[NDArray[np.int64]],
    labels: NDArray[np.int64],
    units: Units,
    *,
    n_classes: int,
    level: float,
    seed: int = 0,
) -> NDArray[np.float64]:
    """One-sided bound of each policy's quality at confidence ``1 - level``: lower, or upper where less is better.

    The units' shares in the world are drawn from all that are plausible (uniformly: the Bayesian bootstrap, Rubin
    1981), with one unit beside them that was not seen and is as bad as can be; the bound is the ``level`` quantile of
    the quality. For the mean of losses this is Gaffke's bound (2005; Learned-Miller and Thomas, 2019), and for right
    and wrong answers that of Clopper and Pearson, which is taken exactly. For other figures it is an approximation.

    Args:
        quality: Which.
        marks: Of each policy as :func:`quality_value` takes them, shape (K, N) each.
        labels: Shape (N,).
        units: What is independent among the samples.
        n_classes: ``C``.
        level: Probability that the true value is beyond the bound, in (0, 1).
        seed: Of the draws.

    Returns:
        Shape (P,); never better than what was seen.

    Raises:
        ClaimError: If ``level`` is not in (0, 1).
    """
    require_delta(level)
    if quality.is_share and quality.n_tallies(n_classes) == 1 and not units.hold_several:
        n_bad = [int(((own == NOWHERE) == quality.is_maximised).sum()) for own in marks]
        upper = np.array([binomial_upper_bound(n, units.n, delta=level) for n in n_bad])
        return 1 - upper if quality.is_maximised else upper
    drawn = _drawn_values(quality, marks, labels, units, n_classes, seed)
    seen = np.array([quality_value(quality, own, labels, units, n_classes=n_classes) for own in marks])
    if quality.is_maximised:
        return np.asarray(np.minimum(np.quantile(drawn, level, axis=0), seen))
    return np.asarray(np.maximum(np.quantile(drawn, 1 - level, axis=0), seen))


def _drawn_values(
    quality: Quality,
    marks: Sequence[NDArray[np.int64]],
    labels: NDArray[np.int64],
    units: Units,
    n_classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """The quality of each policy at drawn shares of the units, shape (D, P)."""
    counted = [_counted(own, quality.n_tallies(n_classes)) for own in marks]
    of_class = _counted(labels[None], n_classes)
    worst, worst_counts = _worst(quality, labels, n_classes)
    size = 1.0 if quality.is_share else labels.size / units.n
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(N_DRAWS // _BATCH):
        shares = rng.dirichlet(np.ones(units.n + 1), _BATCH) * (units.n + 1)
        weights = _sample_weights(shares[:, :-1], units, is_share=quality.is_share).T
        unseen = size * shares[:, -1]
        tallies = np.stack([(own @ weights).T + unseen[:, None] * worst for own in counted], axis=1)
        counts = (of_class @ weights).T + unseen[:, None] * worst_counts
        values += [quality.value(own, count) for own, count in zip(tallies, counts, strict=True)]
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


def _worst(
    quality: Quality, labels: NDArray[np.int64], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tallies, shape (T,), and classes, (C,), of a sample that is answered wrongly, late, and far off.

    Its class is as likely as among the labels.
    """
    classes = np.arange(n_classes)
    probabilities = np.full((n_classes, 2, n_classes), 1.0)
    probabilities[classes, 0, classes] = 2.0
    probabilities[classes, 1, classes] = 0.0
    probabilities[classes, 1, (classes + 1) % n_classes] = 2.0
    probabilities /= probabilities.sum(axis=2, keepdims=True)
    view = RuleView.of_one_score(np.zeros((n_classes, 2)), probabilities)
    shares = np.bincount(labels, minlength=n_classes) / labels.size
    return _counted(quality.marks(view, classes)[:, :, 1], quality.n_tallies(n_classes)) @ shares, shares
