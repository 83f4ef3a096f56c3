"""From a file of any kind that is read to one channel of samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
import soundfile

from trainables.data.audio.channels import Band, ChannelEnergies
from trainables.data.audio.cleaning import mix_to_mono
from trainables.data.audio.container import require_whole
from trainables.errors import DataError


_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU")
_KINDS = "WAV, FLAC, OGG, MP3, AIFF or AU"
# How many samples an MP3 file has is an estimate; whether its frames are all there was looked at before.
_UNSURE_OF_LENGTH = "MP3"
_BLOCK_VALUES = 2**20
_NO_SAMPLES = np.empty(0)
_ALL = Band()


class Chunk(NamedTuple):
    """A piece of a recording.

    Attributes:
        mono: The mean of the channels, or one of them where they cancel each other; shape (n,), finite, n at least 1,
            full scale 1.0.
        rate: Sample rate of the recording, in Hz.
        channel_used: Which channel was used alone, from 1; None where it is their mean.
    """

    mono: NDArray[np.float64]
    rate: int
    channel_used: int | None


def read_chunks(path: Path, *, chunk_seconds: float | None, band: Band = _ALL) -> Iterator[Chunk]:
    """Read a file of any rate, channels and subtype, one chunk at a time.

    Args:
        path: The recording's file.
        chunk_seconds: Length of the chunks but the last, which may be shorter; None for all in one.
        band: Where channels are compared: in other frequencies they may cancel each other or not.

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
            yield from _chunks(file, chunk_seconds, band)
    except soundfile.LibsndfileError as error:
        raise ValueError(_reason(error)) from None


def _chunks(file: soundfile.SoundFile, chunk_seconds: float | None, band: Band) -> Iterator[Chunk]:
    if file.format not in _FORMATS:
        raise ValueError(f"not a {_KINDS} file but {file.format}")
    if file.frames < 1:
        raise ValueError("no samples")
    length = file.frames if chunk_seconds is None else max(1, round(chunk_seconds * file.samplerate))
    for start in range(0, file.frames, length):
        mono, channel = _read_mono(file, start, min(length, file.frames - start), band)
        if len(mono):
            yield Chunk(mono, file.samplerate, channel)


def _read_mono(
    file: soundfile.SoundFile, start: int, n_frames: int, band: Band
) -> tuple[NDArray[np.float64], int | None]:
    """The mean of the channels; where they cancel each other, the loudest, and its number from 1."""
    energies = ChannelEnergies(file.channels, file.samplerate, band)
    blocks = []
    for block in _blocks(file, n_frames):
        # Infinities of opposite sign and sums above the largest number are no samples either.
        with np.errstate(invalid="ignore", over="ignore"):
            blocks.append(mix_to_mono(block))
        if not np.isfinite(blocks[-1]).all():
            raise ValueError("NaN or infinite samples")
        if file.channels > 1:
            energies.add(block)
    if not energies.cancel:
        return np.concatenate([_NO_SAMPLES, *blocks]), None
    file.seek(start)
    own = [block[:, energies.loudest].copy() for block in _blocks(file, n_frames)]
    return np.concatenate([_NO_SAMPLES, *own]), energies.loudest + 1


def _blocks(file: soundfile.SoundFile, n_frames: int) -> Iterator[NDArray[np.float64]]:
    """All channels block by block, shape (n, channels): those of a long recording may be more than memory holds."""
    per_block = max(1, _BLOCK_VALUES // file.channels)
    for start in range(0, n_frames, per_block):
        wanted = min(per_block, n_frames - start)
        block = file.read(wanted, dtype="float64", always_2d=True)
        if len(block) < wanted and file.format != _UNSURE_OF_LENGTH:
            raise ValueError(f"truncated: {file.frames} samples were announced but the file ends before")
        yield block


def _reason(error: soundfile.LibsndfileError) -> str:
    text = (str(error.error_string).splitlines() or [""])[0].rstrip(".")
    if "not recognised" in text:
        return f"not a {_KINDS} file"
    # So it says, or nothing, of what calls itself MP3 and is not; the file was there when it was looked at.
    if not text or "does not exist" in text:
        return f"not a {_KINDS} file, or damaged"
    return f"damaged: {text}"
