"""Inputs of a network as small pictures."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search.figures.boxes import picture_of


LARGEST = 64
"""Pixels along the longer side of a picture."""
LARGEST_WITH_BOXES = 160
"""The same of pictures in which boxes are drawn, which must be told apart."""
_QUALITY = 70
_TAILS = (1, 99)
"""Percentiles of features that are drawn as black and as white."""


def thumbnail(inputs: NDArray[Any], *, is_audio: bool, largest: int = LARGEST) -> bytes:
    """One sample as a small WebP picture: an image as it is, features stretched to what they span.

    Args:
        inputs: Shape (channels, height, width); uint8, or numbers in 0..1, or features, such as log-mel bands (height)
            over frames (width). Other numbers of channels than one and three are stacked, the first uppermost.
        is_audio: Whether rows are frequencies, the lowest first: it is then drawn lowest, and loudness in colour.
        largest: Pixels along the longer side of the picture.
    """
    values = inputs if inputs.dtype == np.uint8 else _in_unit_range(inputs.astype(np.float64))
    if is_audio:
        values = values[:, ::-1]
    if len(values) not in (1, 3) or is_audio:
        values = values.reshape(1, -1, values.shape[2])
    picture = _coloured(values[0]) if is_audio else picture_of(values)
    # Small images stay as they are: a browser enlarges them without a blur.
    picture.thumbnail((largest, largest))
    file = BytesIO()
    picture.save(file, format="WEBP", quality=_QUALITY, lossless=max(picture.size) <= LARGEST // 2)
    return file.getvalue()


def _in_unit_range(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features stretched; what is in 0..1 already as it is."""
    values = np.nan_to_num(values)
    if values.min() >= 0 and values.max() <= 1:
        return values
    low, high = np.percentile(values, _TAILS)
    return np.asarray(np.clip((values - low) / max(high - low, 1e-9), 0, 1))


def _coloured(loudness: NDArray[Any]) -> Image.Image:
    # Here, since the import takes its time.
    from matplotlib import colormaps

    values = loudness / 255 if loudness.dtype == np.uint8 else loudness
    return Image.fromarray(np.rint(255 * colormaps["magma"](values)[..., :3]).astype(np.uint8))
