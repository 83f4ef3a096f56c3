"""Features of recordings are computed once; the arrays are kept for the next time."""

from __future__ import annotations

from pathlib import Path

from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.audio.decoding import decode_recordings
from trainables.data.audio.options import AudioOptions
from trainables.data.files import cache as file_cache
from trainables.data.files.found import FoundFiles
from trainables.errors import AudioCacheWarning


# To be raised with every change to what is computed or how it is written.
_VERSION = 2


def cache_folder(files: FoundFiles, options: AudioOptions) -> Path:
    """Where the features are kept; see :func:`trainables.data.files.cache.cache_folder`.

    Args:
        files: The recordings that are to be decoded, with their paths.
        options: How their features are computed; patterns are of no effect.

    Raises:
        DataError: If a file is gone or there is no place for a cache.
    """
    return file_cache.cache_folder(files, f"{_VERSION} {options.settings}")


def cached_recordings(files: FoundFiles, folder: Path, options: AudioOptions) -> DecodedRecordings:
    """Take the features from the cache; where it does not have them, or damaged, compute them and keep them.

    Args:
        files: The recordings that are wanted, with their paths.
        folder: Where decoded recordings are kept, from :func:`cache_folder`.
        options: How their features are computed.

    Raises:
        DataError: If a file cannot be read at all, memory is short, or options do not fit together.

    Warns:
        AudioCacheWarning: If the cache cannot be written.
    """

    def fits(found: DecodedRecordings) -> bool:
        shape = (1, options.n_mels, options.n_frames)
        return found.n_files == len(files.paths) and found.features.shape[1:] == shape

    cached = file_cache.read_cached(folder, DecodedRecordings, fits)
    if cached is not None:
        return cached
    decoded = decode_recordings(files.folder, files.paths, options)
    file_cache.keep(folder, decoded, plural=files.kind.plural, warning=AudioCacheWarning)
    return decoded
