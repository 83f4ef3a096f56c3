"""Sharing out samples that hold any number of classes, such as images with objects; who goes without is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from trainables.data.base import Samples
from trainables.data.splitting.mixed_groups import classes_of_units, stratify
from trainables.errors import AbsentClassesWarning, DataError


_ATTEMPTS = 20
# Splits of a few groups cannot have each class in its share; further off than this, another order is nearer.
_FAR = 0.25
_MOST = 3


def spread_rows(
    units: NDArray[np.str_],
    memberships: NDArray[np.bool_],
    rows: NDArray[np.int64],
    shares: Mapping[str, float],
    *,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """Share samples out, whole units only, so that as many splits as can be have each class, in its share.

    Samples without any class are spread like a class. Of several orders that with the fewest absences is taken, of such
    the first in which no split's share of a class is far from that of all samples, else the nearest. A class in fewer
    units than there are splits goes to the largest split first, which is ``train``.

    Args:
        units: The group of each sample, or its id, shape (N,).
        memberships: Which classes each sample holds, shape (N, C).
        rows: The samples that are shared out.
        shares: Share of the units of each split, by name.
        seed: Decides the order.

    Returns:
        Rows of the samples of each split, each at least one.

    Raises:
        DataError: If there are fewer units than splits.
    """
    unit_of_row, has_class = classes_of_units(units[rows], memberships[rows])
    require_units(len(has_class), shares)
    strata = np.column_stack([has_class, ~has_class.any(axis=1)])
    parts = np.array([*shares.values()]) / sum(shares.values())
    orders = (share_units(strata, parts, np.random.default_rng([seed, attempt])) for attempt in range(_ATTEMPTS))
    split_of = _best_order(orders, has_class, memberships[rows], unit_of_row, n_splits=len(shares))
    return {name: rows[split_of[unit_of_row] == split] for split, name in enumerate(shares)}


def require_units(n_units: int, shares: Mapping[str, float]) -> None:
    """Refuse fewer units than there are splits.

    Args:
        n_units: How many groups there are, or samples that are alone.
        shares: Share of the units of each split, by name.

    Raises:
        DataError: If there are fewer.
    """
    if n_units < len(shares):
        raise DataError(
            f"there must be at least {len(shares)} samples or groups, one for each of {', '.join(shares)}, but there "
            f"{'is' if n_units == 1 else 'are'} {n_units}; add some"
        )


def warn_of_absences(samples: Samples, rows: Mapping[str, NDArray[np.int64]]) -> None:
    """Name the classes that no sample holds, and those that some splits are without.

    Args:
        samples: All samples.
        rows: The samples of each split, by its name.

    Warns:
        AbsentClassesWarning: If there are such classes.
    """
    holds = samples.memberships
    names = np.array(samples.class_names)
    n_images = holds.sum(axis=0)
    absent = {split: (n_images > 0) & ~holds[own].any(axis=0) for split, own in rows.items()}
    never = names[n_images == 0]
    told = [f"{len(never)} of {len(names)} classes occur in no image: {list_some(never)}"] if never.size else []
    rare = [
        f"{name!r}, in {n_images[label]} images, not in {' and '.join(split for split in rows if absent[split][label])}"
        for label, name in enumerate(samples.class_names)
        if any(absent[split][label] for split in rows)
    ]
    if rare:
        told.append(f"{len(rare)} are not in every split: {'; '.join(rare[:_MOST])}{' ...' * (len(rare) > _MOST)}")
    if told:
        warnings.warn(
            f"{', and '.join(told)}. A class has no figures where it does not occur, and is not learned where it is "
            f"not in train: add images of it, or name the classes that are wanted in data.classes",
            AbsentClassesWarning,
            stacklevel=4,
        )


def _best_order(
    orders: Iterator[NDArray[np.int64]],
    has_class: NDArray[np.bool_],
    memberships: NDArray[np.bool_],
    unit_of_row: NDArray[np.int64],
    *,
    n_splits: int,
) -> NDArray[np.int64]:
    """The split of each unit by the best of several orders, or by the first that is good enough."""
    units_of_class = has_class.sum(axis=0)
    unavoidable = int((n_splits - units_of_class[units_of_class > 0]).clip(0).sum())
    found: list[tuple[int, float, NDArray[np.int64]]] = []
    for split_of in orders:
        n_absent = count_absences(has_class[:, units_of_class > 0], split_of, n_splits)
        distance = _distance(memberships, split_of[unit_of_row], n_splits)
        found.append((n_absent, distance, split_of))
        if n_absent <= unavoidable and distance <= _FAR:
            break
    return min(found, key=lambda one: (one[0], max(one[1], _FAR)))[2]


def _distance(memberships: NDArray[np.bool_], split_of_row: NDArray[np.int64], n_splits: int) -> float:
    """The largest difference between the shares of a split's samples, and of all, that hold a class."""
    of_all = memberships.mean(axis=0)
    return max(
        float(np.abs(memberships[split_of_row == split].mean(axis=0) - of_all).max()) for split in range(n_splits)
    )


def share_units(
    counts: NDArray[np.integer[Any] | np.bool_], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The split of each unit, shape (G,), none of them empty; arguments as of :func:`~.mixed_groups.stratify`."""
    split_of = stratify(counts, shares, rng)
    sizes = np.bincount(split_of, minlength=len(shares))
    for empty in np.flatnonzero(sizes == 0):
        richest = np.bincount(split_of, minlength=len(shares)).argmax()
        split_of[rng.choice(np.flatnonzero(split_of == richest))] = empty
    return split_of


def count_absences(has_class: NDArray[np.bool_], split_of: NDArray[np.int64], n_splits: int) -> int:
    """How often a class is missing in a split, one in the first counted as much as in all others.

    Args:
        has_class: Which classes each unit holds, shape (G, C).
        split_of: The split of each unit, shape (G,).
        n_splits: How many splits there are.
    """
    missing = [~has_class[split_of == split].any(axis=0) for split in range(n_splits)]
    return int(sum(absent.sum() for absent in missing[1:]) + n_splits * missing[0].sum())
