"""What every picture of boxes shares: a colour for each class, and words on a ground of it that can be read."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont


PALETTE = ("#D55E00", "#0072B2", "#F0E442", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Colours of the classes, in turns: those of Okabe and Ito (2008), which nearly everybody can tell apart."""
Font: TypeAlias = ImageFont.ImageFont | ImageFont.FreeTypeFont
_MARGIN = 2


def colour_of(label: int) -> str:
    """The colour of a class by its number."""
    return PALETTE[label % len(PALETTE)]


def text_on(colour: str) -> str:
    """Black or white, whichever can be read on a colour (relative luminance, WCAG 2)."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.55 else "#ffffff"


@cache
def font_of(size: int) -> Font:
    """Pillow's own font, so that pictures look alike everywhere."""
    return ImageFont.load_default(size)


def picture_of(pixels: NDArray[Any]) -> Image.Image:
    """An array as a picture; one channel becomes grey.

    Args:
        pixels: Shape (channels, height, width), uint8, or numbers in 0..1.
    """
    values = pixels if pixels.dtype == np.uint8 else np.clip(np.rint(255 * pixels), 0, 255).astype(np.uint8)
    values = np.broadcast_to(values, (3, *values.shape[1:])) if len(values) == 1 else values[:3]
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(values, 0, -1)))


def write_tag(picture: Image.Image, text: str, corner: tuple[float, float], colour: str, font: Font) -> None:
    """Write words on a ground of a colour, above a box where there is room, else within it; always in the picture.

    Args:
        picture: Is written on.
        text: The words.
        corner: The upper left corner of the box, in pixels.
        colour: Of the box.
        font: Of the words.
    """
    draw = ImageDraw.Draw(picture)
    _, _, width, height = (round(side) + 2 * _MARGIN for side in draw.textbbox((0, 0), text, font=font))
    left = max(0, min(round(corner[0]), picture.width - width))
    top = round(corner[1]) - height if corner[1] >= height else round(corner[1])
    top = max(0, min(top, picture.height - height))
    draw.rectangle((left, top, left + width, top + height), fill=colour)
    draw.text((left + _MARGIN, top + _MARGIN), text, fill=text_on(colour), font=font)
