"""Images with boxes as COCO lays them out (Lin et al., 2014)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from trainables.data.base import ImageSource
from trainables.data.boxes.coco_folder import read_coco
from trainables.data.boxes.loading import load_annotated
from trainables.data.boxes.samples import DetectionSamples
from trainables.data.files.class_folders import existing_folder
from trainables.data.options import DEFAULT_OPTIONS, DataOptions


class CocoSource(ImageSource):
    """Reads ``annotations/instances_<part>.json``, or ``annotations.json``, in the folder or in one within it.

    Images lie in ``<part>/``, ``images/<part>/`` or ``images/``. Where there are a ``train`` and a ``test`` or ``val``,
    the latter is the official test. Objects with ``iscrowd`` are marked as crowds: neither a hit nor a miss.
    """

    name: ClassVar[str] = "coco"
    selects_classes: ClassVar[bool] = True

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> DetectionSamples:
        """Return all images that can be decoded, with their boxes; their ids are their paths, in one spelling.

        What is raised and what is warned of is told under :func:`~trainables.data.boxes.loading.load_annotated`.

        Raises:
            DataError: If no folder was named, or what it holds cannot be used.
        """
        folder = existing_folder(data_dir, self.name, "images and their annotations/instances_<part>.json")
        return load_annotated(read_coco, folder, options)
