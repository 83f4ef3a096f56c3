"""Sharing out samples with several labels each: whole groups or parents, stratified by their sets of labels."""

from __future__ import annotations

from collections.abc import Mapping
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.splitting.absent_classes import count_absences, require_units, share_units
from trainables.errors import OneSidedLabelsWarning


_ATTEMPTS = 20
# More attempts hardly help where there is much to share out.
_MOST_PLACED = 200_000
_MOST = 3


def spread_label_sets(
    samples: LabelledSamples, rows: NDArray[np.int64], shares: Mapping[str, float], *, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Share samples out, whole units only, so that each split has its share of each label.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the label with the fewest positives left goes
    first, its units one after the other to the split that wants most of it; see
    :func:`~trainables.data.splitting.mixed_groups.stratify`. A unit is a group, else a sample. What is counted in it
    are the parents, else the samples, that have the label; those without any label are counted like a label. Of
    several orders the one is taken that leaves the fewest splits without a label, and of such the one that is nearest
    to the shares.

    Args:
        samples: All samples, with their groups and parents.
        rows: The samples that are shared out.
        shares: Share of the units of each split, by name.
        seed: Decides the order.

    Returns:
        Rows of the samples of each split, each at least one.

    Raises:
        DataError: If there are fewer units than splits.
    """
    unit_of_row, counts = _label_counts(samples, rows)
    require_units(len(counts), shares)
    parts = np.array([*shares.values()]) / sum(shares.values())
    attempts = min(_ATTEMPTS, max(1, _MOST_PLACED // len(counts)))
    orders = [share_units(counts, parts, np.random.default_rng([seed, attempt])) for attempt in range(attempts)]
    best = min(orders, key=lambda split_of: _badness(counts, split_of, parts))
    return {name: rows[best[unit_of_row] == split] for split, name in enumerate(shares)}


def _label_counts(samples: LabelledSamples, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The unit of each of n rows, and how many parents of each of G units have each label, or none.

    Returns:
        Shape (n,), in 0..G-1; and shape (G, L + 1).
    """
    units = samples.ids if samples.groups is None else samples.groups
    parents = samples.ids if samples.parents is None else samples.parents
    unit_of_row = np.unique(units[rows], return_inverse=True)[1]
    _, first, parent_of_row = np.unique(parents[rows], return_index=True, return_inverse=True)
    holds = np.zeros((len(first), len(samples.class_names)), dtype=np.bool_)
    np.logical_or.at(holds, parent_of_row, samples.memberships[rows])
    strata = np.column_stack([holds, ~holds.any(axis=1)])
    counts = np.zeros((unit_of_row.max() + 1, strata.shape[1]), dtype=np.int64)
    np.add.at(counts, unit_of_row[first], strata)
    return unit_of_row, counts


def _badness(counts: NDArray[np.int64], split_of: NDArray[np.int64], shares: NDArray[np.float64]) -> tuple[int, float]:
    """How often a label is missing in a split, and the squared distances from what splits want, in shares of it."""
    # All units count like a label, so that no order wins by the size of its splits.
    marks = np.column_stack([counts, np.ones(len(counts), dtype=np.int64)])
    marks = marks[:, marks.any(axis=0)]
    found = np.stack([marks[split_of == split].sum(axis=0) for split in range(len(shares))])
    wanted = np.outer(shares, marks.sum(axis=0))
    of_labels = counts[:, :-1] > 0
    absent = count_absences(of_labels[:, of_labels.any(axis=0)], split_of, len(shares))
    return absent, float(((found - wanted) ** 2 / wanted).sum())


def warn_of_one_sided(samples: LabelledSamples, rows: Mapping[str, NDArray[np.int64]]) -> None:
    """Name the labels that do not vary: never or always on in all samples, or in those of a split.

    Args:
        samples: All samples.
        rows: The samples of each split, by its name.

    Warns:
        OneSidedLabelsWarning: If there are such labels.
    """
    on = samples.memberships
    names = samples.class_names
    never, always = np.asarray(~on.any(axis=0)), np.asarray(on.all(axis=0))
    told = [
        f"{which.sum()} {'is' if which.sum() == 1 else 'are'} {how} on, "
        f"{list_some(name for name, is_so in zip(names, which, strict=True) if is_so)}"
        for which, how in ((never, "never"), (always, "always"))
        if which.any()
    ]
    in_splits = [
        f"{names[label]!r}, on in {on[:, label].sum()} samples, {' and '.join(where)}"
        for label in np.flatnonzero(~never & ~always)
        if (where := _one_sided_in(on[:, label], rows))
    ]
    if in_splits:
        do, more = "does" if len(in_splits) == 1 else "do", " ..." * (len(in_splits) > _MOST)
        told.append(f"{len(in_splits)} {do} not vary in every split, {'; '.join(in_splits[:_MOST])}{more}")
    if told:
        warnings.warn(
            f"of {len(names)} labels {', and '.join(told)}. Such a label is not learned, and its figures say nothing: "
            f"add samples that have it, or lack it, or leave it out",
            OneSidedLabelsWarning,
            stacklevel=4,
        )


def _one_sided_in(on: NDArray[np.bool_], rows: Mapping[str, NDArray[np.int64]]) -> list[str]:
    """In which splits a label is never, or always, on."""
    never = [split for split, own in rows.items() if not on[own].any()]
    always = [split for split, own in rows.items() if len(own) and on[own].all()]
    return [f"{how} in {', '.join(which)}" for how, which in (("never", never), ("always", always)) if which]
