"""From image files to one array; files that are no image are told from files that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from trainables.errors import DataError


# No others, since some of Pillow's formats start programs (EPS) and nobody tests the rest.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
_KINDS = "PNG, JPEG, BMP, WebP, TIFF, GIF or PPM"
# Tags of TIFF.
_SUBFILE_TYPE, _BITS, _PHOTOMETRIC = 254, 258, 262
_SMALLER_OR_MASK, _WHITE_IS_ZERO = 5, 0


@dataclass(frozen=True)
class DecodedImages:
    """What N files hold.

    Attributes:
        images: Those that could be decoded, in the files' order, shape (N - D, 3, size, size), uint8 RGB.
        damaged_rows: Which files could not be decoded, shape (D,), int64, increasing.
        reasons: Why each of the D damaged images cannot be decoded, shape (D,), str.
        sizes: Width and height of each image in its file, in pixels, shape (N - D, 2), int64.

    Raises:
        DataError: If the arrays do not fit together.
    """

    images: NDArray[np.uint8]
    damaged_rows: NDArray[np.int64]
    reasons: NDArray[np.str_]
    sizes: NDArray[np.int64]

    def __post_init__(self) -> None:
        axes = (("images", "u1", 4), ("damaged_rows", "i8", 1), ("reasons", "U", 1), ("sizes", "i8", 2))
        for name, dtype, n_axes in axes:
            values = getattr(self, name)
            if values.ndim != n_axes or not np.issubdtype(values.dtype, dtype):
                raise DataError(f"{name} must be {dtype} of {n_axes} axes but are {values.dtype}, shape {values.shape}")
        rows = self.damaged_rows
        if (np.diff(rows, prepend=-1, append=self.n_files) <= 0).any() or self.reasons.shape != rows.shape:
            raise DataError(f"damaged rows must increase within 0..{self.n_files - 1}, each with a reason")
        if self.sizes.shape != (len(self.images), 2):
            raise DataError(f"sizes must have shape ({len(self.images)}, 2) but have {self.sizes.shape}")

    @property
    def n_files(self) -> int:
        """N: images and damaged files together."""
        return len(self.images) + len(self.damaged_rows)

    @property
    def readable_rows(self) -> NDArray[np.int64]:
        """Which files the images are from, shape (N - D,)."""
        return np.delete(np.arange(self.n_files), self.damaged_rows)

    def damaged(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Path and reason of each damaged file, given the paths of all N."""
        return [(paths[row], str(reason)) for row, reason in zip(self.damaged_rows, self.reasons, strict=True)]


def decode_images(folder: Path, paths: Sequence[str], *, size: int) -> DecodedImages:
    """Decode files on all cores: to RGB, then to ``size`` by ``size`` pixels, bilinear with antialiasing.

    Damaged are files that are empty, cut off or of no kind that is read, that are animated or have several pages, whose
    pixels are floats or integers of 32 bits, since nobody states what is white, or that are so large that Pillow takes
    them for a decompression bomb. As in torchvision, orientations in EXIF are not applied, and what is transparent is
    shown. Grey images of more than 8 bits keep the upper 8, as coloured ones do.

    Args:
        folder: The data folder that the paths start from.
        paths: Paths of the images, relative to the folder.
        size: Height and width in pixels.

    Raises:
        DataError: If a file cannot be read at all, or memory is short.
    """
    images = empty_images(len(paths), size)
    sizes = np.zeros((len(paths), 2), dtype=np.int64)

    def decode(row: int) -> str | None:
        data = _read(folder / paths[row])
        if not data:
            return "empty file"
        try:
            images[row], sizes[row] = _decode(data, size)
        except MemoryError:
            raise DataError(f"{folder / paths[row]}: no memory is left to decode it; free some") from None
        # Pillow lets through whatever its parsers trip over.
        except Exception as error:
            return _reason(error)
        return None

    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        damage = list(pool.map(decode, range(len(paths))))
    is_damaged = np.array([reason is not None for reason in damage], dtype=np.bool_)
    return DecodedImages(
        images=images[~is_damaged] if is_damaged.any() else images,
        damaged_rows=np.flatnonzero(is_damaged),
        reasons=np.array([reason for reason in damage if reason is not None], dtype=np.str_),
        sizes=sizes[~is_damaged],
    )


def empty_images(n_images: int, size: int) -> NDArray[np.uint8]:
    """Make room for RGB images, shape (n_images, 3, size, size).

    Raises:
        DataError: If memory is short.
    """
    try:
        return np.empty((n_images, 3, size, size), dtype=np.uint8)
    except MemoryError:
        raise DataError(
            f"{n_images} images of {size}x{size} pixels need {n_images * 3 * size**2 / 1e9:.1f} GB of memory, which is "
            f"more than there is; choose a smaller data.image_size"
        ) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable or delete it") from None


def _decode(data: bytes, size: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The pixels, shape (3, size, size), and width and height in the file."""
    picture = _picture(data)
    resized = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.uint8).transpose(2, 0, 1), picture.size


def read_picture(path: Path) -> Image.Image:
    """Decode one file that :func:`decode_images` can decode, to RGB in its own size.

    Raises:
        DataError: If the file cannot be read or decoded.
    """
    try:
        return _picture(_read(path))
    except DataError:
        raise
    # Pillow lets through whatever its parsers trip over.
    except Exception as error:
        raise DataError(f"{path}: {_reason(error)}; leave it out") from None


def _picture(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        _require_one_picture(image)
        return _in_8_bits(image).convert("RGB")


def _require_one_picture(image: Image.Image) -> None:
    n_frames = getattr(image, "n_frames", 1)
    # MPO is a photo to which the camera has added previews.
    if n_frames == 1 or image.format == "MPO":
        return
    if image.format != "TIFF":
        raise ValueError("animated")
    n_pages = 0
    for page in range(n_frames):
        image.seek(page)
        n_pages += not _tag(image, _SUBFILE_TYPE, 0) & _SMALLER_OR_MASK
    image.seek(0)
    if n_pages > 1:
        raise ValueError(f"{n_pages} pages")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Pillow itself would make everything white that is brighter than 255 of 65,535."""
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
        raise ValueError("pixels of floating point, or of 32 bits or a sign, so that nobody knows what is white")
    if not image.mode.startswith("I"):
        return image
    is_tiff = image.format == "TIFF"
    values: NDArray[Any] = np.asarray(image)
    grey = (values >> ((_tag(image, _BITS, 16) if is_tiff else 16) - 8)).astype(np.uint8)
    return Image.fromarray(~grey if is_tiff and _tag(image, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO else grey)


def _tag(image: Any, tag: int, default: int) -> int:
    """A TIFF's number, or the first of several."""
    value = image.tag_v2.get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"not a {_KINDS} image, or its end is missing"
    return (str(error).splitlines() or [type(error).__name__])[0]
