"""Arrays and JSON facts in one ``.npz`` file, written in one step and read without unpickling anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.files.atomic import whole_file


META = "meta"
_PICKLE = b"\x80"


def write_arrays(path: Path, arrays: Iterable[tuple[str, NDArray[Any]]]) -> None:
    """Write arrays by name, compressed, replacing ``path`` in one step; no two of them need be in memory at once.

    ``np.savez_compressed`` takes all of them together.
    """
    with whole_file(path) as partial, ZipFile(partial, "w", ZIP_DEFLATED) as archive:
        for name, values in arrays:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def write_npz(path: Path, arrays: Mapping[str, Any], meta: Mapping[str, Any], *, schema: int) -> None:
    """Write arrays, and facts as the JSON string ``meta``, replacing ``path`` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {**arrays, META: np.array(json.dumps({**meta, "schema": schema}))}
    # To a stream: numpy adds .npz to a path that ends otherwise.
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, **content)


@dataclass(frozen=True)
class Archive:
    """The members of a ``.npz`` file.

    Attributes:
        arrays: Arrays that could be read, by key.
        faults: What is wrong with each member that could not be read, and what to do, by key; it holds pickled objects,
            which are never opened.
    """

    arrays: dict[str, NDArray[Any]]
    faults: dict[str, str]


def read_npz(
    path: Path, kind: str, *, required: tuple[str, ...], schema: int, error: type[ExitSearchError]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read arrays and facts that :func:`write_npz` or anyone else has written.

    Args:
        path: Path of the file to read.
        kind: What the file should be, for messages: "file of soft labels".
        required: Keys that the file must have, beside ``meta``; it may have no others.
        schema: Number of the schema that ``meta`` must state.
        error: Type of the error to raise.

    Returns:
        The arrays, and ``meta`` without its schema.

    Raises:
        ExitSearchError: If the file is missing, damaged, lacks a key, has an unknown one or states another schema.
    """
    archive = read_archive(path, kind, error)
    problems = [*archive.faults.values()]
    problems += problems_of_keys([*archive.arrays, *archive.faults], required=(*required, META), known=required)
    if problems:
        raise error(f"{path}: {'; '.join(problems)}")
    try:
        return archive.arrays, parse_meta(archive.arrays.pop(META), schema)
    except ValueError as reason:
        raise error(f"{path}: {reason}") from None


def problems_of_keys(given: Sequence[str], *, required: Sequence[str], known: Sequence[str]) -> list[str]:
    """What is wrong with the keys that were given: each that is missing, each that is unknown."""
    allowed = sorted({*required, *known, META})
    missing = [key for key in required if key not in given]
    there = ", ".join(repr(key) for key in sorted(given)) or "nothing"
    problems = [f"the key {key!r} is needed but there is {there}" for key in missing]
    for key in sorted({*given} - {*allowed}):
        close = get_close_matches(key, allowed, n=1, cutoff=0.75)
        meant = f"; {close[0]!r} may be meant" if close else ""
        problems.append(f"unknown key {key!r}{meant}; known are {', '.join(repr(name) for name in allowed)}")
    return problems


def rows_that_are_not_unicode(values: NDArray[np.str_]) -> NDArray[np.int64]:
    """Rows of text, shape (N,), with code points that do not exist or are lone surrogates: no file can hold them."""
    if not values.size:
        return np.arange(0)
    codes = values.astype(values.dtype.newbyteorder("=")).view(np.uint32).reshape(len(values), -1)
    return np.flatnonzero(((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any(axis=1))


def read_archive(path: Path, kind: str, error: type[ExitSearchError]) -> Archive:
    """Read every array of a file, without unpickling anything.

    Raises:
        ExitSearchError: If the file is missing, damaged, or no archive of arrays.
    """
    arrays: dict[str, NDArray[Any]] = {}
    faults: dict[str, str] = {}
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise error(f"{path}: {_a(kind)} is a .npz archive but this is a single array; write it with np.savez")
        with loaded:
            for key in loaded.files:
                try:
                    arrays[key] = loaded[key]
                except ValueError as reason:
                    if not _is_about_pickle(reason):
                        raise
                    faults[key] = _holds_objects(key)
    except error:
        raise
    except FileNotFoundError:
        raise error(f"{path}: there is no such {kind}") from None
    except IsADirectoryError:
        raise error(f"{path}: {_a(kind)} is a file but this is a folder; name the file in it") from None
    # A damaged file makes zipfile, zlib, tokenize and numpy raise a dozen kinds, MemoryError among them.
    except Exception as problem:
        raise error(f"{path}: not a readable {kind} ({_reason(problem, path)})") from None
    foreign = [key for key, value in arrays.items() if not isinstance(value, np.ndarray)]
    if foreign:
        raise error(f"{path}: not a readable {kind} ({foreign[0]!r} is not an array)")
    return Archive(arrays, faults)


def parse_meta(value: NDArray[Any], schema: int, *, must_state: bool = True) -> dict[str, Any]:
    """The facts that the JSON string ``meta`` holds, without their schema.

    Args:
        value: Array that should be one JSON string.
        schema: The only schema that may be stated.
        must_state: Whether the schema must be stated; else ``schema`` is taken where it is not.

    Raises:
        ValueError: With one line, if it is no such string.
    """
    if value.size != 1 or value.dtype.kind not in "US":
        raise ValueError(
            f"'meta' must be one JSON string but has shape {value.shape}, dtype {value.dtype}; write json.dumps(...)"
        )
    if value.dtype.kind == "U" and rows_that_are_not_unicode(value.reshape(1)).size:
        raise ValueError("'meta' must be Unicode text but is not")
    text = value.reshape(()).item()
    try:
        meta = json.loads(text.decode() if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):
        raise ValueError(f"'meta' must be JSON but is {str(text)[:60]!r}; write json.dumps(...)") from None
    if not isinstance(meta, dict):
        raise ValueError(f"'meta' must be a JSON object but is a {type(meta).__name__}")
    stated = meta.pop("schema", None if must_state else schema)
    if stated != schema:
        raise ValueError(f"'meta' must state schema {schema} but states {stated!r}")
    return meta


def stated(meta: NDArray[Any] | None, key: str) -> Any:
    """What the JSON string ``meta`` says under a key; None where it says nothing, or is no such string at all."""
    try:
        return json.loads(str(np.asarray(meta).reshape(()))).get(key)
    except (AttributeError, ValueError, RecursionError):
        return None


def _is_about_pickle(reason: Exception) -> bool:
    """Numpy has no class of its own for arrays of objects that it was told not to open."""
    return "allow_pickle" in str(reason)


def _holds_objects(key: str) -> str:
    instead = "the text that json.dumps makes of it" if key == META else "text with dtype=str, numbers as one array"
    return f"{key!r} holds Python objects, which are never opened; save {instead}"


def _reason(problem: Exception, path: Path) -> str:
    if _is_about_pickle(problem):
        # Numpy takes for a pickle whatever has no beginning that it knows, such as a text file.
        with path.open("rb") as file:
            is_pickle = file.read(1) == _PICKLE
        what = "it is a pickle of Python objects, which is never opened" if is_pickle else "it is no .npz archive"
        return f"{what}; write it with np.savez"
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
