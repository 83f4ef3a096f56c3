"""Images with the boxes that were found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from policies.files.atomic import whole_file
from search.errors import PredictionError
from search.figures.boxes import colour_of, font_of, picture_of, write_tag
from search.prediction.answering import AnsweredInput
from search.prediction.detections import Detection
from trainables.data.images.decoding import read_picture
from trainables.data.readers import ArrayReader
from trainables.export.named_boxes import NamedBox


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
        self._colours = {name: colour_of(label) for label, name in enumerate(class_names)}
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
        font = font_of(max(12, max(size) // 45))
        # The surest last, and all names after all edges, so that none is covered by what is less sure.
        edges = [(box, tuple(scale * edge for edge in (box.left, box.top, box.right, box.bottom))) for box in boxes]
        for box, corners in reversed(edges):
            draw.rectangle(corners, outline=self._colours[box.label], width=max(2, max(size) // 250))
        for box, (left, top, *_) in reversed(edges):
            write_tag(drawn, f"{box.label} {box.score:.2f}", (left, top), self._colours[box.label], font)
        return drawn


def _picture(answered: AnsweredInput) -> Image.Image:
    """The picture of an input: that of its file, or an array's pixels."""
    if Path(answered.origin).suffix.lower() not in ArrayReader.suffixes:
        return read_picture(Path(answered.origin))
    return picture_of(answered.pixels)
