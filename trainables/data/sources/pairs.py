"""Pairs of handwritten digits, each seen several times: several labels a sample, several samples a pair."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import DataSource
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.sources.digits import digit_images


_SEED = 20
# Of three images, each beside each other, on either side.
_PAIRS = np.array([(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)])
_VIEWS = 5
_SIZE = 8
# How loud the noise of a view may be, as a standard deviation of pixels in 0..1.
_LEAST_NOISE, _MOST_NOISE = 0.05, 0.15
_MOST_SHIFT = 1
# So many of the columns, or of the rows, of a digit are hidden in a view.
_LEAST_HIDDEN, _MOST_HIDDEN = 1, 3


class PairsSource(DataSource):
    """Two of scikit-learn's digits side by side, 8x16 pixels, in five noisy views: needs no files.

    Images are dealt out into 599 groups of three, each of which makes six pairs, so that no image is in two groups. A
    view moves each digit by up to a pixel, hides a stripe of it, and adds noise, each drawn anew; what one view hides
    another may show. The labels are the digits that occur, one or two of ten, the same for all views of a pair.
    """

    name: ClassVar[str] = "pairs"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> LabelledSamples:
        """Return all views, float32 in 0..1; their parents are the pairs, and ``data_dir`` is not used.

        Raises:
            DataError: If another image size than 8 is asked for.
        """
        options.require_size(self.name, _SIZE)
        images, digits = digit_images()
        rng = np.random.default_rng(_SEED)
        triples = rng.permutation(len(images)).reshape(-1, 3)
        pairs = triples[:, _PAIRS].reshape(-1, 2)
        views = np.stack([_view(images[pairs], rng) for _ in range(_VIEWS)], axis=1)
        labels = np.zeros((len(pairs), 10), dtype=np.uint8)
        np.put_along_axis(labels, digits[pairs], 1, axis=1)
        parents = np.repeat([f"pair-{number:04d}" for number in range(len(pairs))], _VIEWS)
        order = np.tile(np.arange(_VIEWS), len(pairs))
        return LabelledSamples(
            inputs=views.reshape(-1, 1, _SIZE, 2 * _SIZE),
            labels=np.repeat(labels, _VIEWS, axis=0),
            ids=np.array([f"{parent}#{number:03d}" for parent, number in zip(parents, order, strict=True)]),
            class_names=tuple(map(str, range(10))),
            parents=parents,
            order=order,
            groups=np.repeat([f"triple-{number:03d}" for number in range(len(triples))], len(_PAIRS) * _VIEWS),
        )


def _view(pairs: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """One view of each pair, shape (P, 8, 16), of its two images, shape (P, 2, 8, 8)."""
    seen = _hidden(_moved(pairs.reshape(-1, _SIZE, _SIZE), rng), rng).reshape(pairs.shape)
    side_by_side = np.concatenate([seen[:, 0], seen[:, 1]], axis=2)
    noise = rng.normal(size=side_by_side.shape) * rng.uniform(_LEAST_NOISE, _MOST_NOISE, (len(pairs), 1, 1))
    return np.asarray((side_by_side + noise).clip(0, 1), dtype=np.float32)


def _moved(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Images, shape (n, 8, 8), each moved by up to a pixel; what comes in is empty."""
    padded = np.pad(images, [(0, 0), (_MOST_SHIFT, _MOST_SHIFT), (_MOST_SHIFT, _MOST_SHIFT)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_SIZE, _SIZE), axis=(1, 2))
    down, right = rng.integers(0, 2 * _MOST_SHIFT + 1, (2, len(images)))
    return np.asarray(windows[np.arange(len(images)), down, right])


def _hidden(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Images, shape (n, 8, 8), of each of which a stripe of columns, or of rows, is grey."""
    widths = rng.integers(_LEAST_HIDDEN, _MOST_HIDDEN + 1, len(images))
    starts = rng.integers(0, _SIZE - widths + 1)
    lines = np.arange(_SIZE)
    is_hidden = (lines >= starts[:, None]) & (lines < (starts + widths)[:, None])
    are_rows = rng.random(len(images)) < 0.5
    stripe = np.where(are_rows[:, None, None], is_hidden[:, :, None], is_hidden[:, None, :])
    return np.where(stripe, np.float32(0.5), images)
