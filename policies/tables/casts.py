"""Anything that can be an array of an exit table, made into one of the right type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import rows_that_are_not_unicode
from policies.tables.identity import canonical_names


_EXACT = 2.0**53
"""Below this every whole number is a float64 of its own."""
Reader = Callable[[str, NDArray[Any], list[str]], NDArray[Any]]


def as_array(value: Any) -> NDArray[Any]:
    """An array of anything that can be one; tensors need not be told from arrays by whoever calls."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        # Numpy has no bfloat16.
        value = value.float() if "bfloat16" in str(value.dtype) else value
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError("must be one array but its rows differ in shape") from None
    if array.dtype.kind == "O":
        return _of_objects(array)
    if array.dtype.kind == "T":
        return array.astype(np.str_)
    return array.astype(array.dtype.newbyteorder("="), copy=False) if array.dtype.kind in "iufcU" else array


def _of_objects(array: NDArray[Any]) -> NDArray[Any]:
    """What pandas hands over for text, and for numbers that came from elsewhere."""
    values = array.ravel().tolist()
    for kinds, dtype in (((str,), np.str_), ((int,), np.int64), ((int, float), np.float64)):
        if values and all(isinstance(value, kinds) and not isinstance(value, bool) for value in values):
            return array.astype(dtype)
    odd = next((value for value in values if not isinstance(value, (str, int, float))), values[:2])
    raise ValueError(f"holds Python objects such as {str(odd)[:40]!r}; give text, or numbers, alone")


