"""Arrays and JSON facts in one ``.npz`` file, written in one step and read without unpickling anything."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.atomic_file import whole_file
from policies.errors import ExitSearchError


_META = "meta"


def write_npz(path: Path, arrays: Mapping[str, Any], meta: Mapping[str, Any], *, schema: int) -> None:
    """Write arrays, and facts as the JSON string ``meta``, replacing ``path`` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {**arrays, _META: np.array(json.dumps({**meta, "schema": schema}))}
    # To a stream: numpy adds .npz to a path that ends otherwise.
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, **content)


def read_npz(
    path: Path,
    kind: str,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    schema: int,
    error: type[ExitSearchError],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read arrays and facts that :func:`write_npz` or anyone else has written.

    Args:
        path: The file.
        kind: What it should be, for messages: "exit table".
        required: Keys that it must have, beside ``meta``.
        optional: Further keys that it may have.
        schema: What ``meta`` must state.
        error: What is raised.

    Returns:
        The arrays, and ``meta`` without its schema.

    Raises:
        ExitSearchError: If the file is missing, damaged, lacks a key, has an unknown one or states another schema.
    """
    arrays = _read_arrays(path, kind, error)
    known = {*required, *optional, _META}
    missing = [key for key in (*required, _META) if key not in arrays]
    if missing:
        raise error(f"{path}: {_a(kind)} needs the key {missing[0]!r} but has {sorted(arrays)}")
    unknown = sorted(set(arrays) - known)
    if unknown:
        raise error(f"{path}: unknown key {unknown[0]!r}; known are {sorted(known)}")
    try:
        return arrays, _parse_meta(arrays.pop(_META), schema)
    except ValueError as reason:
        raise error(f"{path}: {reason}") from None


def rows_that_are_not_unicode(values: NDArray[np.str_]) -> NDArray[np.int64]:
    """Rows of text, shape (N,), with code points that do not exist or are lone surrogates: no file can hold them."""
    codes = values.astype(values.dtype.newbyteorder("=")).view(np.uint32).reshape(len(values), -1)
    return np.flatnonzero(((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any(axis=1))


def _read_arrays(path: Path, kind: str, error: type[ExitSearchError]) -> dict[str, Any]:
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise error(f"{path}: {_a(kind)} is a .npz archive but this is a single array")
        with archive:
            arrays = {key: archive[key] for key in archive.files}
    except error:
        raise
    except FileNotFoundError:
        raise error(f"{path}: there is no such {kind}") from None
    # A damaged file makes zipfile, zlib, tokenize and numpy raise a dozen kinds, MemoryError among them.
    except Exception as problem:
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise error(f"{path}: not a readable {kind} ({reason})") from None
    foreign = [key for key, value in arrays.items() if not isinstance(value, np.ndarray)]
    if foreign:
        raise error(f"{path}: not a readable {kind} ({foreign[0]!r} is not an array)")
    return arrays


def _parse_meta(value: NDArray[np.str_], schema: int) -> dict[str, Any]:
    if value.shape != () or value.dtype.kind != "U":
        raise ValueError(f"'meta' must be one JSON string but has shape {value.shape}, dtype {value.dtype}")
    if rows_that_are_not_unicode(value[None]).size:
        raise ValueError("'meta' must be Unicode text but is not")
    try:
        meta = json.loads(str(value))
    except (ValueError, RecursionError):
        raise ValueError(f"'meta' must be JSON but is {str(value)[:60]!r}") from None
    if not isinstance(meta, dict):
        raise ValueError(f"'meta' must be a JSON object but is a {type(meta).__name__}")
    stated = meta.pop("schema", None)
    if stated != schema:
        raise ValueError(f"'meta' must state schema {schema} but states {stated!r}")
    return meta


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
