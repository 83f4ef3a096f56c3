"""Losses of which a claim just does not hold: families whose mean is exactly the limit.

Groups are units of several samples whose losses are alike: with probability ``alike`` all members of a group share one
draw, else each has its own. Signed losses are 1 where a unit loses against the full network and -1 where it gains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from policies.certificates.label_ratios import RatioCounts


LIMITS = (0.01, 0.05, 0.2)
_MIXED_SIZES = {1: 0.4, 2: 0.3, 3: 0.2, 8: 0.1}
_RISKY_SIZES = {1: 1.5, 2: 0.5, 3: 0.5, 8: 1.5}
_LABELS = 10


@dataclass(frozen=True)
class Losses:
    """Independent losses, each of finitely many values.

    Attributes:
        values: Possible losses, in [least, 1], ascending, shape (V,).
        probabilities: Of each value, shape (V,).
        limit: The limit that is tested, which is the mean.
        least: Smallest possible loss.
        parts: Every loss is a multiple of ``1 / parts``; None where no such number is known.
    """

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    limit: float
    least: float = 0.0
    parts: int | None = None

    @classmethod
    def of(
        cls,
        values: Sequence[float],
        probabilities: Sequence[float],
        limit: float,
        least: float = 0.0,
        parts: int | None = None,
    ) -> Losses:
        """Losses of values in any order, of which some may be the same."""
        distinct, place = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True)
        return cls(distinct, np.bincount(place, weights=np.asarray(probabilities)), limit, least, parts)

    @property
    def mean(self) -> float:
        """The expected loss."""
        return float(self.values @ self.probabilities)

    def counts(self, rng: np.random.Generator, n_draws: int, n: int) -> NDArray[np.int64]:
        """How many of ``n`` losses have each value, in each draw, shape (n_draws, V)."""
        return rng.multinomial(n, self.probabilities / self.probabilities.sum(), n_draws)

    def sums(self, rng: np.random.Generator, n_draws: int, n: int) -> NDArray[np.float64]:
        """Sum of ``n`` losses, of each draw, shape (n_draws,)."""
        return self.counts(rng, n_draws, n) @ self.values

    def draw(self, rng: np.random.Generator, n_draws: int, n: int) -> NDArray[np.float64]:
        """Losses in the order in which they are seen, shape (n_draws, n)."""
        by_probability = np.argsort(-self.probabilities, kind="stable")
        upto = np.cumsum(self.probabilities[by_probability])
        return _looked_up(rng.random((n_draws, n)), self.values[by_probability], upto)


@dataclass(frozen=True)
class PowerLosses:
    """Losses from a continuous distribution: Beta(a, 1), or one less it.

    Attributes:
        limit: The limit that is tested, which is the mean.
        is_reflected: Whether it is Beta(1, b), with many middling losses, and not Beta(a, 1), with few large ones.
        least: Smallest possible loss.
        parts: None: losses may be anything.
    """

    limit: float
    is_reflected: bool
    least: float = 0.0
    parts: None = None

    @property
    def exponent(self) -> float:
        """The first parameter of the distribution, or of what is left of 1."""
        mean = 1 - self.limit if self.is_reflected else self.limit
        return mean / (1 - mean)

    @property
    def mean(self) -> float:
        """The expected loss."""
        mean = self.exponent / (self.exponent + 1)
        return 1 - mean if self.is_reflected else mean

    def sums(self, rng: np.random.Generator, n_draws: int, n: int) -> NDArray[np.float64]:
        """Sum of ``n`` losses, of each draw, shape (n_draws,)."""
        return self.draw(rng, n_draws, n).sum(axis=1)

    def draw(self, rng: np.random.Generator, n_draws: int, n: int) -> NDArray[np.float64]:
        """Losses in the order in which they are seen, shape (n_draws, n)."""
        drawn = rng.random((n_draws, n)) ** (1 / self.exponent)
        return 1 - drawn if self.is_reflected else drawn


@numba.njit(cache=True)
def _looked_up(
    uniform: NDArray[np.float64], values: NDArray[np.float64], upto: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of each uniform number the value in whose range it falls; written over the numbers."""
    flat = uniform.reshape(-1)
    for i in range(flat.size):
        place = 0
        while place < upto.size - 1 and flat[i] >= upto[place]:
            place += 1
        flat[i] = values[place]
    return uniform


@dataclass(frozen=True)
class Family:
    """Losses of one kind, or worlds, at several limits.

    Attributes:
        name: What the table calls the kind.
        at: Losses whose mean is a limit, or a world in which the loss of a policy is the limit.
        limits: The limits at which there are such losses.
    """

    name: str
    at: Callable[[float], Any]
    limits: tuple[float, ...] = LIMITS


def zero_one(limit: float) -> Losses:
    """Right or wrong, of single samples."""
    return Losses.of((0, 1), (1 - limit, limit), limit, parts=1)


def middling(limit: float) -> Losses:
    """Half a loss or none: less spread than 0 and 1 have."""
    return Losses.of((0, 0.5), (1 - 2 * limit, 2 * limit), limit, parts=2)


def never_zero(limit: float) -> Losses:
    """Half of the limit is lost surely, the rest rarely and then wholly."""
    least = limit / 2
    rare = (limit - least) / (1 - least)
    return Losses.of((least, 1), (1 - rare, rare), limit)


