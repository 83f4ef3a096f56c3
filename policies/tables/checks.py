"""The contract of an exit table: everything that is wrong with its arrays, each as one clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.tables.sample_arrays.checks import class_name_problems, common_problems, wrong_shape
from policies.tables.unlabelled.reading import READ_AS_UNLABELLED


Shape = tuple[int, int, int]
_AXES = ("samples", "exits", "classes")
_MOST_SHOWN = 80


def table_problems(
    *,
    logits: NDArray[Any] | None,
    labels: NDArray[Any] | None,
    cost: NDArray[Any] | None,
    ids: NDArray[Any] | None,
    groups: NDArray[Any] | None = None,
    parents: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    stop_prob: NDArray[Any] | None = None,
    meta: Mapping[str, Any],
) -> list[str]:
    """Everything that breaks the contract of :class:`~policies.tables.classification.ExitTable`, each with key and row.

    Axes come first: with wrong ones nothing else could be matched. An array that is None is not looked at.
    """
    shape, axes = None, [*_axes(logits, labels, cost, ids)] if logits is not None else []
    if logits is not None and not axes:
        shape = (int(logits.shape[0]), int(logits.shape[1]), int(logits.shape[2]))
    found = [*axes]
    if logits is not None:
        found += logit_problems(logits, of_zeros="np.log(p + 1e-12)")
    if labels is not None:
        found += _labels(labels, shape)
    origins: dict[str, Any] = {"groups": groups, "parents": parents, "order": order}
    found += common_problems(cost=cost, ids=ids, **origins, meta=meta, size=shape and shape[:2], beside="logits")
    if stop_prob is not None:
        found += _stop_prob(stop_prob, shape)
    class_names = meta.get("class_names")
    if class_names is not None:
        found += class_name_problems(class_names, shape and shape[2], beside="logits")
    return found


def _axes(
    logits: NDArray[Any], labels: NDArray[Any] | None, cost: NDArray[Any] | None, ids: NDArray[Any] | None
) -> Iterator[str]:
    rule = "'logits' must have shape (N, E, C), for samples, exits and classes,"
    if logits.ndim != 3 or min(logits.shape) < 1:
        yield f"{rule} with N, E >= 1 and C >= 2 but has shape {logits.shape}"
        return
    order = _likely_order(logits.shape, labels, cost, ids)
    if order != (0, 1, 2):
        axes = ", ".join(_AXES[order.index(axis)] for axis in range(3))
        yield (
            f"{rule} but has shape {logits.shape}, which beside the other arrays looks like ({axes}); "
            f"hand over logits.transpose{order}"
        )
    elif logits.shape[2] < 2:
        yield (
            f"{rule} with C >= 2 but has shape {logits.shape}; of one output per exit make two classes: "
            f"np.concatenate([0 * logits, logits], axis=2)"
        )


def _likely_order(
    shape: tuple[int, ...], labels: NDArray[Any] | None, cost: NDArray[Any] | None, ids: NDArray[Any] | None
) -> tuple[int, ...]:
    """Which axes samples, exits and classes seem to be, by the other arrays; (0, 1, 2) where nothing speaks against."""
    lengths = {one.size for one in (labels, ids) if one is not None and one.ndim == 1}
    n_samples = lengths.pop() if len(lengths) == 1 else None
    n_exits = cost.size if cost is not None and cost.ndim == 1 else None
    numbers = labels if labels is not None and labels.dtype.kind in "iu" and labels.size else None
    highest = 1 if numbers is None else max(int(numbers.max()), 1)

    def fits(order: tuple[int, ...]) -> bool:
        samples, exits, classes = (shape[axis] for axis in order)
        # Labels that count from 1 reach C: that alone speaks for labels that are wrong, not for other axes.
        is_from_one = order == (0, 1, 2) and highest == classes
        return n_samples in (None, samples) and n_exits in (None, exits) and (highest < classes or is_from_one)

    return next((order for order in permutations(range(3)) if fits(order)), (0, 1, 2))


def logit_problems(logits: NDArray[Any], *, of_zeros: str) -> Iterator[str]:
    """What is wrong with the numbers of logits, whatever their shape.

    Args:
        logits: What was read.
        of_zeros: What to take of probabilities p, of which some are 0 and their logarithm is not finite.
    """
    if logits.dtype not in (np.float16, np.float32):
        yield f"'logits' must be float16 or float32 but is {logits.dtype}"
        return
    bad = _rows_not_finite(np.atleast_1d(logits)) if logits.size else np.arange(0)
    if bad.size:
        is_log_of_zero = not (np.isnan(logits).any() or np.isposinf(logits).any())
        hint = f"; of probabilities take {of_zeros}" if is_log_of_zero else ""
        yield f"'logits' must be finite but row {bad[0]} holds NaN or infinity ({bad.size} such rows){hint}"


def _rows_not_finite(values: NDArray[Any]) -> NDArray[np.int64]:
    """Block by block: as many marks as there are logits would be half of a large table again."""
    rows = values.reshape(len(values), -1)
    marked = [~np.isfinite(rows[own]).all(axis=1) for own in row_blocks(*rows.shape)]
    return np.flatnonzero(np.concatenate(marked))


def _labels(labels: NDArray[Any], shape: Shape | None) -> Iterator[str]:
    hint = "; of one-hot rows take labels.argmax(axis=1)" if labels.ndim == 2 and labels.shape[1] > 1 else ""
    yield from wrong_shape("labels", labels, shape and shape[:1], hint=hint)
    if labels.dtype != np.int64:
        yield f"'labels' must be int64 but is {labels.dtype}"
    elif shape is not None and labels.size:
        n_classes = shape[2]
        bad = np.flatnonzero((labels < 0) | (labels >= n_classes))
        if bad.size:
            from_one = labels.min() == 1 and labels.max() == n_classes
            hint = "; they count from 1: subtract 1" if from_one else ""
            if (labels == -1).all():
                hint = f"; {READ_AS_UNLABELLED}"
            yield (
                f"'labels' must lie in 0..{n_classes - 1} but row {bad[0]} is {labels.flat[bad[0]]} "
                f"({bad.size} such rows){hint}"
            )


def _stop_prob(stop_prob: NDArray[Any], shape: Shape | None) -> Iterator[str]:
    is_turned = shape is not None and stop_prob.shape == (shape[1], shape[0])
    hint = "; hand over stop_prob.T" if is_turned else ""
    yield from wrong_shape("stop_prob", stop_prob, shape and shape[:2], hint=hint)
    if stop_prob.dtype != np.float32:
        yield f"'stop_prob' must be float32 but is {stop_prob.dtype}"
    elif stop_prob.ndim == 2:
        bad = np.flatnonzero(~((stop_prob >= 0) & (stop_prob <= 1)).all(axis=1))
        if bad.size:
            yield (
                f"'stop_prob' must lie in [0, 1] but row {bad[0]} is {str(stop_prob[bad[0]].tolist())[:_MOST_SHOWN]} "
                f"({bad.size} such rows); of logits take the sigmoid"
            )
