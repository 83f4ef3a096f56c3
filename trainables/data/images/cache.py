"""Images are decoded once; the arrays are kept for the next time."""

from __future__ import annotations

from pathlib import Path

from trainables.data.files import cache as file_cache
from trainables.data.files.found import FoundFiles
from trainables.data.images.decoding import DecodedImages, decode_images
from trainables.errors import ImageCacheWarning


# To be raised with every change to what is decoded or how it is written.
_VERSION = 3


def cache_folder(files: FoundFiles, *, size: int) -> Path:
    """Where the decoded images are kept; see :func:`trainables.data.files.cache.cache_folder`.

    Args:
        files: The images that are to be decoded.
        size: Height and width in pixels that they are decoded to.

    Raises:
        DataError: If a file is gone or there is no place for a cache.
    """
    return file_cache.cache_folder(files, f"{_VERSION} {size}")


def cached_images(files: FoundFiles, folder: Path, *, size: int) -> DecodedImages:
    """Take the images from the cache; where it does not have them, or damaged, decode them and keep them.

    Args:
        files: The images that are wanted.
        folder: Where decoded images are kept, from :func:`cache_folder`.
        size: Height and width in pixels.

    Raises:
        DataError: If a file cannot be read at all, or memory is short.

    Warns:
        ImageCacheWarning: If the cache cannot be written.
    """

    def fits(found: DecodedImages) -> bool:
        return found.n_files == len(files.paths) and found.images.shape[1:] == (3, size, size)

    cached = file_cache.read_cached(folder, DecodedImages, fits)
    if cached is not None:
        return cached
    decoded = decode_images(files.folder, files.paths, size=size)
    file_cache.keep(folder, decoded, plural=files.kind.plural, warning=ImageCacheWarning)
    return decoded
