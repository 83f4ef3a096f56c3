"""Images with the boxes that were found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from policies.files.atomic import whole_file
from search.errors import PredictionError
from search.prediction.answering import AnsweredInput
from search.prediction.detections import Detection
from trainables.data.images.decoding import read_picture
from trainables.data.readers import ArrayReader
from trainables.export.named_boxes import NamedBox


# Okabe and Ito (2008), which can be told apart by nearly everybody, without the black; white text is read on none of
# the bright ones, so that each has the colour of its text.
_COLOURS = (
    ("#D55E00", "white"),
    ("#0072B2", "white"),
    ("#F0E442", "black"),
    ("#009E73", "white"),
    ("#CC79A7", "black"),
    ("#56B4E9", "black"),
    ("#E69F00", "black"),
)
# Small pictures are enlarged, so that names can be read.
_LEAST_SIDE = 480
Corner: TypeAlias = tuple[float, float]
Font: TypeAlias = ImageFont.ImageFont | ImageFont.FreeTypeFont


class BoxDrawer:
    """Writes images with their boxes into a folder, as PNG files named after the inputs.

    Args:
        folder: The folder, made where it is missing.
        class_names: Of the classes, each of which has a colour of its own as far as these go.

    Raises:
        PredictionError: If the folder cannot be made.
    """

    def __init__(self, folder: Path, class_names: Sequence[str]) -> None:
        self._folder = folder
        self._colours = {name: _COLOURS[k % len(_COLOURS)] for k, name in enumerate(class_names)}
        self._taken: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PredictionError(
                f"--draw must be a folder that can be made but {folder} is not ({error.strerror}); name another"
            ) from None

    def draw(self, answered: AnsweredInput, found: Detection) -> Path:
        """Write one image.

        Args:
            answered: The input, for its picture.
            found: Its boxes.

        Raises:
            PredictionError: If the file cannot be written.
            DataError: If the picture has gone since it was read.
        """
        path = self._folder / self._name(found.input)
        try:
            with whole_file(path) as partial:
                self._drawn(_picture(answered), found.boxes).save(partial, format="PNG")
        except OSError as error:
            raise PredictionError(
                f"{path}: cannot be written ({error.strerror or error}); name another folder with --draw"
            ) from None
        return path

    def _name(self, given: str) -> str:
        """A name that no other input of this call has."""
        stem = Path(given.replace("#", "-")).with_suffix("").name or "image"
        name, number = f"{stem}.png", 2
        while name in self._taken:
            name, number = f"{stem}-{number}.png", number + 1
        self._taken.add(name)
        return name

    def _drawn(self, picture: Image.Image, boxes: Sequence[NamedBox]) -> Image.Image:
        scale = max(1.0, _LEAST_SIDE / max(picture.size))
        size = round(picture.width * scale), round(picture.height * scale)
        drawn = picture.resize(size, Image.Resampling.BICUBIC) if scale > 1 else picture.copy()
        draw = ImageDraw.Draw(drawn)
        font = ImageFont.load_default(size=max(12, max(size) // 45))
        # The surest last, and all names after all edges, so that none is covered by what is less sure.
        edges = [(box, tuple(scale * edge for edge in (box.left, box.top, box.right, box.bottom))) for box in boxes]
        for box, corners in reversed(edges):
            draw.rectangle(corners, outline=self._colours[box.label][0], width=max(2, max(size) // 250))
        for box, (left, top, *_) in reversed(edges):
            self._write(draw, f"{box.label} {box.score:.2f}", (left, top), self._colours[box.label], font)
        return drawn

    def _write(self, draw: ImageDraw.ImageDraw, text: str, place: Corner, colours: tuple[str, str], font: Font) -> None:
        """Write a name above a box's upper left corner, or below where there is no room, and within the picture."""
        _, _, width, height = (round(side) + 4 for side in draw.textbbox((0, 0), text, font=font))
        left, top = max(0.0, min(place[0], draw.im.size[0] - width)), place[1] - height
        top = top if top >= 0 else place[1]
        draw.rectangle((left, top, left + width, top + height), fill=colours[0])
        draw.text((left + 2, top + 2), text, fill=colours[1], font=font)


def _picture(answered: AnsweredInput) -> Image.Image:
    """The picture of an input: that of its file, or an array's pixels."""
    if Path(answered.origin).suffix.lower() not in ArrayReader.suffixes:
        return read_picture(Path(answered.origin))
    pixels = answered.pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels.clip(0, 1) * 255).round().astype(np.uint8)
    grey_or_rgb = pixels[0] if len(pixels) == 1 else pixels[:3].transpose(1, 2, 0)
    return Image.fromarray(grey_or_rgb).convert("RGB")
