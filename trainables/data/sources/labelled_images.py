"""Your own images with several labels each: a folder, and a table of their labels in it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from trainables.data.base import ImageSource
from trainables.data.copies import report_copies
from trainables.data.files.class_folders import existing_folder
from trainables.data.files.report import report_others
from trainables.data.images.files import IMAGES
from trainables.data.label_files.labelled_files import LABELS_FILE, find_labelled_files
from trainables.data.label_files.report import report_labelled
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.errors import DamagedImagesWarning, DataError


_DEFAULT_SIZE = 96


class LabelledImagesSource(ImageSource):
    """Reads images at any depth of a folder, and ``labels.csv`` in it.

    The first column of the table has paths relative to the folder; the others are labels with 0 or 1, or one column
    ``labels`` names those that are on, separated by semicolons. Columns ``parent``, ``order`` and ``group`` tell what
    an image is a part of, its place there, and its origin; ``split`` (train, val or test) the official test;
    ``column.NAME`` is a column of facts.
    """

    name: ClassVar[str] = "labelled-images"
    selects_classes: ClassVar[bool] = True

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> LabelledSamples:
        """Return all labelled images that can be decoded; their ids are their paths, in one spelling.

        They become RGB of 96x96 pixels unless the options name another size, without regard to their proportions.

        Raises:
            DataError: If the folder is missing, the table is none or does not fit the files, or too many of these are
                missing or damaged.

        Warns:
            OtherFilesWarning: If there are files of kinds that are not read.
            UnlabelledFilesWarning: If there are images without a row; they are left out.
            DamagedImagesWarning: If some images are missing or damaged; they are skipped.
            DuplicateImagesWarning: If some images are exact copies of others.
            ImageCacheWarning: If the cache cannot be written.
        """
        # Here, since the import takes its time and only the driver loads data.
        from trainables.data.images.cache import cache_folder, cached_images

        folder = existing_folder(data_dir, self.name, f"images and their {LABELS_FILE}")
        files = find_labelled_files(folder, IMAGES, options)
        if files.rows.spans is not None:
            raise DataError(f"{files.rows.path}: images have no start and end; remove these columns")
        report_others(files)
        size = options.image_size or _DEFAULT_SIZE
        cache = cache_folder(files, size=size)
        decoded = cached_images(files, cache, size=size)
        damaged = decoded.damaged(files.paths)
        report_labelled(files, damaged, cache, max_damaged=options.max_damaged, warning=DamagedImagesWarning)
        own, rows = decoded.readable_rows, files.rows
        of_image = files.first_rows[own]
        samples = LabelledSamples(
            inputs=decoded.images,
            labels=rows.labels[of_image],
            ids=np.array(files.ids)[own],
            class_names=rows.label_names,
            groups=None if rows.groups is None else rows.groups[of_image],
            official_test=None if rows.is_test is None else rows.is_test[of_image],
            parents=None if rows.parents is None else rows.parents[of_image],
            order=None if rows.order is None else rows.order[of_image],
            columns={name: values[of_image] for name, values in rows.columns.items()},
        )
        report_copies(samples)
        return samples
