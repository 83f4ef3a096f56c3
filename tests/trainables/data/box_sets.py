"""Small data sets of images with boxes: coloured rectangles on noise, as VOC and COCO lay them out."""

import json
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image
import pytest

from trainables.data import SOURCES, DataOptions
from trainables.errors import DataError


VOC, COCO = SOURCES["voc"], SOURCES["coco"]
SMALL = DataOptions(image_size=16)
TOLERANT = DataOptions(image_size=16, max_damaged=0.5)
COLOURS = {"disc": (220, 40, 40), "bar": (40, 40, 220), "rare": (40, 220, 40)}
WIDTH, HEIGHT = 64, 48


def objects_of(n_images=12, *, seed=0, names=("disc", "bar")):
    """For each image the class and the left, top, right and bottom edge of its objects; every fifth has none."""
    rng = np.random.default_rng(seed)
    return [
        [] if k % 5 == 4 else [(names[(k + j) % len(names)], *_place(rng)) for j in range(1 + k % 2)]
        for k in range(n_images)
    ]


def _place(rng):
    width, height = rng.integers(8, 24), rng.integers(8, 20)
    left, top = rng.integers(0, WIDTH - width), rng.integers(0, HEIGHT - height)
    return int(left), int(top), int(left + width), int(top + height)


def draw(objects, *, seed, size=(WIDTH, HEIGHT)):
    """Noise with a rectangle of its class's colour for each object."""
    noise = np.random.default_rng(seed).integers(90, 160, (size[1], size[0], 3), dtype=np.uint8)
    for name, left, top, right, bottom in objects:
        noise[max(top, 0) : bottom, max(left, 0) : right] = COLOURS.get(name, (255, 255, 255))
    return Image.fromarray(noise)


def xml_of(objects, *, name="a.png", size=(WIDTH, HEIGHT), difficult=0):
    """An annotation of VOC, whose pixels count from 1 and hold the last."""
    boxes = "".join(
        f"<object><name>{escape(cls)}</name><difficult>{difficult}</difficult><bndbox><xmin>{left + 1}</xmin>"
        f"<ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for cls, left, top, right, bottom in objects
    )
    stated = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><filename>{escape(name)}</filename>{stated}{boxes}</annotation>"


def write_voc(folder, images, *, sets=None):
    """Write a data set of VOC; ``sets`` are numbers of images by the name of the image set."""
    for place in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for k, objects in enumerate(images):
        draw(objects, seed=k).save(folder / "JPEGImages" / f"{k:03d}.png")
        (folder / "Annotations" / f"{k:03d}.xml").write_text(xml_of(objects, name=f"{k:03d}.png"))
    for name, rows in (sets or {}).items():
        (folder / "ImageSets" / "Main" / f"{name}.txt").write_text("".join(f"{k:03d}\n" for k in rows))
    return folder


def coco_of(images, *, names=("disc", "bar"), first=0):
    """What a file of COCO says; ids of categories have gaps, as its own have."""
    return {
        "images": [
            {"id": 10 + k, "file_name": f"{first + k:03d}.png", "width": WIDTH, "height": HEIGHT}
            for k in range(len(images))
        ],
        "categories": [{"id": 7 * k + 1, "name": name} for k, name in enumerate(names)],
        "annotations": [
            {
                "id": 100 * k + j,
                "image_id": 10 + k,
                "category_id": 7 * names.index(name) + 1,
                "bbox": [left, top, right - left, bottom - top],
                "iscrowd": 0,
            }
            for k, objects in enumerate(images)
            for j, (name, left, top, right, bottom) in enumerate(objects)
        ],
    }


def write_coco(folder, images, *, part=None, names=("disc", "bar"), first=0):
    """Write a data set of COCO: of a part such as ``train2017``, or with ``annotations.json`` and ``images``."""
    place = folder / "images" if part is None else folder / part
    path = folder / ("annotations.json" if part is None else f"annotations/instances_{part}.json")
    for where in (place, path.parent):
        where.mkdir(parents=True, exist_ok=True)
    for k, objects in enumerate(images):
        draw(objects, seed=first + k).save(place / f"{first + k:03d}.png")
    path.write_text(json.dumps(coco_of(images, names=names, first=first)))
    return folder


def refused(source, folder, message, options=SMALL):
    """The one line with which a folder is refused; it must match the message."""
    with pytest.raises(DataError, match=message) as caught:
        source.load(folder, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def shares_of(objects, names=("disc", "bar")):
    """The rows that objects of an image must become, shape (objects, 6)."""
    rows = [
        (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT, names.index(name), 0)
        for name, left, top, right, bottom in objects
    ]
    return np.array(rows, dtype=np.float32).reshape(-1, 6)
