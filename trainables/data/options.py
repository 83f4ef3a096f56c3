"""What a user may ask of any data source."""

from __future__ import annotations

from dataclasses import dataclass

from policies.names import clean_name, describe_clash
from trainables.data.audio.options import DEFAULT_AUDIO, AudioOptions
from trainables.errors import DataError


_SMALLEST, _LARGEST = 8, 1024


@dataclass(frozen=True)
class DataOptions:
    """How samples are read.

    Attributes:
        image_size: Height and width in pixels that images are resized to, 8 to 1024; None for the source's own size.
        max_damaged: Share of the files, and of the boxes in images, in [0, 1), that may be damaged; they are skipped.
            Above it, nothing is read.
        classes: The classes that are wanted of a source of boxes, in the order of a network's outputs; empty for all.
        audio: How recordings are read; of no effect on other sources.

    Raises:
        DataError: If a value is out of its range.
    """

    image_size: int | None = None
    max_damaged: float = 0.01
    classes: tuple[str, ...] = ()
    audio: AudioOptions = DEFAULT_AUDIO

    def __post_init__(self) -> None:
        if self.image_size is not None and not _SMALLEST <= self.image_size <= _LARGEST:
            raise DataError(f"image_size must be {_SMALLEST} to {_LARGEST} pixels but is {self.image_size}")
        if not 0 <= self.max_damaged < 1:
            raise DataError(f"max_damaged must be a share of the files in [0, 1) but is {self.max_damaged}")
        object.__setattr__(self, "classes", tuple(map(clean_name, self.classes)))
        clash = describe_clash(self.classes)
        if clash or "" in self.classes:
            raise DataError(f"classes must name each class once but {clash or 'one is empty'}; correct data.classes")

    def require_size(self, source: str, size: int) -> None:
        """Refuse another image size than the one that a source has.

        Args:
            source: Its name, for the message.
            size: Height and width of its images in pixels.

        Raises:
            DataError: If another size is asked for.
        """
        if self.image_size not in (None, size):
            raise DataError(
                f"{source} has images of {size}x{size} pixels, so data.image_size cannot be {self.image_size}; "
                f"leave it out"
            )


DEFAULT_OPTIONS = DataOptions()
