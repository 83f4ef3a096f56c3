"""Which images a folder holds."""

from __future__ import annotations

from pathlib import Path

from trainables.data.files.class_folders import LabelledFiles, find_class_folders
from trainables.data.files.kinds import FileKind


IMAGES = FileKind(
    "images",
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".webp",
        ".tif",
        ".tiff",
        ".gif",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ),
)


def find_image_files(folder: Path) -> LabelledFiles:
    """List the images of a folder that holds a folder per class, or split folders that do.

    Raises:
        DataError: As :func:`~trainables.data.files.class_folders.find_class_folders` does.
    """
    return find_class_folders(folder, IMAGES)