def read_logits(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Numbers as float16 or float32; see :data:`READERS`."""
    if values.dtype.kind not in "iuf":
        raise ValueError(f"must be numbers but is {values.dtype}")
    return values if values.dtype in (np.float16, np.float32) else read_float32(key, values, notes)


def read_float32(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Numbers as float32; see :data:`READERS`."""
    if values.dtype.kind not in "iuf":
        raise ValueError(f"must be numbers but is {values.dtype}")
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        cast = values.astype(np.float32)
    if (np.isinf(cast) & np.isfinite(values)).any():
        raise ValueError(f"must fit into float32 but reaches {np.abs(values[np.isfinite(values)]).max():.3g}")
    notes.append(f"{key!r} is cast from {values.dtype} to float32")
    return cast


def _read_stop_prob(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    return read_float32(key, values[:, :, 0] if values.ndim == 3 and values.shape[2] == 1 else values, notes)


def _read_labels(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    return read_classes(key, _flat(values), notes)


def read_classes(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Class numbers as int64, in the shape that they have; see :data:`READERS`."""
    if values.dtype == np.int64:
        return values
    if values.dtype.kind not in "iufb":
        shown = f", such as {str(values.flat[0])!r}" if values.size else ""
        raise ValueError(
            f"must be class numbers from 0 but is {values.dtype}{shown}; put names into 'class_names' of meta"
        )
    with np.errstate(invalid="ignore"):
        cast = values.astype(np.int64)
    uneven = np.flatnonzero(cast.ravel() != values.ravel())
    if uneven.size:
        raise ValueError(f"must be whole class numbers but entry {uneven[0]} is {values.flat[uneven[0]]}")
    notes.append(f"{key!r} is cast from {values.dtype} to int64")
    return cast


def read_marks(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Marks that are true or false; 1 and 0 are taken for them. See :data:`READERS`."""
    if values.dtype == np.bool_:
        return values
    if values.dtype.kind not in "iuf" or not np.isin(values, (0, 1)).all():
        raise ValueError(f"must be true or false, or 1 or 0, but is {values.dtype}")
    return np.asarray(values != 0)


def read_label_sets(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Whether labels are on, as uint8, 0 or 1, in the shape that they have; see :data:`READERS`."""
    if values.dtype.kind not in "iufb":
        shown = f", such as {str(values.flat[0])!r}" if values.size else ""
        raise ValueError(
            f"must be 0 or 1 for each label but is {values.dtype}{shown}; put names into 'label_names' of meta"
        )
    if values.dtype == np.uint8:
        return values  # The checks say what is wrong.
    wrong = np.flatnonzero(~np.isin(values, (0, 1)))
    if wrong.size:
        raise ValueError(
            f"must be 0 or 1 for each label but row {wrong[0] // _row_size(values)} holds "
            f"{values.flat[wrong[0]]} ({wrong.size} such entries){_label_hint(values)}"
        )
    notes.append(f"{key!r} is cast from {values.dtype} to uint8")
    return values.astype(np.uint8)


def _row_size(values: NDArray[Any]) -> int:
    return max(values.size // len(values), 1) if values.ndim else 1


def _label_hint(values: NDArray[Any]) -> str:
    """What to do with marks that are other numbers than 0 and 1."""
    if values.ndim == 1:
        return "; of class numbers take np.eye(L)[labels], or leave out the task of meta: one class a sample is no set"
    if np.isin(values, (-1, 1)).all():
        return "; of -1 and 1 take labels > 0"
    inside = values.dtype.kind == "f" and bool(((values >= 0) & (values <= 1)).all())
    return "; of soft labels take labels >= 0.5" if inside else ""


def _read_order(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    values = _flat(values)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"must be whole numbers but is {values.dtype}")
    if values.dtype == np.int64:
        return values
    wide = values.astype(np.float64)
    uneven = np.flatnonzero(~((np.abs(wide) < _EXACT) & (wide == np.floor(wide))))
    if uneven.size:
        raise ValueError(f"must be whole numbers but entry {uneven[0]} is {values.flat[uneven[0]]}")
    return values.astype(np.int64)


def _read_cost(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    if values.dtype.kind not in "iuf":
        raise ValueError(f"must be numbers but is {values.dtype}")
    cost = _flat(values).astype(np.float64)
    if cost.ndim != 1 or not cost.size or not np.isfinite(cost).all() or np.diff(cost, prepend=0.0).min() <= 0:
        return cost
    if abs(cost[-1] - 1.0) > 1e-6:
        notes.append(f"{key!r} is divided by its last value, {cost[-1]:.6g}")
    return np.asarray(cost / cost[-1])


def _read_text(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    values = _flat(values)
    if values.dtype.kind == "U":
        return values
    if values.dtype.kind == "S":
        try:
            return np.asarray(np.char.decode(values, "utf-8"))
        except UnicodeDecodeError:
            raise ValueError("must be text in UTF-8 but is other bytes") from None
    if values.dtype.kind == "f":
        wide = values.astype(np.float64)
        is_whole = (np.abs(wide) < _EXACT).all() and (wide == np.floor(wide)).all()
        values = wide.astype(np.int64) if is_whole else values
    if values.dtype.kind not in "iu":
        raise ValueError(f"must be text or whole numbers but is {values.dtype}")
    return values.astype(np.str_)


def _read_groups(key: str, values: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """Origins or parents, with those that differ in spaces or Unicode form alone made one."""
    groups = _read_text(key, values, notes)
    if groups.ndim != 1 or rows_that_are_not_unicode(groups).size:
        return groups  # The checks say what is wrong.
    canonical = canonical_names(groups)
    merged = np.unique(groups).size - np.unique(canonical).size
    if merged:
        notes.append(
            f"{merged} of {key!r} differ from others in spaces or Unicode form alone and are taken as the same"
        )
    return canonical


def _flat(values: NDArray[Any]) -> NDArray[Any]:
    """A column, or one row, as a list of its entries."""
    return values.ravel() if values.ndim == 2 and 1 in values.shape else values


COMMON_READERS: dict[str, Reader] = {
    "cost": _read_cost,
    "ids": _read_text,
    "groups": _read_groups,
    "parents": _read_groups,
    "order": _read_order,
}
"""Those of :data:`READERS` for what tables of every kind have."""
READERS: dict[str, Reader] = {
    "logits": read_logits,
    "labels": _read_labels,
    **COMMON_READERS,
    "stop_prob": _read_stop_prob,
}
"""By key: what makes an array of numbers or text into the table's own, and notes what that changed.

They raise ValueError with a clause for a person, without the key, where that cannot be.
"""
