"""The contract of what tables of every kind hold beside outputs and truth: everything that is wrong, as clauses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import rows_that_are_not_unicode
from policies.tables.identity import canonical_names
from policies.tables.sample_arrays.parents import parent_problems


_MOST_SHOWN = 80


def common_problems(
    *,
    cost: NDArray[Any] | None,
    ids: NDArray[Any] | None,
    groups: NDArray[Any] | None,
    parents: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    size: tuple[int, int] | None,
    beside: str,
) -> list[str]:
    """Everything that breaks the contract of what tables of every kind have; an array that is None is not looked at.

    Args:
        cost: Should be the relative cost of each exit, shape (E,).
        ids: Should be the name of each sample, shape (N,).
        groups: Should be the origin of each sample, shape (N,).
        parents: Should be what each sample is a part of, shape (N,).
        order: Should be the place of each sample in its parent, shape (N,).
        meta: Facts that the table states about itself, of which those about parents are looked at.
        size: Numbers of samples and of exits, N and E; None where they are not known.
        beside: Key of the array that has this size.
    """
    found: list[str] = []
    if cost is not None:
        found += _cost(cost, size and size[1:], beside)
    if ids is not None:
        found += _ids(ids, size and size[:1], beside)
    for key, names in (("groups", groups), ("parents", parents)):
        if names is not None:
            found += _text(key, names, size and size[:1], beside)
    if order is not None:
        found += _order(order, size and size[:1], beside)
    if not found and (parents is not None or order is not None):
        found += parent_problems(ids=ids, groups=groups, parents=parents, order=order, meta=meta or {})
    return found


def class_name_problems(
    names: Any, n_classes: int | None, *, beside: str, key: str = "class_names", what: str = "classes"
) -> list[str]:
    """What is wrong with names of classes.

    Args:
        names: Should be a list of texts.
        n_classes: How many there must be; None where that is not known.
        beside: Key of the array that has so many classes.
        key: Key of the names in the facts of the table.
        what: What the names are those of, in the plural.
    """
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return [f"meta's {key!r} must be a list of names but is {str(names)[:_MOST_SHOWN]!r}"]
    if n_classes is not None and len(names) != n_classes:
        return [f"meta's {key!r} must name the {n_classes} {what} of {beside!r} but names {len(names)}"]
    return []


def _cost(cost: NDArray[Any], shape: tuple[int, ...] | None, beside: str) -> Iterator[str]:
    yield from wrong_shape("cost", cost, shape, beside=beside)
    if cost.dtype != np.float64:
        yield f"'cost' must be float64 but is {cost.dtype}"
    elif cost.ndim != 1 or not cost.size:
        return
    elif not np.isfinite(cost).all() or cost.min() <= 0:
        yield f"'cost' must be finite and positive but is {str(cost.tolist())[:_MOST_SHOWN]}"
    elif (np.diff(cost) <= 0).any():
        row = int(np.flatnonzero(np.diff(cost) <= 0)[0]) + 1
        yield (
            f"'cost' must increase but row {row} is {cost[row]} after {cost[row - 1]}; it is the compute up to each "
            f"exit, of the stages' own take np.cumsum"
        )
    elif abs(cost[-1] - 1.0) > 1e-9:
        yield f"'cost' is relative to the full network: the last must be 1.0 but is {cost[-1]}"


def _ids(ids: NDArray[Any], shape: tuple[int, ...] | None, beside: str) -> Iterator[str]:
    problems = [*_text("ids", ids, shape, beside)]
    yield from problems
    if problems:
        return
    names, first, counts = np.unique(canonical_names(ids), return_index=True, return_counts=True)
    if names.size < ids.size:
        twice = np.flatnonzero(counts > 1)
        at = twice[0]
        yield (
            f"'ids' must be unique but {str(names[at])!r} (row {first[at]}) occurs {counts[at]} times "
            f"({twice.size} such ids)"
        )


def _order(order: NDArray[Any], shape: tuple[int, ...] | None, beside: str) -> Iterator[str]:
    yield from wrong_shape("order", order, shape, beside=beside)
    if order.dtype != np.int64:
        yield f"'order' must be int64 but is {order.dtype}"


def _text(key: str, values: NDArray[Any], shape: tuple[int, ...] | None, beside: str) -> Iterator[str]:
    yield from wrong_shape(key, values, shape, beside=beside)
    if values.dtype.kind != "U":
        yield f"{key!r} must be text (numpy dtype 'U') but is {values.dtype}"
    elif values.ndim == 1 and values.size:
        bad = rows_that_are_not_unicode(values)
        if bad.size:
            yield f"{key!r} must be Unicode text but row {bad[0]} is not ({bad.size} such rows)"


def wrong_shape(
    key: str, values: NDArray[Any], shape: tuple[int, ...] | None, *, beside: str = "logits", hint: str = ""
) -> Iterator[str]:
    """The clause that an array has another shape than it must have beside another; none where that is not known."""
    if shape is not None and values.shape != shape:
        yield f"{key!r} must have shape {shape} to match {beside!r} but has shape {values.shape}{hint}"
