"""Bootstrap bounds, for figures such as macro-F1 or mAP that have no certificate: approximations, named as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from policies.certificates.claims import require_delta
from policies.errors import ClaimError
from policies.judging.judged import Judged
from policies.metrics.classification import macro_f1
from policies.policy import Decision
from policies.qualities import PooledQuality, get_quality, require_judges
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable


_BATCH = 64


@dataclass(frozen=True)
class BootstrapBound:
    """About how low a figure may be on new data of the same kind. Never a certificate: no finite sample ensures it.

    Attributes:
        figure: Name of the figure that was bounded.
        observed: Value of the figure on all samples.
        bound: The ``delta`` quantile of the figure's values on resampled units.
        delta: One less the nominal confidence.
        n: Number of independent units, samples or groups.
        unit: Kind of unit that was drawn, ``sample`` or ``group``.
        n_resamples: How often the units were drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.
        method: How the bound was found, in words.
    """

    figure: str
    observed: float
    bound: float
    delta: float
    n: int
    unit: str
    n_resamples: int
    seed: int
    method: str = "bootstrap, percentile (an approximation, not a certificate)"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def macro_f1_lower_bound(
    table: ClassificationTable, decision: Decision, *, delta: float = 0.05, n_resamples: int = 2000, seed: int = 0
) -> BootstrapBound:
    """Bootstrap lower bound of a policy's macro-F1, over groups where the table has them.

    Args:
        table: The ``certify`` table, N samples.
        decision: Exits and answers of the policy on the table.
        delta: One less the nominal confidence, in (0, 1).
        n_resamples: How often the units are drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.

    Raises:
        ClaimError: If ``delta`` or ``n_resamples`` is out of range, or there is only one unit.
    """

    def figure(rows: NDArray[np.int64]) -> float:
        return macro_f1(decision.answers[rows], table.labels[rows])

    return bootstrap_lower_bound(
        figure, "macro-F1", table.n_samples, groups=table.groups, delta=delta, n_resamples=n_resamples, seed=seed
    )


def quality_lower_bound(
    name: str,
    table: ExitTable,
    decision: Decision,
    *,
    delta: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> BootstrapBound:
    """Bootstrap lower bound of a pooled quality of a policy, over groups where the table has them.

    Args:
        name: Name of the quality, of which more must be better.
        table: The ``certify`` table, N samples.
        decision: Exits and answers of the policy on the table.
        delta: One less the nominal confidence, in (0, 1).
        n_resamples: How often the units are drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.

    Raises:
        ExitSearchError: If the quality is not pooled or not for the table's answers, ``delta`` or ``n_resamples`` is
            out of range, or there is only one unit.
    """
    require_judges(name, table)
    quality = get_quality(name)
    if not isinstance(quality, PooledQuality) or not quality.is_maximised:
        raise ClaimError(
            f"a quality that is bounded by bootstrap must look at all answers together, more being better, as map_50 "
            f"does, but {name!r} does not; give another"
        )
    judged, exits = Judged(decision.view, table.truth), decision.exits[None]
    judge = judged.judge_drawn(quality)

    def figure(rows: NDArray[np.int64]) -> float:
        return float(judge(exits, rows)[0])

    return bootstrap_lower_bound(
        figure, name, table.n_samples, groups=table.groups, delta=delta, n_resamples=n_resamples, seed=seed
    )


def bootstrap_lower_bound(
    figure: Callable[[NDArray[np.int64]], float],
    name: str,
    n_samples: int,
    *,
    groups: NDArray[np.str_] | None = None,
    delta: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> BootstrapBound:
    """Percentile bootstrap (Efron, 1979) of any figure of samples, by drawing units with replacement.

    Args:
        figure: Function from row numbers, with repetitions, to the figure; more is better.
        name: What the figure is called in the result.
        n_samples: Number of samples, ``N``.
        groups: Origin of each sample, shape (N,); whole groups are drawn. None: single samples are.
        delta: One less the nominal confidence, in (0, 1).
        n_resamples: How often the units are drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.

    Raises:
        ClaimError: If ``delta`` or ``n_resamples`` is out of range, or there is only one unit.
    """
    require_delta(delta)
    if n_resamples < 1:
        raise ClaimError(f"n_resamples must be at least 1 but is {n_resamples}")
    members = _members(n_samples, groups)
    n_units = len(members)
    if n_units < 2:
        raise ClaimError("a bootstrap needs at least 2 samples, or groups, to draw from but there is 1")

    def drawn(units: NDArray[np.int64]) -> float:
        return figure(units if groups is None else np.concatenate([members[unit] for unit in units]))

    observed = float(drawn(np.arange(n_units)))
    return BootstrapBound(
        figure=name,
        observed=observed,
        bound=_percentile(drawn, n_units, delta, n_resamples, seed),
        delta=delta,
        n=n_units,
        unit="sample" if groups is None else "group",
        n_resamples=n_resamples,
        seed=seed,
    )


def _members(n_samples: int, groups: NDArray[np.str_] | None) -> list[NDArray[np.int64]]:
    """Rows of each unit; units sorted by name, so that the order of rows does not matter."""
    if groups is None:
        return list(np.arange(n_samples)[:, None])
    codes = np.unique(groups, return_inverse=True)[1]
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


def _percentile(
    drawn: Callable[[NDArray[np.int64]], float], n_units: int, delta: float, n_resamples: int, seed: int
) -> float:
    result = bootstrap(
        (np.arange(n_units),),
        drawn,
        n_resamples=n_resamples,
        batch=_BATCH,
        vectorized=False,
        confidence_level=1 - delta,
        alternative="greater",
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low)
