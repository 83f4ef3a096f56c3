"""From recordings of single words to features of the segments of mixtures, kept for the next time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.audio.cleaning import clean, cut_segments, normalise_peak, remove_mean, resample
from trainables.data.audio.features import LogMel
from trainables.data.audio.options import AudioOptions
from trainables.data.audio.reading import read_chunks
from trainables.data.files import cache as file_cache
from trainables.data.files.found import FoundFiles
from trainables.data.files.parallel_reading import read_in_parallel
from trainables.data.mixtures.dealing import deal, mixtures_of
from trainables.data.mixtures.mixing import mix
from trainables.errors import AudioCacheWarning, DataError


# To be raised with every change to what is mixed or how it is written.
_VERSION = 1
_SEED = 23


@dataclass(frozen=True)
class MixedSegments:
    """The segments of M mixtures of N recordings.

    Attributes:
        features: Log-mel features of S segments, shape (S, 1, n_mels, frames), float32.
        mixtures: Which mixture a segment is from, shape (S,), int64, never decreasing.
        numbers: Its number within the mixture, shape (S,), int64.
        voices: Which recordings each mixture is of, shape (M, N), bool.
        groups: The group of each mixture: no two groups have a recording in common, shape (M,), int64.
        damaged_rows: Recordings that could not be decoded, shape (D,), int64, increasing.
        reasons: Why each of the D cannot be decoded, shape (D,), str.

    Raises:
        DataError: If the arrays do not fit together.
    """

    features: NDArray[np.float32]
    mixtures: NDArray[np.int64]
    numbers: NDArray[np.int64]
    voices: NDArray[np.bool_]
    groups: NDArray[np.int64]
    damaged_rows: NDArray[np.int64]
    reasons: NDArray[np.str_]

    def __post_init__(self) -> None:
        n_segments = {len(self.features), len(self.mixtures), len(self.numbers)}
        if len(n_segments) > 1 or len(self.voices) != len(self.groups) or len(self.reasons) != len(self.damaged_rows):
            raise DataError("segments, mixtures and damaged recordings must be told of whole, but are not")


def cache_folder(files: FoundFiles, options: AudioOptions) -> Path:
    """Where the features are kept; see :func:`trainables.data.files.cache.cache_folder`.

    Args:
        files: The recordings that are to be mixed.
        options: How their mixtures are cut and described.

    Raises:
        DataError: If a file is gone or there is no place for a cache.
    """
    return file_cache.cache_folder(files, f"mixtures {_VERSION} {_SEED} {options.settings}")


def cached_mixtures(
    files: FoundFiles, words: NDArray[np.str_], speakers: NDArray[np.str_], folder: Path, options: AudioOptions
) -> MixedSegments:
    """Take the features from the cache; where it does not have them, or damaged, mix recordings and keep them.

    Args:
        files: The recordings that are mixed, N of them.
        words: What is said in each, shape (N,).
        speakers: Who says it, shape (N,).
        folder: Where features are kept, from :func:`cache_folder`.
        options: How mixtures are cleaned, cut and described.

    Raises:
        DataError: If a file cannot be read at all, or options do not fit together.

    Warns:
        AudioCacheWarning: If the cache cannot be written.
    """

    def fits(found: MixedSegments) -> bool:
        shape = (1, options.n_mels, options.n_frames)
        return found.voices.shape[1:] == (len(files.paths),) and found.features.shape[1:] == shape

    cached = file_cache.read_cached(folder, MixedSegments, fits)
    if cached is not None:
        return cached
    mixed = _mixed(files, words, speakers, options)
    file_cache.keep(folder, mixed, plural=files.kind.plural, warning=AudioCacheWarning)
    return mixed


def _mixed(
    files: FoundFiles, words: NDArray[np.str_], speakers: NDArray[np.str_], options: AudioOptions
) -> MixedSegments:
    log_mel = LogMel(options)
    heard = read_in_parallel(
        lambda row: _heard(files.folder / files.paths[row], options), len(files.paths), plural=files.kind.plural
    )
    whole = np.array([row for row, one in enumerate(heard) if not isinstance(one, str)], dtype=np.int64)
    waves = {row: one for row, one in enumerate(heard) if not isinstance(one, str)}
    rng = np.random.default_rng(_SEED)
    groups = [whole[own] for own in deal(words[whole], speakers[whole], rng)]
    dealt = [(place, own) for place, group in enumerate(groups) for own in mixtures_of(group, rng)]

    def describe(mixture: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([_SEED, mixture])
        wave = mix([waves[row] for row in dealt[mixture][1].tolist()], options.sample_rate, rng)
        wave = clean(wave, options.sample_rate, options)
        return log_mel(cut_segments(wave, length=options.segment_samples, hop=options.hop_samples))

    features = read_in_parallel(describe, len(dealt), plural="mixtures")
    nothing = np.empty((0, 1, options.n_mels, options.n_frames), dtype=np.float32)
    voices = np.zeros((len(dealt), len(files.paths)), dtype=np.bool_)
    for mixture, (_, own) in enumerate(dealt):
        voices[mixture, own] = True
    counts = np.array([len(one) for one in features], dtype=np.int64)
    damaged = [row for row, one in enumerate(heard) if isinstance(one, str)]
    return MixedSegments(
        features=np.concatenate([nothing, *features]),
        mixtures=np.repeat(np.arange(len(dealt)), counts),
        numbers=np.concatenate([np.empty(0, dtype=np.int64), *map(np.arange, counts)]),
        voices=voices,
        groups=np.array([place for place, _ in dealt], dtype=np.int64),
        damaged_rows=np.array(damaged, dtype=np.int64),
        reasons=np.array([heard[row] for row in damaged], dtype=np.str_),
    )


def _heard(path: Path, options: AudioOptions) -> NDArray[np.float64] | str:
    """A recording at full scale and the options' sample rate, or why it cannot be decoded."""
    try:
        (chunk,) = read_chunks(path, chunk_seconds=None)
    except ValueError as error:
        return str(error)
    mono = remove_mean(chunk.mono)
    return normalise_peak(remove_mean(resample(mono, chunk.rate, options.sample_rate)), 1.0)
