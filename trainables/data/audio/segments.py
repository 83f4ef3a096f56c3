"""What the segments of recordings are called, and what they are parts of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.audio.options import AudioOptions


def segment_ids(paths: NDArray[np.str_], decoded: DecodedRecordings) -> NDArray[np.str_]:
    """``<path>#<number>`` of each segment, from 000, in three digits or more, shape (S,).

    Args:
        paths: Of the recording of each segment, relative to the data folder, in one spelling, shape (S,).
        decoded: The segments, with their numbers.
    """
    return _numbered(paths, "#", decoded.numbers)


def segment_parents(paths: NDArray[np.str_], decoded: DecodedRecordings, options: AudioOptions) -> NDArray[np.str_]:
    """The recording that each segment is cut from, or where these are chunked its chunk, ``<path>#chunk-<number>``.

    Args:
        paths: As for :func:`segment_ids`.
        decoded: The segments, with their chunks.
        options: Whether recordings are chunked.
    """
    return paths if options.chunk_seconds is None else _numbered(paths, "#chunk-", decoded.chunks)


def segment_metadata(options: AudioOptions) -> dict[str, float]:
    """What it takes to hear segments as recordings; chunks of one recording may lie in different splits."""
    if options.chunk_seconds is not None:
        return {}
    return {"segment_seconds": options.segment_seconds, "hop_seconds": options.hop_seconds}


def _numbered(paths: NDArray[np.str_], separator: str, numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.array([f"{path}{separator}{number:03d}" for path, number in zip(paths, numbers, strict=True)])
