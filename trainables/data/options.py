"""What a user may ask of any data source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from policies.names import clean_name, describe_clash, list_some
from trainables.data.audio.options import DEFAULT_AUDIO, AudioOptions
from trainables.errors import DataError


SMALLEST_IMAGE, LARGEST_IMAGE = 8, 1024
"""Height and width that images are resized to, in pixels."""


@dataclass(frozen=True)
class DataOptions:
    """How samples are read.

    Attributes:
        image_size: Height and width in pixels that images are resized to, 8 to 1024; None for the source's own size.
        max_damaged: Share of the files, and of the boxes in images, in [0, 1), that may be damaged; they are skipped.
            Above it, nothing is read.
        classes: The classes that are wanted of a source of boxes, or the labels of a source of sets of labels, in the
            order of a network's outputs; empty for all.
        audio: How recordings are read; of no effect on other sources.

    Raises:
        DataError: If a value is out of its range.
    """

    image_size: int | None = None
    max_damaged: float = 0.01
    classes: tuple[str, ...] = ()
    audio: AudioOptions = DEFAULT_AUDIO

    def __post_init__(self) -> None:
        if self.image_size is not None and not SMALLEST_IMAGE <= self.image_size <= LARGEST_IMAGE:
            raise DataError(f"image_size must be {SMALLEST_IMAGE} to {LARGEST_IMAGE} pixels but is {self.image_size}")
        if not 0 <= self.max_damaged < 1:
            raise DataError(f"max_damaged must be a share of the files in [0, 1) but is {self.max_damaged}")
        object.__setattr__(self, "classes", tuple(map(clean_name, self.classes)))
        clash = describe_clash(self.classes)
        if clash or "" in self.classes:
            raise DataError(f"classes must name each class once but {clash or 'one is empty'}; correct data.classes")

    def wanted_classes(self, known: Sequence[str], where: Path) -> tuple[str, ...]:
        """Those of some classes, or labels, that are asked for, in the order of a network's outputs.

        Args:
            known: All that the data have.
            where: Folder of the data, for the message.

        Raises:
            DataError: If one is asked for that is not known.
        """
        unknown = [name for name in self.classes if name not in known]
        if unknown:
            near = get_close_matches(unknown[0], known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise DataError(
                f"data.classes must be among the classes of {where}, {list_some(known, most=100)}, but "
                f"{list_some(unknown)} {'is' if len(unknown) == 1 else 'are'} not; {hint}Correct or remove it"
            )
        return self.classes or tuple(known)

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
