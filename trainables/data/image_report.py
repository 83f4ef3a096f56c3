"""What a user is told about images that are damaged or occur twice."""

from __future__ import annotations

import csv
from hashlib import blake2b
from pathlib import Path
import warnings

from trainables.data.base import Samples
from trainables.data.image_decoding import DecodedImages
from trainables.data.image_files import ImageFiles
from trainables.errors import DamagedImagesWarning, DataError, DuplicateImagesWarning


_NAMED = 3


def report_damage(files: ImageFiles, decoded: DecodedImages, list_file: Path, *, max_damaged: float) -> None:
    """Warn of damaged files, or refuse the data where there are too many.

    Args:
        files: All files.
        decoded: What they hold.
        list_file: Gets every damaged path with its reason, as CSV; where it cannot be written the message says so.
        max_damaged: Share of the files that may be damaged.

    Raises:
        DataError: If more are.

    Warns:
        DamagedImagesWarning: If some are.
    """
    damaged = [
        (files.paths[row], str(reason)) for row, reason in zip(decoded.damaged_rows, decoded.reasons, strict=True)
    ]
    if not damaged:
        return
    share = len(damaged) / len(files.paths)
    found = f"{files.folder}: {len(damaged)} of {len(files.paths)} images ({share:.2%}) are damaged"
    first = ", ".join(f"{path!r} ({reason})" for path, reason in damaged[:_NAMED])
    listed = _write_list(list_file, damaged)
    if share > max_damaged:
        raise DataError(
            f"{found} but at most {max_damaged:.2%} may be: {first}; delete or repair them, or raise "
            f"data.max_damaged; {listed}"
        )
    warnings.warn(f"{found} and skipped: {first}; {listed}", DamagedImagesWarning, stacklevel=3)


def _write_list(path: Path, damaged: list[tuple[str, str]]) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("path", "reason"), *damaged])
    except OSError as error:
        return f"the full list cannot be written to {path} ({error.strerror})"
    return f"the full list is {path}"


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
