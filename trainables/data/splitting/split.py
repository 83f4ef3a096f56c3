"""Cutting a source into the four splits: stratified, whole groups only, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from trainables.data.base import Samples
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.splitting.absent_classes import spread_rows, warn_of_absences
from trainables.data.splitting.label_sets import spread_label_sets, warn_of_one_sided
from trainables.data.splitting.mixed_groups import classes_of_units, share_groups
from trainables.data.splitting.splits import SPLIT_NAMES, Split, SplitFractions, Splits
from trainables.errors import DataError, SamplesError


def split_samples(samples: Samples, fractions: SplitFractions, *, seed: int) -> Splits:
    """Split samples four ways: stratified by class, whole groups only, the same for the same seed.

    Groups of one class each are drawn class by class; where some hold several, see
    :func:`~trainables.data.splitting.mixed_groups.share_groups`. Samples of any number of classes, which may be none,
    are shared out by :func:`~trainables.data.splitting.absent_classes.spread_rows`, and those with sets of labels by
    :func:`~trainables.data.splitting.label_sets.spread_label_sets`.

    Args:
        samples: All samples of the source, labelled.
        fractions: Share of the samples, or of their groups, that each split gets.
        seed: The split seed; not the training seed.

    Raises:
        DataError: If ids are not unique or there are too few samples or groups, or too few of a class that each split
            needs.

    Warns:
        AbsentClassesWarning: If a split is without a class that it need not have.
        OneSidedLabelsWarning: If a label is never or always on, in all samples or in a split.
    """
    return Splits(
        **split_parts(samples, {name: getattr(fractions, name) for name in SPLIT_NAMES}, seed=seed),
        class_names=samples.class_names,
        metadata=samples.metadata,
        has_official_test=samples.official_test is not None,
        needs_every_class=samples.needs_every_class,
    )


def split_parts(samples: Samples, shares: Mapping[str, float], *, seed: int) -> dict[str, Split]:
    """Split samples into parts with names of their own, as :func:`split_samples` does.

    Args:
        samples: All samples, labelled.
        shares: Share of the samples, or of their groups, of each part, positive; where the samples have an official
            test, that is the part ``test``, and the others share the rest in proportion.
        seed: The split seed.

    Raises:
        DataError: As :func:`split_samples` does.

    Warns:
        AbsentClassesWarning: If a part is without a class that it need not have.
        OneSidedLabelsWarning: If a label is never or always on, in all samples or in a part.
    """
    _require_unique(samples.ids)
    units = samples.ids if samples.groups is None else samples.groups
    own, official, drawn = np.arange(len(units)), np.arange(0), dict(shares)
    if samples.official_test is not None and drawn.pop("test", None) is not None:
        own, official = np.flatnonzero(~samples.official_test), np.flatnonzero(samples.official_test)
    if samples.needs_every_class:
        rows = _split_rows(units, samples.memberships, own, drawn, seed)
        return {name: _take(samples, rows.get(name, official)) for name in shares}
    if isinstance(samples, LabelledSamples):
        rows = {"test": official, **spread_label_sets(samples, own, drawn, seed=seed)}
        warn_of_one_sided(samples, {name: rows[name] for name in shares})
    else:
        rows = {"test": official, **spread_rows(units, samples.memberships, own, drawn, seed=seed)}
        warn_of_absences(samples, {name: rows[name] for name in shares})
    return {name: _take(samples, rows[name]) for name in shares}


def _require_unique(ids: NDArray[np.str_]) -> None:
    names, counts = np.unique(ids, return_counts=True)
    if len(names) < len(ids):
        twice = names[counts > 1]
        raise SamplesError(
            f"ids must be unique, spaces around them and Unicode form aside, but {list_some(twice)} occur more than "
            f"once ({len(twice)} such ids); rename them"
        )


def _split_rows(
    units: NDArray[np.str_],
    memberships: NDArray[np.bool_],
    rows: NDArray[np.int64],
    shares_by_name: Mapping[str, float],
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    names, shares = list(shares_by_name), list(shares_by_name.values())
    unit_of_row, has_class = classes_of_units(units[rows], memberships[rows])
    counts = has_class.sum(axis=0)
    rarest = counts[counts > 0].min()
    if rarest < len(names):
        raise DataError(
            f"every class needs at least {len(names)} samples or groups, one per split, "
            f"but class {int(np.flatnonzero(counts == rarest)[0])} has {rarest}"
        )
    if (has_class.sum(axis=1) > 1).any():
        split_of = share_groups(has_class, [share / sum(shares) for share in shares], seed=seed)
    else:
        split_of = _share_pure_units(has_class.argmax(axis=1), shares, seed)
    return {name: rows[split_of[unit_of_row] == split] for split, name in enumerate(names)}


def _share_pure_units(labels: NDArray[np.int64], shares: list[float], seed: int) -> NDArray[np.int64]:
    """The split of each unit, the last split drawn first; what is left over is the first split's."""
    split_of = np.zeros(len(labels), dtype=np.int64)
    remaining = np.arange(len(labels))
    share_left = sum(shares)
    for split in range(len(shares) - 1, 0, -1):
        remaining, taken = _stratified_cut(remaining, labels, shares[split] / share_left, seed)
        share_left -= shares[split]
        split_of[taken] = split
    return split_of


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


def _take(samples: Samples, rows: NDArray[np.int64]) -> Split:
    own = {name: getattr(samples, name) for name in ("groups", "parents", "order")}
    return Split(
        inputs=samples.inputs[rows],
        labels=samples.labels[rows],
        ids=samples.ids[rows],
        **{name: None if values is None else values[rows] for name, values in own.items()},
        columns={name: values[rows] for name, values in samples.columns.items()},
    )
