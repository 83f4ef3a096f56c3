"""Inputs and labels that a user's data source hands over: converted where it is plain what is meant, else refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from trainables.data.given_arrays import as_array, as_names, described, one_per_sample
from trainables.errors import SamplesError, SamplesWarning


_COLOURS = 3
_SMALLEST_SIDE = 8


def as_inputs(given: Any) -> NDArray[Any]:
    """Samples of shape (N, channels, height, width), uint8 in 0..255 or finite float32.

    Shape (N, height, width) is grey, (N, height, width, 3) is colours with the channels last, which is said. Whole
    numbers in 0..255 are pixels; all other numbers become float32.

    Raises:
        SamplesError: If there are no samples, their shapes differ, or they are no finite numbers.

    Warns:
        SamplesWarning: If channels are taken to be last.
    """
    array = as_array("inputs", given)
    if array.dtype.kind not in "buif":
        raise SamplesError(f"inputs must be numbers but are {_kind_of(array)}")
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or 0 in array.shape:
        hint = "; reshape each sample to one channel, such as to (1, height, width)" if array.ndim == 2 else ""
        raise SamplesError(
            f"inputs must have shape (N, channels, height, width), none of them 0, but have {array.shape}{hint}"
        )
    array = _as_pixels(_channels_first(array))
    if array.dtype == np.float32:
        bad = np.flatnonzero(~np.isfinite(array).all(axis=(1, 2, 3)))
        if bad.size:
            raise SamplesError(f"inputs must be finite but hold NaN or infinity in row {bad[0]} ({bad.size} such rows)")
    return array


def as_labels(given: Any, class_names: Sequence[str], n: int) -> NDArray[np.int64]:
    """Classes of ``n`` samples, shape (N,), in ``0..C-1``.

    Names of classes become their numbers, rows with a single 1 (one-hot) its place. Where all classes are numbered from
    1, without a 0, they are numbered from 0, which is said.

    Raises:
        SamplesError: If there are not ``n``, or one is no class.

    Warns:
        SamplesWarning: If they are numbered from 1.
    """
    n_classes = len(class_names)
    array = as_array("labels", given)
    if array.ndim == 2 and array.shape[1] == n_classes and _is_one_hot(array):
        array = array.argmax(axis=1)
    array = one_per_sample("labels", array, n)
    if array.dtype.kind in "USO" and all(isinstance(value, str | bytes) for value in array.tolist()):
        return _numbers_of(as_names("labels", array), class_names)
    labels = _whole_numbers(array)
    if labels.min() == 1 and labels.max() == n_classes:
        warnings.warn(
            f"labels are numbered 1 to {n_classes} and are taken as 0 to {n_classes - 1}", SamplesWarning, stacklevel=4
        )
        labels = labels - 1
    bad = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if bad.size:
        raise SamplesError(
            f"labels must lie in 0..{n_classes - 1}, for {n_classes} class_names, but row {bad[0]} is {labels[bad[0]]} "
            f"({bad.size} such rows)"
        )
    return labels


def _channels_first(array: NDArray[Any]) -> NDArray[Any]:
    _, first, second, last = array.shape
    is_image = min(first, second) >= _SMALLEST_SIDE
    if not is_image or not (last == _COLOURS or (last == 1 and first == second)):
        return array
    warnings.warn(
        f"inputs of shape {array.shape} are taken as {first}x{second} pixels with the channels last",
        SamplesWarning,
        stacklevel=4,
    )
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


def _as_pixels(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind in "ui" and array.min() >= 0 and 1 < array.max() <= 255:
        return array.astype(np.uint8)
    with np.errstate(over="ignore"):
        return np.asarray(array, dtype=np.float32)


def _is_one_hot(array: NDArray[Any]) -> bool:
    if array.dtype.kind not in "buif" or array.shape[1] < 2:
        return False
    return bool(np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all())


def _numbers_of(labels: NDArray[np.str_], class_names: Sequence[str]) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(class_names)}
    bad = [row for row, name in enumerate(labels.tolist()) if name not in numbers]
    if bad:
        raise SamplesError(
            f"labels must be among class_names, {described(list(class_names))}, but row {bad[0]} is "
            f"{str(labels[bad[0]])!r} ({len(bad)} such rows)"
        )
    return np.array([numbers[name] for name in labels.tolist()], dtype=np.int64)


def _whole_numbers(array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.kind not in "buif":
        bad = [row for row, value in enumerate(array.tolist()) if not isinstance(value, bool | int | float)]
        row = bad[0] if bad else 0
        raise SamplesError(
            f"labels must be numbers or names of classes but row {row} is {described(array.tolist()[row])}"
        )
    with np.errstate(invalid="ignore"):
        labels: NDArray[np.int64] = array.astype(np.int64)
    bad_rows = np.flatnonzero(labels != array)
    if bad_rows.size:
        row = bad_rows[0]
        raise SamplesError(f"labels must be whole numbers but row {row} is {array[row]} ({bad_rows.size} such rows)")
    return labels


def _kind_of(array: NDArray[Any]) -> str:
    if array.dtype.kind in "US":
        return "text"
    return (
        f"objects such as {described(array.ravel()[0])}" if array.dtype == object and array.size else str(array.dtype)
    )
