"""How a sweep reads its samples."""

from __future__ import annotations

from pydantic import Field

from search.config.section import Section
from trainables.data import DEFAULT_AUDIO, LARGEST_AUDIO, LARGEST_IMAGE, SMALLEST_IMAGE, AudioOptions, DataOptions


class AudioSection(Section):
    """How the recordings of an audio folder are cleaned, cut, described and named."""

    sample_rate: int = Field(
        default=DEFAULT_AUDIO.sample_rate,
        gt=0,
        le=LARGEST_AUDIO["sample_rate"],
        description="Sample rate in Hz; recordings of other rates are resampled.",
    )
    low_hz: float | None = Field(
        default=DEFAULT_AUDIO.low_hz,
        description="Lower edge of the band-pass in Hz, at least 0 and below half the sample rate; no edge where null.",
    )
    high_hz: float | None = Field(
        default=DEFAULT_AUDIO.high_hz,
        description="Upper edge of the band-pass in Hz, above 0 and at most half the sample rate; no edge where null.",
    )
    peak: float = Field(
        default=DEFAULT_AUDIO.peak,
        description="Largest absolute value after normalisation, above 0 and at most 1; 0.8913 is -1 dBFS.",
    )
    segment_seconds: float = Field(
        default=DEFAULT_AUDIO.segment_seconds,
        gt=0,
        le=LARGEST_AUDIO["segment_seconds"],
        description="Length of a segment in seconds; shorter recordings are padded with zeros.",
    )
    hop_seconds: float = Field(
        default=DEFAULT_AUDIO.hop_seconds,
        gt=0,
        le=LARGEST_AUDIO["hop_seconds"],
        description="Seconds from the start of a segment to that of the next.",
    )
    silence_db: float | None = Field(
        default=DEFAULT_AUDIO.silence_db,
        description="Segments whose root mean square is under so many dBFS, below 0, are dropped; none are where null.",
    )
    n_mels: int = Field(
        default=DEFAULT_AUDIO.n_mels,
        gt=0,
        le=LARGEST_AUDIO["n_mels"],
        description="Number of mel bands from 0 Hz to half the sample rate.",
    )
    n_fft: int = Field(
        default=DEFAULT_AUDIO.n_fft,
        gt=0,
        le=LARGEST_AUDIO["n_fft"],
        description="Samples of a Fourier transform, at most those of a segment.",
    )
    window_ms: float = Field(
        default=DEFAULT_AUDIO.window_ms,
        gt=0,
        le=LARGEST_AUDIO["window_ms"],
        description="Hann window of a frame in milliseconds, at most `n_fft` samples.",
    )
    hop_ms: float = Field(
        default=DEFAULT_AUDIO.hop_ms,
        gt=0,
        le=LARGEST_AUDIO["hop_ms"],
        description="Milliseconds from a frame to the next.",
    )
    floor_db: float = Field(
        default=DEFAULT_AUDIO.floor_db,
        gt=0,
        le=LARGEST_AUDIO["floor_db"],
        description="Whatever is more than so many dB below a segment's maximum is lifted to there.",
    )
    file_pattern: str | None = Field(
        default=None,
        description=r"For one flat folder instead of a folder for each class: a regular expression of whole relative "
        r"paths without suffix, such as `(?P<class>\d)_(?P<group>[a-z]+)_\d+`; its `group` may be left out. "
        "Every further name, such as `(?P<site>...)`, is a column for `policy.by`.",
    )
    group_pattern: str | None = Field(
        default=None,
        description="Regular expression with a named `group`, such as the speaker in `_(?P<group>[a-z]+)_`, found "
        "anywhere in the relative path. Samples of a group stay in one split; where null, each recording is a group. "
        "Every further name is a column for `policy.by`.",
    )
    test_pattern: str | None = Field(
        default=None,
        description=r"Regular expression, found in the relative paths of the recordings of the official test, such as "
        r"`_[0-4]\.wav$`; where null, there is none.",
    )
    chunk_seconds: float | None = Field(
        default=None,
        description="Recordings are first cut into chunks of so many seconds, at least `segment_seconds`, each a group "
        "of its own; whole where null.",
    )

    def options(self) -> AudioOptions:
        """What the data source takes.

        Raises:
            DataError: If a value is out of its range, or two exclude each other.
        """
        return AudioOptions(**self.model_dump())


class DataSection(Section):
    """How samples are read: images are resized, recordings become features, a few damaged ones are left out."""

    image_size: int | None = Field(
        default=None,
        ge=SMALLEST_IMAGE,
        le=LARGEST_IMAGE,
        description="Height and width in pixels that images of folders are resized to; the source's own where null.",
    )
    max_damaged: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="Share of the images, recordings or boxes that may be unreadable; they are listed and left out.",
    )
    classes: tuple[str, ...] = Field(
        default=(),
        description="The classes that are wanted of the workloads `voc` and `coco`, such as `[WBC, RBC]`, or the "
        "labels of `labelled-images` and `labelled-audio`, in the order of the network's outputs; boxes and labels "
        "of others are left out. All where empty.",
    )
    audio: AudioSection = Field(default=AudioSection(), description="How recordings are read.")

    def options(self) -> DataOptions:
        """What a data source takes.

        Raises:
            DataError: If classes are named twice, or the audio section's values are out of range or exclude each other.
        """
        return DataOptions(
            image_size=self.image_size,
            max_damaged=self.max_damaged,
            classes=self.classes,
            audio=self.audio.options(),
        )
