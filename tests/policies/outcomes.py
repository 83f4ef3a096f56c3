"""Exit tables with two exits and two classes that say exactly what was right and who left, and their policies."""

import numpy as np

from policies.policy import Policy
from policies.tables.classification import ClassificationTable


GATE = Policy("confidence", (0.9,), (1.0, 1.0))
FULL = Policy("confidence", (float("inf"),), (1.0, 1.0))


def outcome_table(first_right, last_right, *, leaves=None, labels=None, groups=None, prefix="c", meta=None):
    """``GATE`` lets those leave at the first exit that ``leaves`` marks; all where it is left out."""
    first_right, last_right = np.asarray(first_right, dtype=bool), np.asarray(last_right, dtype=bool)
    n = len(first_right)
    labels = np.zeros(n, dtype=np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    sure = np.stack([np.ones(n, dtype=bool) if leaves is None else np.asarray(leaves), np.ones(n, dtype=bool)], axis=1)
    right = np.stack([first_right, last_right], axis=1)
    answers = np.where(right, labels[:, None], 1 - labels[:, None])
    logits = np.zeros((n, 2, 2), dtype=np.float32)
    np.put_along_axis(logits, answers[:, :, None], np.where(sure, 5.0, 0.1).astype(np.float32)[:, :, None], axis=2)
    ids = np.char.add(prefix, np.arange(n).astype(str))
    return ClassificationTable(logits, labels, cost=np.array([0.5, 1.0]), ids=ids, groups=groups, meta=meta or {})


def table_with_errors(n, *, first, last, **options):
    """The exits err on the first so many samples, and ``GATE`` lets everybody leave at the first exit."""
    row = np.arange(n)
    return outcome_table(row >= first, row >= last, **options)


def copied(table, n_copies):
    """Every sample so many times, under new names, in the same group."""
    rows = np.tile(np.arange(table.n_samples), n_copies)
    ids = np.char.add(np.char.add(table.ids[rows], "-"), np.repeat(np.arange(n_copies), table.n_samples).astype(str))
    groups = None if table.groups is None else table.groups[rows]
    return ClassificationTable(table.logits[rows], table.labels[rows], cost=table.cost, ids=ids, groups=groups)


def is_near_level(n_false, n_draws, delta):
    """Whether so many false certificates are no more than delta allows, up to three binomial deviations."""
    return n_false / n_draws <= delta + 3 * np.sqrt(delta * (1 - delta) / n_draws)
