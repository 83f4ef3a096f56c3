"""A folder laid out as Pascal VOC: ``Annotations``, ``JPEGImages`` and ``ImageSets/Main``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policies.names import list_some
from trainables.data.boxes.annotations import AnnotatedImage, Annotations, Lost
from trainables.data.boxes.layout import the_folder_that
from trainables.data.boxes.voc_xml import parse_voc
from trainables.data.files.kinds import suffix_of, visible_entries
from trainables.data.images.files import IMAGES
from trainables.errors import DataError


_ANNOTATIONS, _IMAGES, _SETS = "Annotations", "JPEGImages", "ImageSets/Main"
_TRAINING = ("trainval", "train", "val")


def is_voc(folder: Path) -> bool:
    """Whether a folder is laid out like that."""
    return (folder / _ANNOTATIONS).is_dir() and (folder / _IMAGES).is_dir()


def read_voc(data_dir: Path) -> Annotations:
    """Read the annotations of all images that are in an image set, or of all where there are no sets.

    The images of ``ImageSets/Main/test.txt`` are the official test, or those of ``val.txt`` where there is no
    ``test.txt``; where there is neither, there is none. Classes are those that occur, sorted.

    Args:
        data_dir: Folder that is laid out like that, or has one folder within that is, such as ``VOCdevkit/VOC2012``.

    Raises:
        DataError: If there is no such folder or several, a file cannot be read, or an image is in both test and train.
    """
    folder = the_folder_that(is_voc, data_dir, f"the folders {_ANNOTATIONS} and {_IMAGES}")
    annotated = {path.stem: path for path in _listed(folder / _ANNOTATIONS) if suffix_of(path) == ".xml"}
    pictures = {path.stem: path for path in reversed(_listed(folder / _IMAGES)) if IMAGES.has(path)}
    sets = _image_sets(folder, annotated)
    test = sets.get("test", {}) if "test" in sets else sets.get("val", {}) if "train" in sets else {}
    stems = dict.fromkeys([*(stem for own in sets.values() for stem in own)]) if sets else annotated
    images: list[AnnotatedImage] = []
    lost: list[Lost] = []
    for stem in stems:
        try:
            images.append(_image(folder, stem, annotated, pictures, is_official_test=stem in test))
        except _LostError as error:
            lost.append((error.path, error.reason))
    names = sorted({name for image in images for name, *_ in image.boxes if name})
    return Annotations.gather(folder, images, class_names=names, has_official_test=bool(test), lost=lost)


class _LostError(Exception):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason


def _image(
    folder: Path, stem: str, annotated: Mapping[str, Path], pictures: Mapping[str, Path], *, is_official_test: bool
) -> AnnotatedImage:
    written = annotated.get(stem)
    if written is None:
        raise _LostError(f"{_ANNOTATIONS}/{stem}.xml", "missing annotation")
    try:
        parsed = parse_voc(_bytes(written))
    except ValueError as error:
        raise _LostError(f"{_ANNOTATIONS}/{written.name}", str(error)) from None
    # What the file calls its image is often left over from before it was renamed.
    called = Path(parsed.filename).stem
    picture = pictures.get(stem) or (pictures.get(called) if called not in annotated else None)
    if picture is None:
        raise _LostError(f"{_IMAGES}/{stem}", "missing image")
    return AnnotatedImage(picture.relative_to(folder).as_posix(), parsed.size, parsed.boxes, is_official_test)


def _image_sets(folder: Path, annotated: Mapping[str, Path]) -> dict[str, dict[str, None]]:
    """The stems of each image set that there is, in its order."""
    sets = {
        name: dict.fromkeys(_stems(folder / _SETS / f"{name}.txt", annotated))
        for name in ("test", *_TRAINING)
        if (folder / _SETS / f"{name}.txt").is_file()
    }
    both = [stem for name in _TRAINING for stem in sets.get(name, {}) if stem in sets.get("test", {})]
    both += [] if "test" in sets else [stem for stem in sets.get("train", {}) if stem in sets.get("val", {})]
    if both:
        raise DataError(
            f"{folder / _SETS}: an image must not be in the official test and in another set but {list_some(both)} "
            f"{'is' if len(both) == 1 else 'are'}; remove it from one"
        )
    return {name: stems for name, stems in sets.items() if stems}


def _stems(path: Path, annotated: Mapping[str, Path]) -> list[str]:
    lines = [line.strip() for line in _bytes(path).decode("utf-8-sig", errors="replace").splitlines()]
    # The sets of a single class have a mark behind the name, but names may have spaces, too.
    return [line if line in annotated else line.split()[0] for line in lines if line]


def _listed(folder: Path) -> list[Path]:
    try:
        return visible_entries(folder)
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable or delete it") from None
