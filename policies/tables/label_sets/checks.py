"""The contract of a table of label sets: everything that is wrong with its arrays, each as one clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.checks import logit_problems
from policies.tables.sample_arrays.checks import class_name_problems, common_problems, wrong_shape


_AXES = ("samples", "exits", "labels")
_MOST_SHOWN = 80


def label_table_problems(
    *,
    logits: NDArray[Any] | None,
    labels: NDArray[Any] | None,
    cost: NDArray[Any] | None,
    ids: NDArray[Any] | None,
    groups: NDArray[Any] | None = None,
    parents: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    thresholds: NDArray[Any] | None = None,
    meta: Mapping[str, Any],
) -> list[str]:
    """Everything that breaks the contract of :class:`~policies.tables.multilabel.MultiLabelTable`, with key and row.

    Axes come first: with wrong ones nothing else could be matched. An array that is None is not looked at.
    """
    shape, found = None, [*_axes(logits, labels, cost, ids)] if logits is not None else []
    if logits is not None:
        if not found:
            shape = (int(logits.shape[0]), int(logits.shape[1]), int(logits.shape[2]))
        found += logit_problems(logits, of_zeros="np.log(p + 1e-12) - np.log(1 - p + 1e-12)")
    of_sets = shape and (shape[0], shape[2])
    if labels is not None:
        found += _labels(labels, of_sets)
    origins: dict[str, Any] = {"groups": groups, "parents": parents, "order": order}
    found += common_problems(cost=cost, ids=ids, **origins, meta=meta, size=shape and shape[:2], beside="logits")
    if thresholds is not None:
        found += _thresholds(thresholds, of_sets)
    n_labels = labels.shape[1] if shape is None and labels is not None and labels.ndim == 2 else shape and shape[2]
    return found + _fact_problems(meta, n_labels)


def _axes(
    logits: NDArray[Any], labels: NDArray[Any] | None, cost: NDArray[Any] | None, ids: NDArray[Any] | None
) -> Iterator[str]:
    rule = "'logits' must have shape (N, E, L), for samples, exits and labels,"
    if logits.ndim != 3 or min(logits.shape) < 1:
        yield f"{rule} with N, E, L >= 1 but has shape {logits.shape}"
        return
    order = _likely_order(logits.shape, labels, cost, ids)
    if order != (0, 1, 2):
        axes = ", ".join(_AXES[order.index(axis)] for axis in range(3))
        yield (
            f"{rule} but has shape {logits.shape}, which beside the other arrays looks like ({axes}); "
            f"hand over logits.transpose{order}"
        )


def _likely_order(
    shape: tuple[int, ...], labels: NDArray[Any] | None, cost: NDArray[Any] | None, ids: NDArray[Any] | None
) -> tuple[int, ...]:
    """Which axes samples, exits and labels seem to be, by the other arrays; (0, 1, 2) where nothing speaks against."""
    n_samples, n_labels = labels.shape if labels is not None and labels.ndim == 2 else (None, None)
    if n_samples is not None and ids is not None and ids.shape == (n_labels,) != (n_samples,):
        n_samples, n_labels = n_labels, n_samples  # The labels are turned, and the checks of them say so.
    n_exits = cost.size if cost is not None and cost.ndim == 1 else None

    def fits(order: tuple[int, ...]) -> bool:
        asked = (n_samples, n_exits, n_labels)
        return all(number in (None, shape[axis]) for number, axis in zip(asked, order, strict=True))

    return next((order for order in permutations(range(3)) if fits(order)), (0, 1, 2))


def _labels(labels: NDArray[Any], of_sets: tuple[int, int] | None) -> Iterator[str]:
    yield from wrong_shape("labels", labels, of_sets, hint=_shape_hint(labels, of_sets))
    if labels.dtype != np.uint8:
        yield f"'labels' must be uint8 but is {labels.dtype}"
        return
    rows = np.atleast_1d(labels)
    bad = np.flatnonzero((rows > 1).reshape(len(rows), -1).any(axis=1)) if labels.size else np.arange(0)
    if bad.size:
        shown = str(rows[bad[0]].tolist())[:_MOST_SHOWN]
        yield f"'labels' must be 0 or 1 for each label but row {bad[0]} is {shown} ({bad.size} such rows)"


def _shape_hint(labels: NDArray[Any], of_sets: tuple[int, int] | None) -> str:
    if of_sets is None:
        return ""
    if labels.shape == of_sets[::-1]:
        return "; hand over labels.T"
    if labels.shape != of_sets[:1]:
        return ""
    if of_sets[1] == 1:
        return "; hand over labels[:, None]"
    return (
        f"; of one class a sample take np.eye({of_sets[1]})[labels], or rather leave out the task of meta: a "
        f"classifier answers with one class and not with a set"
    )


def _thresholds(thresholds: NDArray[Any], of_sets: tuple[int, int] | None) -> Iterator[str]:
    yield from wrong_shape("thresholds", thresholds, of_sets)
    if thresholds.dtype != np.float64:
        yield f"'thresholds' must be float64 but is {thresholds.dtype}"
    elif thresholds.size:
        rows = np.atleast_1d(thresholds)
        bad = np.flatnonzero(~((rows > 0) & (rows < 1)).reshape(len(rows), -1).all(axis=1))
        if bad.size:
            shown = str(rows[bad[0]].tolist())[:_MOST_SHOWN]
            yield f"'thresholds' must lie in (0, 1) but row {bad[0]} is {shown} ({bad.size} such rows)"


def _fact_problems(meta: Mapping[str, Any], n_labels: int | None) -> list[str]:
    """What is wrong with the names of labels, and with those that exclude each other."""
    names = meta.get("label_names")
    found = (
        [] if names is None else class_name_problems(names, n_labels, beside="logits", key="label_names", what="labels")
    )
    if found:
        return found
    if names is not None:
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            return [f"meta's 'label_names' must be names of their own but {twice!r} is there twice"]
    exclusive = meta.get("exclusive")
    known = None if n_labels is None and names is None else names or [str(one) for one in range(n_labels or 0)]
    return [] if exclusive is None else [*_exclusive_problems(exclusive, known)]


def _exclusive_problems(exclusive: Any, known: list[str] | None) -> Iterator[str]:
    rule = "meta's 'exclusive' must be a list of lists of labels' names, of which a sample has at most one"
    is_lists = isinstance(exclusive, (list, tuple)) and all(isinstance(one, (list, tuple)) for one in exclusive)
    if not is_lists or not all(isinstance(name, str) for one in exclusive for name in one):
        yield f"{rule}, but is {str(exclusive)[:_MOST_SHOWN]!r}"
        return
    for number, one in enumerate(exclusive):
        if len(set(one)) < max(2, len(one)):
            yield f"{rule}, at least two and each once, but list {number} is {str(list(one))[:_MOST_SHOWN]}"
        unknown = [name for name in one if known is not None and name not in known]
        if unknown:
            yield f"{rule}, but {unknown[0]!r} in list {number} is no label"
