"""One annotation of Pascal VOC: an XML file for each image (Everingham et al., 2010)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from policies.names import clean_name


_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class VocFile:
    """What a file says.

    Attributes:
        filename: The name of the image; empty where it does not tell, and often wrong where it does.
        size: Width and height of the image in pixels; NaN where it is not told.
        boxes: Class, corners as edges in pixels, and whether it is difficult, of each object.
    """

    filename: str
    size: tuple[float, float]
    boxes: tuple[tuple[str, tuple[float, ...], bool], ...]


def parse_voc(data: bytes) -> VocFile:
    """Read the XML of one image.

    VOC counts pixels from 1 and a box holds its last ones: its left edge is at ``xmin - 1`` and its right one at
    ``xmax``. A box with ``xmax = xmin`` would be one pixel wide, yet is what a click without a drag leaves, so that it
    is taken as one without area. Objects that are ``difficult`` are marked as crowds are.

    Args:
        data: The bytes of the file.

    Raises:
        ValueError: If it is no such XML; the message is the reason for a person.
    """
    root = _tree(data)
    if root.tag != "annotation":
        raise ValueError(f"broken XML (the root is <{root.tag[:40]}>, not <annotation>)")
    size = root.find("size")
    return VocFile(
        filename=(root.findtext("filename") or "").strip(),
        size=(nan, nan) if size is None else (_number(size, "width"), _number(size, "height")),
        boxes=tuple(_box(one) for one in root.findall("object")),
    )


def _box(one: Element) -> tuple[str, tuple[float, ...], bool]:
    box = one.find("bndbox")
    written = tuple(nan if box is None else _number(box, key) for key in _CORNERS)
    return clean_name(one.findtext("name") or ""), _edges(written), _number(one, "difficult") == 1


def _edges(written: Sequence[float]) -> tuple[float, ...]:
    """Edges of the pixels from 1 to the last; what are no such pixels stays as it is, and is found so later."""
    left, top, right, bottom = written
    are_pixels = right > left and bottom > top and max(written) > 1
    return (left - 1, top - 1, right, bottom) if are_pixels else (left, top, right, bottom)


def _number(element: Element, key: str) -> float:
    try:
        return float(element.findtext(key) or "")
    except ValueError:
        return nan


def _tree(data: bytes) -> Element:
    """The root; entities, with which a small file can fill all memory, are refused."""
    if not data.strip():
        raise ValueError("empty file")
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(data, True)
        return builder.close()
    # An encoding that is unknown, or that expat does not have, is a LookupError or a ValueError.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ValueError(f"broken XML ({' '.join(str(error).split())})") from None


def _refuse_entities(*_: object) -> NoReturn:
    raise ValueError("it declares entities")
