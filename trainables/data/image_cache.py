"""Images are decoded once; the arrays are kept for the next time."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
import os
from pathlib import Path
import warnings

import numpy as np

from trainables.data.image_decoding import DecodedImages, decode_images
from trainables.data.image_files import ImageFiles
from trainables.errors import DataError, ImageCacheWarning


# To be raised with every change to what is decoded or how it is written.
_VERSION = 1
_FILE = "decoded.npz"


def cache_folder(files: ImageFiles, *, size: int) -> Path:
    """Where the decoded images are kept: ``images/<key>`` in the cache; it need not exist.

    The cache is ``$EXITSEARCH_CACHE``, else ``exitsearch`` in ``$XDG_CACHE_HOME``, else ``~/.cache/exitsearch``. The
    key is a SHA-256 over the folder, the files' paths, sizes and times of change, and the image size. A folder that was
    moved is decoded again: archives that give all files one time would make two data sets look the same.

    Args:
        files: The images.
        size: Height and width in pixels that they are decoded to.

    Raises:
        DataError: If a file is gone or there is no place for a cache.
    """
    digest = sha256(f"{_VERSION} {size}\n".encode())
    digest.update(os.fsencode(files.folder.resolve()))
    for path in files.paths:
        try:
            status = (files.folder / path).stat()
        except OSError as error:
            raise DataError(f"{files.folder / path}: cannot be read ({error.strerror}); repair or delete it") from None
        digest.update(f"\n{path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return _cache_root() / "images" / digest.hexdigest()


def cached_images(files: ImageFiles, folder: Path, *, size: int) -> DecodedImages:
    """Take the images from the cache; where it does not have them, or damaged, decode them and keep them.

    Args:
        files: The images.
        folder: Their cache folder.
        size: Height and width in pixels.

    Raises:
        DataError: If a file cannot be read at all, or memory is short.

    Warns:
        ImageCacheWarning: If the cache cannot be written.
    """
    cached = _read(folder / _FILE)
    if cached is not None and cached.n_files == len(files.paths) and cached.images.shape[1:] == (3, size, size):
        return cached
    decoded = decode_images(files.folder, files.paths, size=size)
    try:
        _write(folder / _FILE, decoded)
    except OSError as error:
        warnings.warn(
            f"{folder}: the decoded images cannot be kept ({error.strerror}), so the next start decodes them again; "
            f"name a folder with room in EXITSEARCH_CACHE",
            ImageCacheWarning,
            stacklevel=3,
        )
    return decoded


def _cache_root() -> Path:
    given, xdg = os.environ.get("EXITSEARCH_CACHE"), os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(given).expanduser() if given else Path(xdg or "~/.cache").expanduser() / "exitsearch"
    except RuntimeError as error:
        raise DataError(f"decoded images need a cache folder but: {error} Name one in EXITSEARCH_CACHE") from None


def _read(path: Path) -> DecodedImages | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return DecodedImages(**{key: archive[key] for key in archive.files})
    # A damaged file makes zipfile, zlib, tokenize and numpy raise a dozen kinds; the answer to all is to decode again.
    except Exception:
        return None


def _write(path: Path, decoded: DecodedImages) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for leaving in path.parent.glob(f"{path.name}.partial-*"):
        leaving.unlink(missing_ok=True)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        with partial.open("wb") as stream:
            # Not compressed: photographs hardly shrink, and the archive's checksums are wanted rather than its size.
            np.savez(stream, images=decoded.images, damaged_rows=decoded.damaged_rows, reasons=decoded.reasons)
        # Another process that writes the same at this moment may have taken it for leavings.
        with suppress(FileNotFoundError):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
