"""What samples are parts of, as a data source hands it over: converted where it is plain, else refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data.given_arrays import as_array, described, one_per_sample
from trainables.errors import SamplesError


def as_order(given: Any, n: int) -> NDArray[np.int64] | None:
    """Places of ``n`` samples in their parents, shape (N,), from whole numbers; None where nothing is given.

    Raises:
        SamplesError: If there are not ``n``, or one is no whole number.
    """
    if given is None:
        return None
    array = one_per_sample("order", as_array("order", given), n)
    if array.dtype.kind not in "buif":
        raise SamplesError(f"order must be whole numbers but row 0 is {described(array.tolist()[0])}")
    with np.errstate(invalid="ignore"):
        order = array.astype(np.int64)
    bad = np.flatnonzero(order != array)
    if bad.size:
        raise SamplesError(
            f"order must be whole numbers but row {bad[0]} is {array[bad[0]]} ({bad.size} such rows); number the "
            f"samples of each parent"
        )
    return order


def require_whole_parents(parents: NDArray[np.str_], groups: NDArray[np.str_]) -> None:
    """Refuse parents whose samples are of several groups: a split has all samples of a parent or none.

    Args:
        parents: What each sample is a part of, shape (N,).
        groups: Origin of each sample, shape (N,).

    Raises:
        SamplesError: If there are such parents; the message names one.
    """
    pairs = np.unique(np.stack([parents, groups], axis=1), axis=0)
    names, n_groups = np.unique(pairs[:, 0], return_counts=True)
    torn = names[n_groups > 1]
    if torn.size:
        some = pairs[pairs[:, 0] == torn[0], 1]
        raise SamplesError(
            f"samples of one parent must have one group but those of {str(torn[0])!r} have {str(some[0])!r} and "
            f"{str(some[1])!r} ({torn.size} such parents); give them one, or make smaller parents"
        )


def require_one_order(parents: NDArray[np.str_], order: NDArray[np.int64]) -> None:
    """Refuse two samples at one place in their parent, since nobody knows which is read first.

    Args:
        parents: What each sample is a part of, shape (N,).
        order: Place of each sample in its parent, shape (N,).

    Raises:
        SamplesError: If there are such samples; the message names a parent and a place.
    """
    codes = np.unique(parents, return_inverse=True)[1]
    rows = np.lexsort((order, codes))
    alike = np.flatnonzero((np.diff(codes[rows]) == 0) & (np.diff(order[rows]) == 0))
    if alike.size:
        row = rows[alike[0]]
        raise SamplesError(
            f"samples of one parent must have different places in order but {str(parents[row])!r} has two at "
            f"{order[row]} ({alike.size} such samples); number them in the order in which they are read"
        )
