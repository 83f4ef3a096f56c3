"""What a user is told about annotated images and boxes that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from trainables.data.boxes.annotations import NO_IMAGE, Annotations, Lost
from trainables.data.boxes.cleaning import KINDS, NO_PIXELS, CleanBoxes
from trainables.data.files.report import first_of, write_list
from trainables.errors import DamagedImagesWarning, DataError, SkippedBoxesWarning


_LIST_FILE = "damaged.csv"
_NEARLY_ALL = 0.95


def report_images(annotations: Annotations, damaged: Sequence[Lost], folder: Path, *, max_damaged: float) -> None:
    """Warn of images that cannot be used, or refuse the data where there are too many.

    Args:
        annotations: All images; what is lost already counts too.
        damaged: Path and reason of each image that cannot be decoded.
        folder: Gets ``damaged.csv``, every path with its reason.
        max_damaged: Share of the images that may be damaged.

    Raises:
        DataError: If more are, or all.

    Warns:
        DamagedImagesWarning: If some are; they are left out.
    """
    gone = [*annotations.lost, *damaged]
    if not gone:
        return
    n_all = len(annotations.files.paths) + len(annotations.lost)
    listed = write_list(folder / _LIST_FILE, gone)
    kinds = _counted(Counter(reason.split(" (")[0] for _, reason in gone))
    found = f"{len(gone)} of {n_all} annotated images ({len(gone) / n_all:.2%}) cannot be used"
    if len(gone) / n_all > max_damaged or len(gone) == n_all:
        raise DataError(
            f"{annotations.files.folder}: {found} but at most {max_damaged:.2%} may be so: {kinds}, such as "
            f"{first_of(gone)}; repair or remove them, or raise data.max_damaged; {listed}"
        )
    warnings.warn(
        f"{annotations.files.folder}: {found} and are left out: {kinds}, such as {first_of(gone)}; {listed}",
        DamagedImagesWarning,
        stacklevel=3,
    )


def report_boxes(annotations: Annotations, clean: CleanBoxes, folder: Path, *, max_damaged: float) -> None:
    """Warn of boxes that cannot be used or were clipped, or refuse the data where there are too many.

    Args:
        annotations: The images that could be decoded.
        clean: What became of their boxes.
        folder: Gets ``boxes.csv``, the image of each box with the reason.
        max_damaged: Share of the boxes of wanted classes that may be of no use.

    Raises:
        DataError: If more are, or if so many reach out of their image, and lie inside once x and y are swapped.

    Warns:
        SkippedBoxesWarning: If some are skipped or clipped, or sizes are not those of the images.
    """
    where, n_all = annotations.files.folder, len(clean.kinds)
    bad = np.flatnonzero(~clean.is_fine).tolist()
    clipped = np.flatnonzero(clean.clipped).tolist()
    reasons = [(row, KINDS[clean.kinds[row]]) for row in bad] + [(row, "clipped to the image") for row in clipped]
    told = [(_image_of(annotations, clean, row), f"{_box(clean, row)}: {reason}") for row, reason in reasons]
    if not told and not clean.other_sizes:
        return
    listed = f"; {write_list(folder / 'boxes.csv', told)}" if told else ""
    counts = _counted(Counter(KINDS[kind] for kind in clean.kinds[bad].tolist()))
    found = f"{len(bad)} of {n_all} boxes ({len(bad) / max(1, n_all):.2%})"
    swapped = swapped_clause(clean)
    many_reach_out = clean.reach_out.sum() > max_damaged * n_all
    if len(bad) > max_damaged * n_all or (swapped and many_reach_out):
        problem = f"{counts}, such as {first_of(told)}" if bad else f"{len(clipped)} reach out of their image"
        raise DataError(
            f"{where}: {found} cannot be used but at most {max_damaged:.2%} may be so: {problem}"
            f"{swapped}{_units_clause(clean.kinds)}; correct or remove them, or raise data.max_damaged{listed}"
        )
    parts = [f"{found} are skipped: {counts}, such as {first_of(told)}"] if bad else []
    parts += [f"{len(clipped)} boxes reach out of their image and are clipped{swapped}"] if clipped else []
    parts += [_sizes_clause(clean.other_sizes)] if clean.other_sizes else []
    warnings.warn(f"{where}: {'; '.join(parts)}{listed}", SkippedBoxesWarning, stacklevel=3)


def swapped_clause(clean: CleanBoxes) -> str:
    """What is said where boxes lie outside their images, and nearly all boxes inside once x and y are swapped."""
    n_out = int(clean.reach_out.sum())
    n_in = int((clean.swapped & clean.reach_out).sum())
    placed = clean.is_fine | clean.reach_out
    if not n_out or n_in < _NEARLY_ALL * n_out or (clean.swapped & placed).sum() < _NEARLY_ALL * placed.sum():
        return ""
    return f"; with x and y swapped, {n_in} of {n_out} that reach out lie inside: the coordinates are probably swapped"


def figures(clean: CleanBoxes) -> dict[str, Any]:
    """What became of the boxes, for metadata: JSON values."""
    skipped = Counter(KINDS[kind] for kind in clean.kinds[~clean.is_fine].tolist())
    return {
        "boxes": int(clean.is_fine.sum()),
        "skipped": dict(skipped),
        "clipped": int(clean.clipped.sum()),
        "left_out": dict(clean.left_out),
    }


def _units_clause(kinds: NDArray[np.int64]) -> str:
    n_shares = int((kinds == KINDS.index(NO_PIXELS)).sum())
    # Some boxes may be tiny by mistake; where most are, it is the unit.
    if n_shares <= len(kinds) / 2:
        return ""
    return "; all lie in 0..1, so that they are probably shares: multiply them by the image's width and height"


def _sizes_clause(paths: Sequence[str]) -> str:
    return (
        f"the annotations of {len(paths)} images state a size of other proportions than the image has, such as "
        f"{list_some(paths, most=2)}: pixels are counted in the image's own size"
    )


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _image_of(annotations: Annotations, clean: CleanBoxes, row: int) -> str:
    image = int(clean.written.images[row])
    return "annotations" if image == NO_IMAGE else annotations.files.paths[image]


def _box(clean: CleanBoxes, row: int) -> str:
    corners = ", ".join(f"{value:g}" for value in clean.written.corners[row])
    return f"{clean.written.names[row] or 'box'} at {corners}"
