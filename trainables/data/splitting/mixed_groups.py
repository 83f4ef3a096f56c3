"""Sharing out groups that hold several classes, such as speakers who say every word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError


_ATTEMPTS = 50


def classes_of_units(
    units: NDArray[np.str_], memberships: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which classes the samples of each unit hold: of a group, or of a sample that is alone.

    Args:
        units: The name of each sample's unit, shape (N,).
        memberships: Which classes each sample is of, shape (N, C).

    Returns:
        The place of each sample's unit, shape (N,), and which classes each unit holds, shape (G, C).
    """
    names, unit_of_row = np.unique(units, return_inverse=True)
    has_class = np.zeros((len(names), memberships.shape[1]), dtype=np.bool_)
    rows, classes = np.nonzero(memberships)
    has_class[unit_of_row[rows], classes] = True
    return unit_of_row, has_class


def share_groups(has_class: NDArray[np.bool_], shares: Sequence[float], *, seed: int) -> NDArray[np.int64]:
    """Give every group to one split so that every split has every class, and classes are spread by the shares.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the class with the fewest groups left goes first,
    each of its groups to the split that wants most of it. Here splits without the class come before all others, and
    other orders are tried where a split still goes without a class.

    Args:
        has_class: Which classes a group holds, shape (G, C); each group at least one.
        shares: Of the splits, summing to 1.
        seed: Decides the order, and between splits that want the same.

    Returns:
        The split of each group, in ``0..len(shares)-1``, shape (G,).

    Raises:
        DataError: If no order gives every class to every split.
    """
    needed = has_class.any(axis=0)
    for attempt in range(_ATTEMPTS):
        split_of = stratify(has_class, np.array(shares), np.random.default_rng([seed, attempt]))
        if all(has_class[split_of == split].any(axis=0)[needed].all() for split in range(len(shares))):
            return split_of
    raise DataError(
        f"every class must be in every split, but {len(has_class)} groups that hold several classes could not be "
        f"shared out so among {len(shares)}; make smaller groups, or leave the rarest classes out"
    )


def stratify(
    counts: NDArray[np.integer[Any] | np.bool_], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give units to splits by one order of :func:`share_groups`; some splits may go without a class.

    Args:
        counts: How much of each class a unit holds, shape (G, C), or whether it does.
        shares: Of the splits, summing to 1.
        rng: Decides the order, and between splits that want the same.

    Returns:
        The split of each unit, shape (G,).
    """
    n_units, n_splits = len(counts), len(shares)
    counts = counts.astype(np.int64)
    split_of = np.full(n_units, -1)
    wanted = shares * n_units
    wanted_of_class = np.outer(shares, counts.sum(axis=0))
    lacks = np.ones((n_splits, counts.shape[1]), dtype=np.bool_)
    while (split_of < 0).any():
        left = counts[split_of < 0].sum(axis=0)
        rarest = np.where(left > 0, left, left.max() + 1).argmin()
        units = rng.permutation(np.flatnonzero((counts[:, rarest] > 0) & (split_of < 0)))
        # Those that hold most of it first, since small ones can still fill what is left.
        for unit in units[np.argsort(-counts[units, rarest], kind="stable")]:
            own = counts[unit]
            # The last key counts most.
            keys = (
                rng.random(n_splits),
                wanted,
                wanted_of_class[:, rarest],
                (lacks & (own > 0)).sum(axis=1),
                lacks[:, rarest],
            )
            split = np.lexsort(keys)[-1]
            split_of[unit] = split
            wanted[split] -= 1
            wanted_of_class[split] -= own
            lacks[split] &= own == 0
    return split_of
