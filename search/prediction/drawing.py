"""Images with the boxes that were found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
        # The surest last, so that its name is not covered.
        for box in reversed(boxes):
            self._draw_box(draw, box, scale, font, size)
        return drawn

    def _draw_box(
        self,
        draw: ImageDraw.ImageDraw,
        box: NamedBox,
        scale: float,
        font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
        size: tuple[int, int],
    ) -> None:
        colour, ink = self._colours[box.label]
        left, top, right, bottom = (scale * edge for edge in (box.left, box.top, box.right, box.bottom))
        draw.rectangle((left, top, right, bottom), outline=colour, width=max(2, max(size) // 250))
        text = f"{box.label} {box.score:.2f}"
        _, _, width, height = draw.textbbox((0, 0), text, font=font)
        # Above the box where there is room, and within the picture.
        x, y = min(left, size[0] - width - 4), top - height - 4
        y = max(0, y if y >= 0 else top)
        draw.rectangle((x, y, x + width + 4, y + height + 4), fill=colour)
        draw.text((x + 2, y + 2), text, fill=ink, font=font)


def _picture(answered: AnsweredInput) -> Image.Image:
    """The picture of an input: that of its file, or an array's pixels."""
    if Path(answered.origin).suffix.lower() not in ArrayReader.suffixes:
        return read_picture(Path(answered.origin))
    pixels = answered.pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels.clip(0, 1) * 255).round().astype(np.uint8)
    grey_or_rgb = pixels[0] if len(pixels) == 1 else pixels[:3].transpose(1, 2, 0)
    return Image.fromarray(grey_or_rgb).convert("RGB")
