"""Cutting a source into the four splits: stratified, whole groups only, the same for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import Samples
from trainables.data.splits import SPLIT_NAMES, Split, SplitFractions, Splits
from trainables.errors import DataError


def split_samples(samples: Samples, fractions: SplitFractions, *, seed: int) -> Splits:
    """Split samples four ways: stratified by class, whole groups only, the same for the same seed.

    Args:
        samples: Everything the source has.
        fractions: Shares of the splits.
        seed: The split seed; not the training seed.

    Raises:
        DataError: If ids are not unique or there are too few samples or groups of a class.
    """
    if len(np.unique(samples.ids)) < len(samples.ids):
        raise DataError("sample ids must be unique but some occur more than once")
    units = samples.ids if samples.groups is None else samples.groups
    if samples.official_test is None:
        rows = _split_rows(units, samples.labels, np.arange(len(units)), SPLIT_NAMES, fractions, seed)
    else:
        own = np.flatnonzero(~samples.official_test)
        rows = _split_rows(units, samples.labels, own, SPLIT_NAMES[:3], fractions, seed)
        rows["test"] = np.flatnonzero(samples.official_test)
    parts = {name: _take(samples, rows[name]) for name in SPLIT_NAMES}
    return Splits(**parts, class_names=samples.class_names, facts=samples.facts)


def _split_rows(
    units: NDArray[np.str_],
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    names: tuple[str, ...],
    fractions: SplitFractions,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    unit_names, unit_of_row = np.unique(units[rows], return_inverse=True)
    unit_labels = _most_common_label(unit_of_row, labels[rows], len(unit_names))
    counts = np.bincount(unit_labels)
    rarest = counts[counts > 0].min()
    if rarest < len(names):
        raise DataError(
            f"every class needs at least {len(names)} samples or groups, one per split, "
            f"but class {int(np.flatnonzero(counts == rarest)[0])} has {rarest}"
        )
    remaining = np.arange(len(unit_names))
    share_left = sum(getattr(fractions, name) for name in names)
    result = {}
    for name in names[::-1][:-1]:
        share = getattr(fractions, name)
        remaining, taken = _stratified_cut(remaining, unit_labels, share / share_left, seed)
        share_left -= share
        result[name] = rows[np.isin(unit_of_row, taken)]
    result[names[0]] = rows[np.isin(unit_of_row, remaining)]
    return result


def _stratified_cut(
    units: NDArray[np.int64], labels: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Here, since the import takes seconds and only the driver splits data.
    from sklearn.model_selection import train_test_split

    try:
        rest, taken = train_test_split(units, test_size=share, stratify=labels[units], random_state=seed)
    except ValueError as error:
        raise DataError(f"the samples cannot be split with every class in every split: {error}") from None
    return rest, taken


def _most_common_label(unit_of_row: NDArray[np.int64], labels: NDArray[np.int64], n_units: int) -> NDArray[np.int64]:
    counts = np.zeros((n_units, int(labels.max()) + 1), dtype=np.int64)
    np.add.at(counts, (unit_of_row, labels), 1)
    return np.asarray(counts.argmax(axis=1), dtype=np.int64)


def _take(samples: Samples, rows: NDArray[np.int64]) -> Split:
    return Split(
        inputs=samples.inputs[rows],
        labels=samples.labels[rows],
        ids=samples.ids[rows],
        groups=None if samples.groups is None else samples.groups[rows],
    )
