"""From a WAV, FLAC or OGG file to one channel of samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import soundfile

from trainables.data.audio_cleaning import mix_to_mono
from trainables.data.audio_container import require_whole
from trainables.errors import DataError


_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG")
_BLOCK_VALUES = 2**20


def read_chunks(path: Path, *, chunk_seconds: float | None) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Read a file of any rate, channels and subtype, one chunk at a time.

    Args:
        path: The file.
        chunk_seconds: Length of the chunks but the last, which may be shorter; None for all in one.

    Yields:
        The mean of the channels, shape (n,), finite, n at least 1, full scale 1.0; and the samples per second.

    Raises:
        DataError: If the file cannot be read at all.
        ValueError: If it is damaged, which may only be seen at a later chunk; the message is the reason.
    """
    try:
        with path.open("rb") as stream:
            require_whole(stream)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable or delete it") from None
    try:
        with soundfile.SoundFile(path) as file:
            yield from _chunks(file, chunk_seconds)
    except soundfile.LibsndfileError as error:
        raise ValueError(_reason(error)) from None


def _chunks(file: soundfile.SoundFile, chunk_seconds: float | None) -> Iterator[tuple[NDArray[np.float64], int]]:
    if file.format not in _FORMATS:
        raise ValueError(f"not a WAV, FLAC or OGG file but {file.format}")
    if file.frames < 1:
        raise ValueError("no samples")
    length = file.frames if chunk_seconds is None else max(1, round(chunk_seconds * file.samplerate))
    for start in range(0, file.frames, length):
        yield _read_mono(file, min(length, file.frames - start)), file.samplerate


def _read_mono(file: soundfile.SoundFile, n_frames: int) -> NDArray[np.float64]:
    """Mix block by block, since all channels of a long recording may be more than memory holds."""
    per_block = max(1, _BLOCK_VALUES // file.channels)
    blocks = []
    for start in range(0, n_frames, per_block):
        wanted = min(per_block, n_frames - start)
        block = file.read(wanted, dtype="float64", always_2d=True)
        if len(block) < wanted:
            raise ValueError(f"truncated: {file.frames} samples were announced but the file ends before")
        # Infinities of opposite sign and sums above the largest number are no samples either.
        with np.errstate(invalid="ignore", over="ignore"):
            blocks.append(mix_to_mono(block))
        if not np.isfinite(blocks[-1]).all():
            raise ValueError("NaN or infinite samples")
    return np.concatenate(blocks)


def _reason(error: soundfile.LibsndfileError) -> str:
    text = (str(error.error_string).splitlines() or [""])[0]
    return "not a WAV, FLAC or OGG file" if "not recognised" in text else f"damaged: {text.rstrip('.')}"
