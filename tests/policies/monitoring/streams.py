"""What the tests of monitoring share: means to bet against, and answers that came in."""

from dataclasses import replace

import numpy as np

from policies.certificates.losses import Loss
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.monitoring.bets import LimitedMean
from policies.monitoring.reference import ReferenceStatistics
from policies.policy import Policy
from tests.tables import make_table


POLICY = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
CERTIFY = make_table(600, seed=2, prefix="c")
REFERENCE = ReferenceStatistics.of(CERTIFY, POLICY.decide(CERTIFY))


def error_rate(limit=0.05):
    """The statement that the error rate of single samples is at most the limit."""
    return LimitedMean("accuracy", "main", Loss.ERROR, limit, is_binary=True)


def answered(right, *, groups=None, label=0, full_right=None):
    """Samples of one class, answered with it where ``right`` says so and with the next one elsewhere."""
    right = np.asarray(right, dtype=bool)
    n = len(right)
    return AnsweredSamples(
        predictions=np.where(right, label, label + 1),
        exits=np.zeros(n, dtype=np.int64),
        confidences=np.full(n, 0.9),
        labels=np.full(n, label),
        full_predictions=np.full(n, UNKNOWN) if full_right is None else np.where(full_right, label, label + 1),
        groups=None if groups is None else np.asarray(groups).astype(str),
    )


def grouped(table, size):
    """The table with so many neighbours in each group."""
    return replace(table, groups=np.array([f"g{i // size:04d}" for i in range(table.n_samples)]))