def groups(sizes: Mapping[int, float], alike: float, risks: Mapping[int, float] | None = None) -> Callable[..., Losses]:
    """Mean losses of groups.

    Args:
        sizes: Share of the groups that have each size.
        alike: Probability that all members of a group share one draw.
        risks: Expected loss of a group of each size, as a multiple of the limit; their mean is 1. None: all alike.
    """

    def at(limit: float) -> Losses:
        values, probabilities = [], []
        for size, share in sizes.items():
            risk = limit * (1.0 if risks is None else risks[size])
            hits = np.arange(size + 1)
            own = (1 - alike) * binom.pmf(hits, size, risk)
            own[[0, -1]] += alike * (1 - risk), alike * risk
            values += list(hits / size)
            probabilities += list(share * own)
        return Losses.of(values, probabilities, limit, parts=math.lcm(*sizes))

    return at


def signed(gained: float) -> Callable[..., Losses]:
    """A share is gained, and as much more lost as the limit."""

    def at(limit: float) -> Losses:
        lost = limit + gained
        return Losses.of((-1, 0, 1), (gained, 1 - lost - gained, lost), limit, least=-1.0)

    return at


def signed_shares(limit: float) -> Losses:
    """What answers of sets of labels lose as shares of the labels that can differ: a quarter of them, or all."""
    gained = 0.02
    small, large = 0.6 * (limit + gained) * 4, 0.4 * (limit + gained)
    rest = 1 - small - large - 1.75 * gained
    return Losses.of((-1, -0.25, 0, 0.25, 1), (0.75 * gained, gained, rest, small, large), limit, least=-1.0)


def relative_drop(right: float, gained: float) -> Callable[..., Losses]:
    """A share of the full network's accuracy is lost, by what it gets right and by what is gained."""

    def at(share: float) -> Losses:
        lost = share * right + gained
        values = (-share, 1 - share, -1, 0)
        return Losses.of(values, (right - lost, lost, gained, 1 - right - gained), 0.0, least=-1.0)

    return at


def label_ratio(weight: int, *, present: float) -> Callable[..., Losses]:
    """Shortfall of one label: hit, wrong or not counted, of a ratio that is one less the limit."""

    def at(limit: float) -> Losses:
        value = 1 - limit
        wrong = present * weight * limit / value
        counts = _ratio_counts([weight, 0, 0], [weight, 1, 0], 1, weight)
        return _shortfalls(counts, [present, wrong, 1 - present - wrong], value)

    return at


def micro_f1(limit: float) -> Losses:
    """Shortfall of the micro-F1 of ten labels: answers are all right, half right or, rarely, of wrong labels alone."""
    value, all_wrong = 1 - limit, 0.15 * limit
    # Hits and errors of an answer: (3, 0), (2, 2), (0, 8); of the errors as many as value asks for given the hits.
    needed = 2 * limit / value
    half = (needed * 3 * (1 - all_wrong) - 8 * all_wrong) / (2 + needed)
    counts = _ratio_counts([6, 4, 0], [6, 6, 8], _LABELS, 2)
    return _shortfalls(counts, [1 - half - all_wrong, half, all_wrong], value)


def _ratio_counts(numerator: Sequence[int], denominator: Sequence[int], n_labels: int, weight: int) -> RatioCounts:
    given = (np.asarray(one, dtype=np.float64) for one in (numerator, denominator))
    return RatioCounts("ratio", *given, n_labels, weight)


def _shortfalls(counts: RatioCounts, probabilities: Sequence[float], value: float) -> Losses:
    return Losses.of(list(counts.shortfall(value)), probabilities, 0.0, least=counts.least(value))


BINARY = (Family("0 or 1", zero_one),)
GROUPS = (
    Family("groups of 2", groups({2: 1.0}, alike=0.0)),
    Family("groups of 2, half alike", groups({2: 1.0}, alike=0.5)),
    Family("groups of 5", groups({5: 1.0}, alike=0.0)),
    Family("groups of 5, half alike", groups({5: 1.0}, alike=0.5)),
    Family("groups of 1 to 8, a third alike", groups(_MIXED_SIZES, alike=1 / 3)),
    Family("groups of 1 to 8, risk by size", groups(_MIXED_SIZES, alike=1 / 3, risks=_RISKY_SIZES)),
)
SHARES = (
    Family("0 or 1/2", middling),
    Family("half of the limit, or 1", never_zero),
)
CONTINUOUS = (
    Family("beta, few large", lambda limit: PowerLosses(limit, is_reflected=False)),
    Family("beta, many small", lambda limit: PowerLosses(limit, is_reflected=True)),
)
_NON_INFERIOR = (0.0, *LIMITS)
SIGNED = (
    Family("nothing gained", signed(0.0)),
    *(Family(f"{gained:.1%} gained", signed(gained), _NON_INFERIOR) for gained in (0.005, 0.05, 0.2)),
)
SIGNED_SHARES = (Family("shares lost and gained", signed_shares, _NON_INFERIOR),)
RELATIVE = (
    Family("relative drop, 90 % right", relative_drop(0.9, 0.0)),
    Family("relative drop, 70 % right, 2 % gained", relative_drop(0.7, 0.02)),
)
RATIOS = (
    Family("F1 of a rare label", label_ratio(2, present=0.05)),
    Family("recall of a label", label_ratio(1, present=0.3)),
    Family("micro-F1 of ten labels", micro_f1),
)
