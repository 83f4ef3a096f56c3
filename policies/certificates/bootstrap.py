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
from policies.tables.units import Units


_BATCH = 64


@dataclass(frozen=True)
class BootstrapBound:
    """About how low a figure may be on new data of the same kind. Never a certificate: no finite sample ensures it.

    Attributes:
        figure: Name of the figure that was bounded.
        observed: Value of the figure on all samples.
        bound: The ``delta`` quantile of the figure's values on resampled units.
        delta: One less the nominal confidence.
        n: Number of independent units: samples, parents or groups.
        unit: Kind of unit that was drawn, ``sample``, ``parent`` or ``group``.
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
    """Bootstrap lower bound of a policy's macro-F1, over groups or parents where the table has them.

    Args:
        table: The ``certify`` table, N samples.
        decision: Exits and answers of the policy on the table.
        delta: One less the nominal confidence, in (0, 1).
        n_resamples: How often the units are drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.

    Raises:
        ClaimError: If ``delta`` or ``n_resamples`` is out of range, or there is only one unit.
    """
    judged = Judged(decision.view, table.truth)
    answers, truth = judged.answers(decision.exits), judged.truth

    def figure(rows: NDArray[np.int64]) -> float:
        return macro_f1(answers[rows], truth.take(rows).strata)

    units = judged.units(Units.of(table))
    return bootstrap_lower_bound(figure, "macro-F1", units, delta=delta, n_resamples=n_resamples, seed=seed)


def quality_lower_bound(
    name: str,
    table: ExitTable,
    decision: Decision,
    *,
    delta: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> BootstrapBound:
    """Bootstrap lower bound of a pooled quality of a policy, over groups or parents where the table has them.

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

    units = judged.units(Units.of(table))
    return bootstrap_lower_bound(figure, name, units, delta=delta, n_resamples=n_resamples, seed=seed)


def bootstrap_lower_bound(
    figure: Callable[[NDArray[np.int64]], float],
    name: str,
    units: Units,
    *,
    delta: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> BootstrapBound:
    """Percentile bootstrap (Efron, 1979) of any figure of what is judged, by drawing units with replacement.

    Args:
        figure: Function from the numbers of some that are judged, with repetitions, to the figure; more is better.
        name: What the figure is called in the result.
        units: Independent units that those which are judged belong to; whole units are drawn.
        delta: One less the nominal confidence, in (0, 1).
        n_resamples: How often the units are drawn anew.
        seed: Seed of the draws; the same seed gives the same bound.

    Raises:
        ClaimError: If ``delta`` or ``n_resamples`` is out of range, or there is only one unit.
    """
    require_delta(delta)
    if n_resamples < 1:
        raise ClaimError(f"n_resamples must be at least 1 but is {n_resamples}")
    if units.n < 2:
        raise ClaimError(f"a bootstrap needs at least 2 {units.kind}s to draw from but there is {units.n}")
    members = None if units.kind == "sample" else _members(units)

    def drawn(own: NDArray[np.int64]) -> float:
        return figure(own if members is None else np.concatenate([members[unit] for unit in own]))

    observed = float(drawn(np.arange(units.n)))
    return BootstrapBound(
        figure=name,
        observed=observed,
        bound=_percentile(drawn, units.n, delta, n_resamples, seed),
        delta=delta,
        n=units.n,
        unit=units.kind,
        n_resamples=n_resamples,
        seed=seed,
    )


def _members(units: Units) -> list[NDArray[np.int64]]:
    """Numbers of those that each unit holds."""
    order, sizes = np.argsort(units.of_sample, kind="stable"), np.bincount(units.of_sample, minlength=units.n)
    return np.split(order, np.cumsum(sizes)[:-1])


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
