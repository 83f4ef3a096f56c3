"""What a user may ask of recordings: how they are cleaned, cut, described, and what their names mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import json
from math import isfinite
import re

from trainables.errors import DataError


# What recordings are called and shared out by decides no feature.
_NAMING = ("file_pattern", "group_pattern", "test_pattern")
_LARGEST = 1_000_000
LARGEST_AUDIO = {
    **dict.fromkeys(("sample_rate", "segment_seconds", "hop_seconds", "window_ms", "hop_ms", "floor_db"), _LARGEST),
    "n_mels": 1_024,
    "n_fft": 65_536,
}
"""The largest value of numbers that must be above 0: filters of so many bands and frequencies take 134 MB."""


@dataclass(frozen=True)
class AudioOptions:
    """From recordings to log-mel features; the defaults are those of the preset ``moth``.

    Attributes:
        sample_rate: In Hz; recordings of other rates are resampled.
        low_hz: Lower edge of the band-pass in Hz; None for no edge.
        high_hz: Upper edge of the band-pass in Hz, at most half the sample rate; None for no edge.
        peak: Largest absolute value after normalisation, in (0, 1]; 0.8913 is -1 dBFS.
        segment_seconds: Length of a segment; shorter recordings are padded with zeros.
        hop_seconds: From the start of a segment to that of the next.
        silence_db: Segments whose root mean square is under so many dBFS are dropped; None keeps all.
        n_mels: Mel bands from 0 Hz to half the sample rate, at most 1024.
        n_fft: Samples of a Fourier transform, at most those of a segment, and 65536.
        window_ms: Hann window of a frame, at most ``n_fft`` samples.
        hop_ms: From a frame to the next.
        floor_db: So many dB below a segment's maximum everything is the same.
        file_pattern: Regular expression for one flat folder with the named group ``class`` and optionally ``group``;
            must match the whole relative path, with slashes, without its suffix. Further named groups are columns of
            facts, as those of ``group_pattern`` are.
        group_pattern: Regular expression with the named group ``group``, such as the speaker; found anywhere in the
            relative path, suffix included.
        test_pattern: Regular expression, found anywhere in the relative paths, suffix included, of those recordings
            that are the official test.
        chunk_seconds: Recordings are first cut into consecutive chunks of this length, each a group of its own; None
            keeps them whole.

    Raises:
        DataError: If a value is out of its range, or two exclude each other.
    """

    sample_rate: int = 16_000
    low_hz: float | None = 100.0
    high_hz: float | None = 3000.0
    peak: float = 0.8913
    segment_seconds: float = 1.0
    hop_seconds: float = 0.5
    silence_db: float | None = -40.0
    n_mels: int = 64
    n_fft: int = 1024
    window_ms: float = 25.0
    hop_ms: float = 10.0
    floor_db: float = 80.0
    file_pattern: str | None = None
    group_pattern: str | None = None
    test_pattern: str | None = None
    chunk_seconds: float | None = None

    def __post_init__(self) -> None:
        for name, largest in LARGEST_AUDIO.items():
            value = getattr(self, name)
            if not 0 < value <= largest:
                raise DataError(f"{name} must be above 0 and at most {largest} but is {value}; change it")
        self._check_band()
        self._check_levels()
        self._check_frames()
        self._check_chunks()
        self._check_patterns()

    @property
    def segment_samples(self) -> int:
        """Length of a segment in samples."""
        return round(self.segment_seconds * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        """From the start of a segment to that of the next, in samples."""
        return round(self.hop_seconds * self.sample_rate)

    @property
    def window_length(self) -> int:
        """Of a frame's window, in samples."""
        return round(self.window_ms * self.sample_rate / 1000)

    @property
    def hop_length(self) -> int:
        """From a frame to the next, in samples."""
        return round(self.hop_ms * self.sample_rate / 1000)

    @property
    def n_frames(self) -> int:
        """Frames of a segment: one at its start, and one after each hop that fits."""
        return 1 + self.segment_samples // self.hop_length

    @property
    def settings(self) -> str:
        """Everything that decides features, as text."""
        return json.dumps({key: value for key, value in asdict(self).items() if key not in _NAMING})

    def _check_band(self) -> None:
        nyquist = self.sample_rate / 2
        low, high = self.low_hz, self.high_hz
        if low is not None and not 0 <= low < nyquist:
            raise DataError(
                f"low_hz must lie in 0 Hz to half the sample rate (the Nyquist frequency, {nyquist:g} Hz) but is "
                f"{low}; lower it, raise sample_rate, or leave it null"
            )
        if high is not None and not 0 < high <= nyquist:
            raise DataError(
                f"high_hz must be above 0 and at most half the sample rate (the Nyquist frequency, {nyquist:g} Hz) but "
                f"is {high}; lower it, raise sample_rate, or leave it null"
            )
        if low is not None and high is not None and low >= high:
            raise DataError(f"low_hz must be below high_hz but they are {low} and {high}; lower one or raise the other")

    def _check_levels(self) -> None:
        if not 0 < self.peak <= 1:
            raise DataError(f"peak must lie in (0, 1], where 1 is full scale, but is {self.peak}; 0.8913 is -1 dBFS")
        if self.silence_db is not None and not (isfinite(self.silence_db) and self.silence_db < 0):
            raise DataError(
                f"silence_db must be below 0 dBFS, such as -40, but is {self.silence_db}; leave it null to keep all"
            )

    def _check_frames(self) -> None:
        for samples, name in ((self.hop_samples, "hop_seconds"), (self.hop_length, "hop_ms")):
            if samples < 1:
                raise DataError(
                    f"{name} must be at least one sample at {self.sample_rate} Hz but is {getattr(self, name)}; "
                    f"raise it"
                )
        if self.n_fft > self.segment_samples:
            raise DataError(
                f"n_fft must be at most the {self.segment_samples} samples of a segment but is {self.n_fft}; lower it, "
                f"or raise segment_seconds"
            )
        if not 1 <= self.window_length <= self.n_fft:
            raise DataError(
                f"window_ms must be 1 to n_fft ({self.n_fft}) samples but is {self.window_ms}, {self.window_length} "
                f"samples at {self.sample_rate} Hz; change it or n_fft"
            )

    def _check_chunks(self) -> None:
        if self.chunk_seconds is None:
            return
        if not self.segment_seconds <= self.chunk_seconds <= _LARGEST:
            raise DataError(
                f"chunk_seconds must be segment_seconds ({self.segment_seconds}) to {_LARGEST} but is "
                f"{self.chunk_seconds}; change it, or leave it null to keep recordings whole"
            )
        if self.group_pattern is not None:
            raise DataError(
                f"chunk_seconds and group_pattern exclude each other, since a chunk is a group of its own, but are "
                f"{self.chunk_seconds} and {self.group_pattern!r}; leave one null"
            )

    def _check_patterns(self) -> None:
        file_groups = _named_groups("file_pattern", self.file_pattern, must_have="class")
        _named_groups("group_pattern", self.group_pattern, must_have="group")
        _named_groups("test_pattern", self.test_pattern)
        for name in ("group_pattern", "chunk_seconds"):
            value = getattr(self, name)
            if "group" in file_groups and value is not None:
                raise DataError(
                    f"{name} and the group named in file_pattern exclude each other but are {value!r} and "
                    f"{self.file_pattern!r}; leave {name} null, or take (?P<group>...) out of file_pattern"
                )


def _named_groups(name: str, pattern: str | None, *, must_have: str | None = None) -> Mapping[str, int]:
    if pattern is None:
        return {}
    try:
        named = re.compile(pattern).groupindex
    except (re.error, OverflowError, RecursionError) as error:
        raise DataError(f"{name} must be a regular expression but is {pattern!r} ({error}); correct it") from None
    if must_have is not None and must_have not in named:
        raise DataError(f"{name} must name a part (?P<{must_have}>...) but is {pattern!r}; add it")
    return named


DEFAULT_AUDIO = AudioOptions()
