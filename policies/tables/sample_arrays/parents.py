"""The contract of parents: what samples are parts of, and the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.identity import canonical_names, parents_in_ids


PARENT_NAMES = "parent_names"
"""Key of a table's facts: names of all parents that its data has, whether or not the table has samples of them."""
_MOST_SHOWN = 80
_MOST_EXAMPLES = 3


def parent_problems(
    *,
    ids: NDArray[np.str_] | None,
    groups: NDArray[np.str_] | None,
    parents: NDArray[np.str_] | None,
    order: NDArray[np.int64] | None,
    meta: Mapping[str, Any],
) -> list[str]:
    """What is wrong with parents and with the order in them, each with key and row.

    Args:
        ids: Name of each sample, shape (N,), or None.
        groups: Origin of each sample, shape (N,), or None.
        parents: What each sample is a part of, shape (N,), or None.
        order: Place of each sample in its parent, shape (N,), or None.
        meta: Facts that the table states about itself.
    """
    found: list[str] = []
    if parents is not None:
        found += [*_unnamed(parents), *in_several_groups(parents, groups), *_unlisted(parents, meta)]
    if order is not None:
        found += _ties(order, _parents(ids, groups, parents))
    return found


def absent_parents(parents: NDArray[np.str_] | None, meta: Mapping[str, Any]) -> list[str]:
    """The clause that parents which the facts name have no sample in the table; none where all have one.

    Args:
        parents: What each sample is a part of, shape (N,), or None.
        meta: Facts that the table states about itself.
    """
    listed = meta.get(PARENT_NAMES)
    if parents is None or listed is None:
        return []
    absent = np.setdiff1d(canonical_names(np.array(listed, dtype=np.str_)), canonical_names(parents))
    if not absent.size:
        return []
    return [
        f"{absent.size} of the {len(listed)} parents of meta's {PARENT_NAMES!r}, such as {_examples(absent)}, have no "
        f"sample here: nothing is answered about them, and no figure counts them"
    ]


def _unnamed(parents: NDArray[np.str_]) -> Iterator[str]:
    rows = np.flatnonzero(canonical_names(parents) == "")
    if rows.size:
        yield (
            f"'parents' must have names but row {rows[0]} has none ({rows.size} such rows); a sample that is part of "
            f"nothing is a parent of its own: give it its id"
        )


def in_several_groups(parents: NDArray[np.str_], groups: NDArray[np.str_] | None) -> Iterator[str]:
    """The clause that some parents have samples of several groups; none where there is no such parent.

    Args:
        parents: What each sample is a part of, shape (N,).
        groups: Origin of each sample, shape (N,), or None.
    """
    if groups is None:
        return
    names, first, of_sample = np.unique(parents, return_index=True, return_inverse=True)
    rows = np.flatnonzero(groups != groups[first[of_sample]])
    if rows.size:
        row = int(rows[0])
        parent = of_sample[row]
        yield (
            f"'parents' must each lie in one group but samples of {str(names[parent])!r} are of "
            f"{str(groups[first[parent]])!r} (row {first[parent]}) and of {str(groups[row])!r} (row {row}) "
            f"({len(np.unique(of_sample[rows]))} such parents)"
        )


def _unlisted(parents: NDArray[np.str_], meta: Mapping[str, Any]) -> Iterator[str]:
    listed = meta.get(PARENT_NAMES)
    if listed is None:
        return
    if not isinstance(listed, (list, tuple)) or not all(isinstance(name, str) for name in listed):
        yield f"meta's {PARENT_NAMES!r} must be a list of names but is {str(listed)[:_MOST_SHOWN]!r}"
        return
    known = np.isin(canonical_names(parents), canonical_names(np.array(listed, dtype=np.str_)))
    if not known.all():
        row = int(np.flatnonzero(~known)[0])
        yield (
            f"meta's {PARENT_NAMES!r} must name all parents but row {row} is a part of {str(parents[row])!r} "
            f"({len(np.unique(parents[~known]))} such parents)"
        )


def _parents(
    ids: NDArray[np.str_] | None, groups: NDArray[np.str_] | None, parents: NDArray[np.str_] | None
) -> NDArray[np.str_] | None:
    """What samples are parts of: as ``parents`` says, else as ids do, else their groups."""
    if parents is not None:
        return parents
    told = None if ids is None else parents_in_ids(ids)
    return groups if told is None else told[0]


def _ties(order: NDArray[np.int64], parents: NDArray[np.str_] | None) -> Iterator[str]:
    if parents is None:
        yield (
            "'order' is the place of a sample in its parent but samples have none; add 'parents' (N,), 'groups' (N,) "
            "or ids of the form <parent>#<number>, or leave it out"
        )
        return
    names, of_sample = np.unique(parents, return_inverse=True)
    rows = np.lexsort((order, of_sample))
    tied = np.flatnonzero((np.diff(of_sample[rows]) == 0) & (np.diff(order[rows]) == 0))
    if tied.size:
        first, second = sorted(int(row) for row in rows[tied[0] : tied[0] + 2])
        parent = str(names[of_sample[first]])
        yield (
            f"'order' must differ within a parent but rows {first} and {second} of {parent!r} are "
            f"both {order[first]} ({len(np.unique(of_sample[rows[tied]]))} such parents)"
        )


def _examples(names: NDArray[np.str_]) -> str:
    return ", ".join(repr(str(name)) for name in names[:_MOST_EXAMPLES])
