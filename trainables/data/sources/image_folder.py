"""Your own images: a folder per class."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from trainables.data.base import ImageSource, Samples
from trainables.data.copies import report_copies
from trainables.data.files.class_folders import LabelledFiles, existing_folder
from trainables.data.files.report import report_damage, report_others
from trainables.data.images.files import find_image_files
from trainables.data.images.groups import read_columns, read_groups
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.errors import DamagedImagesWarning, DataError


_DEFAULT_SIZE = 96


class ImageFolderSource(ImageSource):
    """Reads ``<data_dir>/<class>/**/*.png`` (.jpg, .bmp, .webp, .tif, .gif, .ppm), or split folders of class folders.

    With split folders, ``<data_dir>/{train,val,test}/<class>``, the images in ``test`` are the official test; where
    there is no ``test``, those in ``val`` (or ``valid``, ``validation``) are. All others are shared out.

    Images become RGB of 96x96 pixels unless the options name another size, without regard to their proportions.
    Where ``<data_dir>/groups.csv`` exists, with columns ``path`` and ``group``, it tells the origin of every image;
    columns of it that are called ``column.NAME`` are columns of facts.
    Decoded images are kept in the cache (see :func:`~trainables.data.images.cache.cache_folder`), which may be deleted.
    """

    name: ClassVar[str] = "image-folder"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Return all images that can be decoded; their ids are their paths relative to ``data_dir``, in one spelling.

        Raises:
            DataError: If the folder is missing or laid out otherwise, a file cannot be read, too many are damaged, a
                class has none left, or ``groups.csv`` does not name every image.

        Warns:
            OtherFilesWarning: If there are files of kinds that are not read.
            DamagedImagesWarning: If some files are damaged; they are skipped.
            DuplicateImagesWarning: If some images are exact copies of others.
            ImageCacheWarning: If the cache cannot be written.
        """
        # Here, since the import takes its time and only the driver loads data.
        from trainables.data.images.cache import cache_folder, cached_images

        files = find_image_files(existing_folder(data_dir, self.name, "a folder of images per class"))
        report_others(files)
        groups, columns = read_groups(files), read_columns(files)
        size = options.image_size or _DEFAULT_SIZE
        cache = cache_folder(files, size=size)
        decoded = cached_images(files, cache, size=size)
        damaged = decoded.damaged(files.paths)
        report_damage(files, damaged, cache, max_damaged=options.max_damaged, warning=DamagedImagesWarning)
        rows = decoded.readable_rows
        samples = Samples(
            inputs=decoded.images,
            labels=files.labels[rows],
            ids=np.array(files.ids)[rows],
            class_names=files.class_names,
            groups=None if groups is None else groups[rows],
            official_test=None if files.official_test is None else files.official_test[rows],
            columns={name: values[rows] for name, values in columns.items()},
        )
        _require_every_class(files, samples)
        report_copies(samples)
        return samples


def _require_every_class(files: LabelledFiles, samples: Samples) -> None:
    gone = np.flatnonzero(np.bincount(samples.labels, minlength=len(samples.class_names)) == 0)
    if gone.size:
        raise DataError(
            f"{files.folder}: every class needs images but all of {files.class_names[gone[0]]!r} are damaged; "
            f"repair them or remove the folder"
        )
