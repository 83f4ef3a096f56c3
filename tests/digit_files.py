"""Digits as files: PNG images in a folder for each class, as a person would have them."""

import numpy as np
from PIL import Image

from tests.bundles import trained_digits


def write_images(folder, *, split="test", most=60, change=lambda pixels: pixels):
    """Write the first images of a split as ``<folder>/<class>/<row>.png``; gives the rows by path."""
    own = trained_digits().splits[split]
    rows = {}
    for row in range(min(most, len(own.labels))):
        path = folder / str(own.labels[row]) / f"{row:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.clip(change(own.inputs[row, 0]), 0, 1)
        Image.fromarray((pixels * 255).round().astype(np.uint8)).save(path)
        rows[str(path)] = row
    return rows
