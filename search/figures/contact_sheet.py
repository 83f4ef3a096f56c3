"""Images with the boxes that each exit finds in them: a row per image, a column per exit, the exit taken in a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from policies.files.atomic import whole_file
from policies.tables.boxes import CORNERS, CROWD, LABEL, SCORE, is_box
from search.figures.boxes import colour_of, font_of, picture_of, write_tag


_SHEET_WIDTH, _MOST_CELL, _LEAST_CELL = 1600, 440, 220
_GAP, _NAME_WIDTH, _CAPTION, _FRAME = 14, 190, 28, 5
_TEXT, _FAINT, _TAKEN, _TRUE = "#1b1b1b", "#6b7280", "#111111", ("#ffffff", "#111111")
_DASH = 5


@dataclass(frozen=True)
class SheetImage:
    """One image of the sheet.

    Attributes:
        name: Name of the image.
        notes: What is said of it below its name, a line each.
        pixels: The image, shape (channels, height, width), uint8, or numbers in 0..1.
        true: What is there, shape (M, 6), rows as in :mod:`policies.tables.boxes`.
        found: What each exit finds, shape (E, D, 6), rows as in :mod:`policies.tables.boxes`.
        captions: What is said of each exit, of length E.
        taken: Index of the exit that was taken.
    """

    name: str
    notes: tuple[str, ...]
    pixels: NDArray[Any]
    true: NDArray[Any]
    found: NDArray[Any]
    captions: tuple[str, ...]
    taken: int


def draw_contact_sheet(
    images: Sequence[SheetImage], path: Path, *, class_names: Sequence[str], operating_score: float, title: str
) -> None:
    """Write :func:`contact_sheet` as a PNG file."""
    with whole_file(path) as partial:
        contact_sheet(images, class_names=class_names, operating_score=operating_score, title=title).save(
            partial, format="PNG"
        )


def contact_sheet(
    images: Sequence[SheetImage], *, class_names: Sequence[str], operating_score: float, title: str
) -> Image.Image:
    """The sheet, about 1600 pixels wide unless there are very few or many exits.

    True boxes are dashed, crowds among them dotted; found boxes are in the colour of their class, with their score.

    Args:
        images: The images, from top to bottom, at least one, all of the same exits.
        class_names: Name of each class.
        operating_score: Found boxes are drawn from this score on.
        title: Title above the sheet.
    """
    n_exits = len(images[0].captions)
    cell = int(np.clip((_SHEET_WIDTH - _NAME_WIDTH - _GAP) // n_exits - _GAP, _LEAST_CELL, _MOST_CELL))
    heights = [round(cell * one.pixels.shape[1] / one.pixels.shape[2]) for one in images]
    width = max(_NAME_WIDTH + _GAP + n_exits * (cell + _GAP), 700)
    legend = _legend_lines(class_names, width - 2 * _GAP)
    top = 44 + 22 * len(legend) + 10
    sheet = Image.new("RGB", (width, top + sum(height + _CAPTION + _GAP for height in heights) + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, 14), title, fill=_TEXT, font=font_of(20))
    _draw_legend(draw, legend, class_names)
    for one, height in zip(images, heights, strict=True):
        _draw_row(sheet, one, (_GAP, top), (cell, height), operating_score)
        top += height + _CAPTION + _GAP
    return sheet


def _draw_row(
    sheet: Image.Image, one: SheetImage, place: tuple[int, int], size: tuple[int, int], operating_score: float
) -> None:
    draw, (left, top) = ImageDraw.Draw(sheet), place
    for number, line in enumerate(_folded((one.name, *one.notes), _NAME_WIDTH - _GAP)):
        colour = _TEXT if number == 0 else _FAINT
        draw.text((left, top + _CAPTION + 18 * number), line, fill=colour, font=font_of(14))
    picture = picture_of(one.pixels).resize(size, Image.Resampling.BILINEAR)
    for k, caption in enumerate(one.captions):
        x = _NAME_WIDTH + _GAP + k * (size[0] + _GAP)
        is_taken = k == one.taken
        words = f"exit {k + 1}{', taken' if is_taken else ''}: {caption}"
        draw.text((x, top + 3), words, fill=_TEXT if is_taken else _FAINT, font=font_of(14))
        cell = picture.copy()
        _draw_boxes(cell, one.true, one.found[k], operating_score)
        sheet.paste(cell, (x, top + _CAPTION))
        if is_taken:
            corner = x + size[0] + _FRAME - 1, top + _CAPTION + size[1] + _FRAME - 1
            draw.rectangle((x - _FRAME, top + _CAPTION - _FRAME, *corner), outline=_TAKEN, width=_FRAME)


def _draw_boxes(cell: Image.Image, true: NDArray[Any], found: NDArray[Any], operating_score: float) -> None:
    draw = ImageDraw.Draw(cell)
    for row in true[is_box(true)]:
        _dashed(draw, _corners(row, cell.size), gap=3 if row[CROWD] else 1)
    # The surest last, so that it lies above the others.
    shown = found[is_box(found) & (found[:, SCORE] >= operating_score)]
    for row in shown[np.argsort(shown[:, SCORE], kind="stable")]:
        left, top, right, bottom = _corners(row, cell.size)
        colour = colour_of(int(row[LABEL]))
        draw.rectangle((left, top, max(right, left), max(bottom, top)), outline=colour, width=3)
        write_tag(cell, f"{row[SCORE]:.2f}", (left, top), colour, font_of(12))


def _dashed(draw: ImageDraw.ImageDraw, corners: tuple[int, int, int, int], *, gap: int) -> None:
    """A thin rectangle of dashes, dark on light, which can be seen on any image; ``gap`` widens what lies between."""
    left, top, right, bottom = corners
    step = (1 + gap) * _DASH
    for offset, colour in enumerate(reversed(_TRUE)):
        for x in range(left, right, step):
            end = min(x + _DASH, right)
            for y in (top, bottom):
                draw.line((x, y - offset, end, y - offset), fill=colour)
        for y in range(top, bottom, step):
            end = min(y + _DASH, bottom)
            for x in (left, right):
                draw.line((x - offset, y, x - offset, end), fill=colour)


def _corners(row: NDArray[Any], size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    scaled = row[CORNERS] * np.array([width - 1, height - 1, width - 1, height - 1])
    left, top, right, bottom = np.rint(scaled).astype(int).tolist()
    return left, top, right, bottom


def _legend_lines(class_names: Sequence[str], width: int) -> list[list[int]]:
    """The classes in as many lines as they need, by their numbers."""
    lines: list[list[int]] = [[]]
    used = _LEGEND_START
    for label, name in enumerate(class_names):
        own = _legend_width(name)
        if used + own > width and lines[-1]:
            lines.append([])
            used = _LEGEND_START
        lines[-1].append(label)
        used += own
    return lines


_LEGEND_START = 190


def _legend_width(name: str) -> int:
    return 38 + round(font_of(14).getlength(_shortened(name)))


def _draw_legend(draw: ImageDraw.ImageDraw, lines: Sequence[Sequence[int]], class_names: Sequence[str]) -> None:
    _dashed(draw, (_GAP, 46, _GAP + 24, 60), gap=1)
    draw.text((_GAP + 32, 44), "what is there; found:", fill=_TEXT, font=font_of(14))
    for number, line in enumerate(lines):
        x, y = _GAP + _LEGEND_START, 44 + 22 * number
        for label in line:
            draw.rectangle((x, y + 2, x + 14, y + 16), outline=colour_of(label), width=3)
            draw.text((x + 20, y), _shortened(class_names[label]), fill=_TEXT, font=font_of(14))
            x += _legend_width(class_names[label])


def _shortened(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:21]}..."


def _folded(lines: Sequence[str], width: int) -> list[str]:
    """Each line in as many as fit the width."""
    font, folded = font_of(14), []
    for line in lines:
        own = ""
        for letter in line:
            if own and font.getlength(own + letter) > width:
                # At a word's end where there is one.
                head, _, tail = own.rpartition(" ")
                folded.append(head if head else own)
                own = tail if head else ""
            own += letter
        folded.append(own)
    return folded
