"""What files were decoded to is kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
import os
from pathlib import Path
from typing import Any, TypeVar
import warnings

import numpy as np
from platformdirs import user_cache_path

from policies.files.atomic import whole_file
from trainables.data.files.found import FoundFiles
from trainables.errors import DataError


T = TypeVar("T")

_FILE = "decoded.npz"


def cache_folder(files: FoundFiles, settings: str) -> Path:
    """Where what files were decoded to is kept: ``<kind>/<key>`` in the cache; it need not exist.

    The cache is ``$EXITSEARCH_CACHE``, else ``exitsearch`` in the operating system's folder for a person's caches: on
    Linux ``$XDG_CACHE_HOME``, where that is an absolute path, else ``~/.cache``. The key is a SHA-256 over the folder,
    the files' paths, sizes and times of change, and the settings. A folder that was moved is decoded again: archives
    that give all files one time would make two data sets look the same.

    Args:
        files: The files that are to be decoded; their sizes and times are part of the folder's name.
        settings: Everything else that decides what they are decoded to, and a version of the code that does it.

    Raises:
        DataError: If a file is gone or there is no place for a cache.
    """
    digest = sha256(f"{settings}\n".encode())
    digest.update(os.fsencode(files.folder.resolve()))
    for path in files.paths:
        try:
            status = (files.folder / path).stat()
        except OSError as error:
            raise DataError(f"{files.folder / path}: cannot be read ({error.strerror}); repair or delete it") from None
        digest.update(f"\n{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return _cache_root(files.kind.plural) / files.kind.plural / digest.hexdigest()


def read_cached(folder: Path, build: Callable[..., T], fits: Callable[[T], bool]) -> T | None:
    """Take what was decoded from a cache folder; None where it is not there, damaged or something else.

    Args:
        folder: Where decoded files are kept, from :func:`cache_folder`.
        build: The dataclass that holds the decoded arrays; it refuses arrays that do not fit together.
        fits: Whether what was found belongs to the files that were asked for.
    """
    try:
        with np.load(folder / _FILE, allow_pickle=False) as archive:
            found = build(**{key: archive[key] for key in archive.files})
    # A damaged file makes zipfile, zlib, tokenize and numpy raise a dozen kinds; the answer to all is to decode again.
    except Exception:
        return None
    return found if fits(found) else None


def keep(folder: Path, decoded: Any, *, plural: str, warning: type[Warning]) -> None:
    """Write what was decoded into its cache folder, whole or not at all.

    Args:
        folder: Where decoded files are kept, from :func:`cache_folder`.
        decoded: A dataclass whose fields are all arrays.
        plural: What a person calls what was decoded, such as "images".
        warning: Class of the warning where they cannot be written.

    Warns:
        Warning: Of the given class, if it cannot be written.
    """
    try:
        _write(folder / _FILE, {field.name: getattr(decoded, field.name) for field in fields(decoded)})
    except OSError as error:
        warnings.warn(
            f"{folder}: the decoded {plural} cannot be kept ({error.strerror}), so the next start decodes them again; "
            f"name a folder with room in EXITSEARCH_CACHE",
            warning,
            stacklevel=4,
        )


def _cache_root(plural: str) -> Path:
    given = os.environ.get("EXITSEARCH_CACHE")
    try:
        return Path(given).expanduser() if given else user_cache_path("exitsearch", appauthor=False)
    except RuntimeError as error:
        reason = str(error).rstrip(".")
        raise DataError(f"decoded {plural} need a cache folder but: {reason}; name one in EXITSEARCH_CACHE") from None


def _write(path: Path, arrays: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial, partial.open("wb") as stream:
        # Not compressed: decoded samples hardly shrink, and the checksums are wanted rather than the size.
        np.savez(stream, **arrays)
