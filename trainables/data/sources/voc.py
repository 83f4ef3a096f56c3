"""Images with boxes as Pascal VOC lays them out (Everingham et al., 2010)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from trainables.data.base import ImageSource
from trainables.data.boxes.loading import load_annotated
from trainables.data.boxes.samples import DetectionSamples
from trainables.data.boxes.voc_folder import read_voc
from trainables.data.files.class_folders import existing_folder
from trainables.data.options import DEFAULT_OPTIONS, DataOptions


class VocSource(ImageSource):
    """Reads ``Annotations/*.xml``, ``JPEGImages`` and ``ImageSets/Main``, in the folder or in one within it.

    The images of ``ImageSets/Main/test.txt`` are the official test, or those of ``val.txt`` where there is no
    ``test.txt``; those of ``trainval.txt``, ``train.txt`` and ``val.txt`` are shared out. Without sets all annotated
    images are. Objects that are ``difficult`` are marked as crowds: neither a hit nor a miss.
    """

    name: ClassVar[str] = "voc"
    selects_classes: ClassVar[bool] = True

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> DetectionSamples:
        """Return all images that can be decoded, with their boxes; their ids are their paths, in one spelling.

        What is raised and what is warned of is told under :func:`~trainables.data.boxes.loading.load_annotated`.

        Raises:
            DataError: If no folder was named, or what it holds cannot be used.
        """
        folder = existing_folder(data_dir, self.name, "the folders Annotations and JPEGImages")
        return load_annotated(read_voc, folder, options)
