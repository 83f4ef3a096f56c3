"""Whether two policies differ on the same samples, by what their answers are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.judging.judged import Judged
from policies.policy import Decision
from policies.qualities import get_quality
from policies.tables.base import ExitTable
from policies.tables.units import Units
from policies.views.distributions import Held
from policies.views.view import RuleView


RESAMPLES = 1999
_BLOCK = 250


@dataclass(frozen=True)
class PairedComparison:
    """Two policies on the samples of one split, or on the parents that these are parts of, paired.

    Attributes:
        quality: Name of the quality that both are compared by.
        first: Quality of the first policy.
        second: Quality of the second policy.
        p_value: Of the test that it does not matter which of the two answers a unit, two-sided, in (0, 1].
        unit: ``sample``, or ``group`` where samples share an origin, or ``parent`` where answers are about parents.
        n_units: Number of independent units.
    """

    quality: str
    first: float
    second: float
    p_value: float
    unit: str
    n_units: int


def compare_paired(
    quality: str, table: ExitTable, first: Decision, second: Decision, *, seed: int = 0
) -> PairedComparison:
    """Compare what two policies answered to the samples of one table, by a quality.

    For the accuracy of independent samples it is McNemar's exact test (McNemar, 1947): of the samples that one alone
    answers rightly, each is as likely to be the one's as the other's. For other qualities, and where samples come in
    groups, it is the randomisation test with 1,999 resamples: each unit's answers are swapped or not (Noreen, 1989;
    Yeh, 2000), and the quality is worked out again. Where answers are pooled it is those about parents that are
    compared.

    Args:
        quality: Name of the quality.
        table: Table of N samples; its truth and its groups count, not its outputs.
        first: What the first policy did with the samples, in the order of the table.
        second: What the second policy did with them; it may be another network's.
        seed: Seed of the resamples.

    Raises:
        ExitSearchError: If the quality is unknown or cannot judge such answers, or one policy answers about parents
            and the other about samples.
    """
    judge = _Judge(quality, table, first, second)
    units = judge.units
    values = judge(np.repeat([[0], [1]], judge.n, axis=1))
    if quality == "accuracy" and not units.hold_several:
        p_value = _mcnemar(judge)
    else:
        p_value = _randomised(judge, units, abs(float(values[0] - values[1])), seed)
    return PairedComparison(quality, float(values[0]), float(values[1]), p_value, units.kind, units.n)


class _Judge:
    """The quality of answers that are taken from either of two policies, each of the J that are judged by itself.

    Attributes:
        n: How many are judged, ``J``.
        units: The independent units that these belong to.
    """

    def __init__(self, quality: str, table: ExitTable, first: Decision, second: Decision) -> None:
        if (first.parents is None) != (second.parents is None):
            raise PolicyError(
                "policies are compared on what both answer about but one pools answers over parents and the other does "
                "not; give both the same pooling"
            )
        judged = [Judged(one.view, table.truth) for one in (first, second)]
        self._quality, self._truth = get_quality(quality), judged[0].truth
        self.n, self.units = self._truth.n_samples, judged[0].units(Units.of(table))
        one, other = (own.answered(made.exits) for own, made in zip(judged, (first, second), strict=True))
        answers = np.concatenate([one.answers, other.answers], axis=1)
        shape, held = answers.shape[:2], None
        if one.distributions is not None and other.distributions is not None:
            held = Held(np.concatenate([one.distributions.whole(), other.distributions.whole()], axis=1))
        self._view = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers, held)

    def __call__(self, taken: NDArray[np.int64]) -> NDArray[np.float64]:
        """Quality of each of P ways to take answers, shape (P,): 0 the first policy's, 1 the second's, shape (P, J)."""
        return self._quality.values(self._view, self._truth, taken)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the answers of both policies are right, shape (J, 2)."""
        return self._truth.right(self._view.answers)


def _mcnemar(judge: _Judge) -> float:
    # Here, since the import takes seconds.
    from scipy.stats import binomtest

    one, other = judge.right.T
    n_one, n_other = int((one & ~other).sum()), int((other & ~one).sum())
    return float(binomtest(n_one, n_one + n_other, 0.5).pvalue) if n_one + n_other else 1.0


def _randomised(judge: _Judge, units: Units, observed: float, seed: int) -> float:
    rng = np.random.default_rng(seed)
    n_as_far = 1
    for start in range(0, RESAMPLES, _BLOCK):
        swaps = rng.integers(0, 2, (min(_BLOCK, RESAMPLES - start), units.n))[:, units.of_sample]
        # A little room, since the same difference may be summed in another order.
        n_as_far += int((np.abs(judge(swaps) - judge(1 - swaps)) >= observed - 1e-12).sum())
    return n_as_far / (RESAMPLES + 1)
