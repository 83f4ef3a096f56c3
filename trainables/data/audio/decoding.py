"""From recordings to the features of their audible segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.audio.channels import Band
from trainables.data.audio.cleaning import clean, cut_segments, rms_dbfs
from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.audio.features import LogMel
from trainables.data.audio.options import AudioOptions
from trainables.data.audio.reading import read_chunks
from trainables.data.files.parallel_reading import read_in_parallel
from trainables.errors import DataError


# Segments whose spectra are in memory at once.
_BATCH = 32
_LARGEST_RATIO = 100


@dataclass(frozen=True)
class _Heard:
    """What one recording holds; shapes as in :class:`~trainables.data.audio.decoded_recordings.DecodedRecordings`."""

    features: NDArray[np.float32]
    numbers: NDArray[np.int64]
    chunks: NDArray[np.int64]
    loudest_dbfs: float = -np.inf
    channel_used: int | None = None
    damage: str | None = None


def decode_recordings(folder: Path, paths: Sequence[str], options: AudioOptions) -> DecodedRecordings:
    """Read, clean, cut and describe recordings on all cores; of each only the features are kept in memory.

    Damaged are files that are empty, cut off, without samples, of no kind that is read, that hold NaN or infinity, or
    whose sample rate is more than 100 times above or below the one that is asked for. Where the channels of a recording
    cancel each other, one of them is taken.

    Args:
        folder: The data folder that the paths start from.
        paths: Paths of the recordings, relative to the folder.
        options: What is done with them.

    Raises:
        DataError: If a file cannot be read at all, memory is short, or options do not fit together.
    """
    log_mel = LogMel(options)
    nothing = np.empty((0, 1, options.n_mels, options.n_frames), dtype=np.float32)

    def decode(row: int) -> _Heard:
        try:
            return _hear(folder / paths[row], options, log_mel, nothing)
        except ValueError as error:
            return _Heard(nothing, np.empty(0, np.int64), np.empty(0, np.int64), damage=str(error))
        except (MemoryError, RuntimeError) as error:
            # So torch says that memory is short.
            if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
                raise
            raise DataError(
                f"{folder / paths[row]}: no memory is left to decode it; free some, or set data.audio.chunk_seconds"
            ) from None

    return _join(read_in_parallel(decode, len(paths), plural="recordings"), nothing)


def _hear(path: Path, options: AudioOptions, log_mel: LogMel, nothing: NDArray[np.float32]) -> _Heard:
    features, numbers, chunks = [nothing], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    n_before, loudest, channel_used = 0, -np.inf, None
    band = Band(options.low_hz, options.high_hz)
    for chunk, (mono, rate, channel) in enumerate(read_chunks(path, chunk_seconds=options.chunk_seconds, band=band)):
        if not 1 / _LARGEST_RATIO <= rate / options.sample_rate <= _LARGEST_RATIO:
            raise ValueError(f"its sample rate of {rate} Hz is too far from {options.sample_rate} Hz")
        if chunk and len(mono) < round(options.segment_seconds * rate):
            continue
        channel_used = channel if channel_used is None else channel_used
        wave = clean(mono, rate, options)
        segments = cut_segments(wave, length=options.segment_samples, hop=options.hop_samples)
        for start in range(0, len(segments), _BATCH):
            batch = segments[start : start + _BATCH]
            levels = rms_dbfs(batch)
            loudest = max(loudest, float(levels.max()))
            audible = np.flatnonzero(levels >= (-np.inf if options.silence_db is None else options.silence_db))
            if audible.size:
                features.append(log_mel(batch[audible]))
                numbers.append(n_before + start + audible)
                chunks.append(np.full(audible.size, chunk))
        n_before += len(segments)
    return _Heard(np.concatenate(features), np.concatenate(numbers), np.concatenate(chunks), loudest, channel_used)


def _join(heard: list[_Heard], nothing: NDArray[np.float32]) -> DecodedRecordings:
    empty = np.empty(0, np.int64)
    silent = [row for row, one in enumerate(heard) if one.damage is None and not len(one.numbers)]
    damaged = [row for row, one in enumerate(heard) if one.damage is not None]
    cancelling = {row: one.channel_used for row, one in enumerate(heard) if one.channel_used is not None}
    return DecodedRecordings(
        features=np.concatenate([nothing, *(one.features for one in heard)]),
        rows=np.repeat(np.arange(len(heard)), [len(one.numbers) for one in heard]),
        numbers=np.concatenate([empty, *(one.numbers for one in heard)]),
        chunks=np.concatenate([empty, *(one.chunks for one in heard)]),
        silent_rows=np.array(silent, dtype=np.int64),
        loudest_dbfs=np.array([heard[row].loudest_dbfs for row in silent], dtype=np.float64),
        cancelling_rows=np.array(list(cancelling), dtype=np.int64),
        channels_used=np.array(list(cancelling.values()), dtype=np.int64),
        damaged_rows=np.array(damaged, dtype=np.int64),
        reasons=np.array([heard[row].damage for row in damaged], dtype=np.str_),
    )
