"""What a user is told about images that occur twice."""

from __future__ import annotations

from hashlib import blake2b
import warnings

from trainables.data.base import Samples
from trainables.errors import DuplicateImagesWarning


def report_copies(samples: Samples) -> None:
    """Warn of images that equal another pixel by pixel: they may lie in different splits.

    Copies that share a group cannot, and are not counted.

    Warns:
        DuplicateImagesWarning: If there are some.
    """
    originals: dict[bytes, int] = {}
    copies: list[tuple[int, int]] = []
    for row, image in enumerate(samples.inputs):
        original = originals.setdefault(blake2b(image.tobytes(), digest_size=16).digest(), row)
        if original != row and (samples.groups is None or samples.groups[original] != samples.groups[row]):
            copies.append((original, row))
    if copies:
        first, second = (str(samples.ids[row]) for row in copies[0])
        warnings.warn(
            f"{len(copies)} of {len(samples.ids)} images are exact copies of another, such as {second!r} of {first!r}; "
            f"in different splits they make accuracy look better than it is: delete them, or give copies one group in "
            f"groups.csv",
            DuplicateImagesWarning,
            stacklevel=3,
        )
