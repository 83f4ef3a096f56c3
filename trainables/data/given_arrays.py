"""Arrays, names and metadata that a user's data source hands over: converted where it is plain what is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import date
import json
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import rows_that_are_not_unicode
from trainables.errors import SamplesError


_SHOWN = 60
_NAMES = (str, bytes, int, float, np.generic, date, PurePath)


def as_class_names(given: Any, *, least: int = 2) -> tuple[str, ...]:
    """One name per class, each its own.

    Args:
        given: The names, in the order of their classes.
        least: How many there must be, 1 or 2.

    Raises:
        SamplesError: If they are no such names.
    """
    if isinstance(given, int | float | str | bytes | Mapping | Set):
        raise SamplesError(f"class_names must be a list of names, one per class, but is {described(given)}")
    names = as_names("class_names", given)
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if len(names) < least or "" in names or twice is not None:
        rule = "a name" if least == 1 else "two names"
        raise SamplesError(f"class_names must be {rule} or more, each its own, but are {described(names.tolist())}")
    return tuple(names.tolist())


def as_names(key: str, given: Any, n: int | None = None) -> NDArray[np.str_]:
    """Names as text, shape (N,); numbers become their digits.

    Raises:
        SamplesError: If there are not ``n``, or one is missing or no text.
    """
    array = as_array(key, given)
    array = one_per_sample(key, array, array.size if n is None else n)
    values = array.tolist() if array.dtype.kind in "fO" else []
    missing = [row for row, value in enumerate(values) if _is_missing(value)]
    if missing:
        raise SamplesError(f"{key} must name every sample but row {missing[0]} has none ({len(missing)} such rows)")
    strange = next((value for value in values if not isinstance(value, _NAMES)), None)
    if strange is not None:
        raise SamplesError(f"{key} must be text but hold {described(strange)}")
    try:
        names = array.astype(np.str_) if array.dtype.kind not in "SO" else np.array([*map(_text_of, array.tolist())])
    except UnicodeDecodeError:
        raise SamplesError(f"{key} must be text but are bytes that are not UTF-8") from None
    bad = rows_that_are_not_unicode(names) if names.size else names
    if bad.size:
        raise SamplesError(f"{key} must be Unicode text but row {bad[0]} is not ({bad.size} such rows)")
    return names


def as_origins(key: str, given: Any, n: int) -> NDArray[np.str_] | None:
    """Where ``n`` samples come from, shape (N,); None where none is named.

    Args:
        key: What of the samples it is: ``groups`` or ``parents``.
        given: A name for each sample.
        n: How many samples there are.

    Raises:
        SamplesError: If some are missing, or there are not ``n``.
    """
    if given is None:
        return None
    array = as_array(key, given)
    if array.size and array.dtype.kind in "fO" and all(map(_is_missing, array.ravel().tolist())):
        return None
    return as_names(key, array, n)


def as_marks(key: str, given: Any, n: int) -> NDArray[np.bool_] | None:
    """Yes or no for ``n`` samples, shape (N,), from truth values or 0 and 1; None where nothing is given.

    Raises:
        SamplesError: If it is anything else.
    """
    if given is None:
        return None
    array = one_per_sample(key, as_array(key, given), n)
    bad = [row for row, value in enumerate(array.tolist()) if _is_missing(value) or value not in (0, 1)]
    if bad:
        raise SamplesError(
            f"{key} must be true or false for each sample but row {bad[0]} is {described(array[bad[0]])}"
        )
    return array.astype(np.bool_)


def as_metadata(given: Any) -> dict[str, Any]:
    """JSON values by name; numbers and arrays of numpy become plain ones.

    Raises:
        SamplesError: If they cannot.
    """
    if not isinstance(given, Mapping):
        raise SamplesError(f"metadata must be values by name but are {described(given)}")
    metadata: dict[str, Any] = {}
    for key, value in given.items():
        plain = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        try:
            json.dumps({key: plain})
        except (TypeError, ValueError):
            raise SamplesError(f"metadata must be JSON values by name but {key!r} is {described(value)}") from None
        metadata[key] = plain
    return metadata


def as_array(key: str, given: Any) -> NDArray[Any]:
    """An array of one entry per sample from whatever holds them in an order: a list, a generator, a tensor, a column.

    Raises:
        SamplesError: If it holds none, values are masked, or the entries' shapes differ.
    """
    if given is None or isinstance(given, str | bytes | Mapping | Set) or not hasattr(given, "__iter__"):
        raise SamplesError(f"{key} must be an array or a list, with one entry per sample, but {_are(given)}")
    if isinstance(given, Iterator):
        given = list(given)
    given = [_from_tensor(one) for one in given] if isinstance(given, list | tuple) else _from_tensor(given)
    # pandas: a DataFrame has columns, which are no samples, so that only its values count.
    given = given.to_numpy() if hasattr(given, "to_numpy") else given
    if np.ma.is_masked(given):
        raise SamplesError(f"{key} must have no masked values but have {int(np.ma.getmaskarray(given).sum())}")
    try:
        # numpy would make text of what is missing among texts.
        has_texts = isinstance(given, list) and any(isinstance(one, str) for one in given)
        array = np.asarray(given, dtype=object if has_texts else None)
        if array.dtype == object and array.ndim == 1 and array.size and np.ndim(array[0]):
            array = np.asarray(list(map(_from_tensor, array)))
    except ValueError:
        raise SamplesError(f"{key} must all have one shape but {_first_other_shape(list(given))}") from None
    if array.ndim == 0:
        raise SamplesError(f"{key} must be an array or a list, with one entry per sample, but {_are(given)}")
    return _without_objects(array)


def one_per_sample(key: str, array: NDArray[Any], n: int) -> NDArray[Any]:
    """The same as shape (N,), for ``n`` samples; a single column counts as that.

    Raises:
        SamplesError: If it has another shape.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (n,):
        raise SamplesError(f"{key} must have shape ({n},), one per sample, but have {array.shape}")
    return array


def described(value: Any) -> str:
    """A value as a person is shown it: with its kind, on one line, and not too long."""
    text = f"{type(value).__name__} {' '.join(repr(value).split())}" if not isinstance(value, list) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _from_tensor(given: Any) -> Any:
    if not hasattr(given, "detach"):
        return given
    plain = given.detach().cpu()
    # numpy has no bfloat16.
    return (plain.float() if plain.is_floating_point() else plain).numpy()


def _without_objects(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers that came as objects, such as of a column of mixed types, are numbers."""
    if array.dtype != object or not array.size:
        return array
    if not all(isinstance(value, bool | int | float | np.number | np.bool_) for value in array.ravel().tolist()):
        return array
    return np.array(array.tolist())


def _first_other_shape(entries: list[Any]) -> str:
    shapes = [_shape_of(one) for one in entries]
    row = next((row for row, shape in enumerate(shapes) if shape != shapes[0]), 0)
    return f"row 0 has {shapes[0]} and row {row} has {shapes[row]}"


def _shape_of(entry: Any) -> tuple[int, ...] | str:
    try:
        return tuple(np.shape(entry))
    except ValueError:
        return "several"


def _is_missing(value: Any) -> bool:
    # NaN, NaT and pandas' NA are the values that do not equal themselves; the last cannot even say so.
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
    except ValueError:
        return False


def _text_of(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _are(given: Any) -> str:
    return "none are given" if given is None else f"{described(given)} was given"
