"""From annotations to samples: images are decoded, boxes are cleaned, and what is of no use is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.boxes.annotations import NO_IMAGE, Annotations, WrittenBoxes
from trainables.data.boxes.cleaning import clean_boxes
from trainables.data.boxes.report import figures, report_boxes, report_images
from trainables.data.boxes.samples import DetectionSamples
from trainables.data.copies import report_copies
from trainables.data.images.groups import read_columns, read_groups
from trainables.data.options import DataOptions
from trainables.errors import DataError


_DEFAULT_SIZE = 320


def load_annotated(read: Callable[[Path], Annotations], folder: Path, options: DataOptions) -> DetectionSamples:
    """Read a folder of images with boxes.

    Images become RGB of 320x320 pixels unless the options name another size, without regard to their proportions:
    boxes are shares of their sides. Where ``groups.csv`` exists beside them, with columns ``path`` and ``group``, it
    tells the origin of every image. Decoded images are kept in the cache, which may be deleted.

    Args:
        read: Reads the annotations of a folder.
        folder: The folder that the user named.
        options: Image size, wanted classes, and how many images and boxes may be damaged.

    Raises:
        DataError: If the folder is laid out otherwise, a file cannot be read, too many images or boxes cannot be used,
            there is none of both, a wanted class is unknown, or ``groups.csv`` does not name every image.

    Warns:
        DamagedImagesWarning: If some images cannot be used; they are left out.
        SkippedBoxesWarning: If some boxes are skipped or clipped.
        DuplicateImagesWarning: If some images are exact copies of others.
        ImageCacheWarning: If the cache cannot be written.
    """
    # Here, since the import takes its time and only the driver loads data.
    from trainables.data.images.cache import cache_folder, cached_images

    annotations = read(folder)
    class_names = options.wanted_classes(annotations.class_names, folder)
    size = options.image_size or _DEFAULT_SIZE
    cache = cache_folder(annotations.files, size=size)
    decoded = cached_images(annotations.files, cache, size=size)
    damaged = decoded.damaged(annotations.files.paths)
    report_images(annotations, damaged, cache, max_damaged=options.max_damaged)
    there = _of_rows(annotations, decoded.readable_rows)
    clean = clean_boxes(there, decoded.sizes, class_names)
    report_boxes(there, clean, cache, max_damaged=options.max_damaged)
    if not clean.is_fine.any():
        raise DataError(f"{there.files.folder}: there must be boxes in the images but there are none; annotate some")
    samples = DetectionSamples(
        inputs=decoded.images,
        labels=clean.objects,
        ids=np.array(there.files.ids),
        class_names=class_names,
        groups=read_groups(there.files),
        official_test=there.official_test,
        metadata={"annotations": figures(clean)},
        columns=read_columns(there.files),
    )
    report_copies(samples)
    return samples


def _of_rows(annotations: Annotations, rows: NDArray[np.int64]) -> Annotations:
    """The annotations of some of the images; boxes of the others are left out."""
    place = np.full(len(annotations.files.paths) + 1, NO_IMAGE - 1)
    place[rows] = np.arange(len(rows))
    # The last place is that of boxes whose image is not told of.
    place[NO_IMAGE] = NO_IMAGE
    boxes = annotations.boxes
    images = place[boxes.images]
    kept = images >= NO_IMAGE
    return replace(
        annotations,
        files=replace(annotations.files, paths=tuple(annotations.files.paths[row] for row in rows)),
        sizes=annotations.sizes[rows],
        boxes=WrittenBoxes(images[kept], boxes.names[kept], boxes.corners[kept], boxes.crowds[kept]),
        official_test=None if annotations.official_test is None else annotations.official_test[rows],
    )
