"""Which classes are confused: all of them where a person can read that, else those that are confused most."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
import numpy as np
from numpy.typing import NDArray

from policies.files.atomic import whole_file
from search.run_folder.class_files import ClassAnswers


MOST_CLASSES = 30
"""Of more classes no matrix is drawn."""
MOST_PAIRS = 25
_MOST_LETTERS = 24
_INCHES_PER_CLASS, _INCHES_PER_PAIR = 0.32, 0.26
_BAR = "#1f5fa8"


def draw_confusion(answered: ClassAnswers, path: Path) -> None:
    """Write :func:`confusion_figure` as a PNG file."""
    with whole_file(path) as partial:
        confusion_figure(answered).savefig(partial)


def confusion_figure(answered: ClassAnswers) -> Figure:
    """The matrix, as shares of each true class; of more than ``MOST_CLASSES`` classes the most frequent mistakes.

    Args:
        answered: Answers of one policy on one split.
    """
    matrix, names = answered.confusion.astype(np.int64), [_shortened(name) for name in answered.class_names]
    draw = _draw_matrix if len(names) <= MOST_CLASSES else _draw_pairs
    return draw(matrix, names, f"{answered.name.replace('_', ' ')} policy on {answered.split}")


def _draw_matrix(matrix: NDArray[np.int64], names: list[str], title: str) -> Figure:
    canvas, axes = _canvas(4.0 + _INCHES_PER_CLASS * len(names), 3.0 + _INCHES_PER_CLASS * len(names))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90)
    axes.set_yticks(places, names)
    axes.set(title=f"ClassAnswers of the {title}", xlabel="answer", ylabel="true class")
    for row, column in np.argwhere(matrix > 0):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=6, color=colour)
    canvas.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    return canvas


def _draw_pairs(matrix: NDArray[np.int64], names: list[str], title: str) -> Figure:
    wrong = matrix - np.diag(np.diag(matrix))
    n_kinds = int((wrong > 0).sum())
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(MOST_PAIRS, n_kinds)]
    rows, columns = np.unravel_index(order, wrong.shape)
    canvas, axes = _canvas(9.0, 1.8 + _INCHES_PER_PAIR * max(len(order), 1))
    counts = wrong[rows, columns]
    bars = axes.barh(np.arange(len(order)), counts, color=_BAR)
    axes.bar_label(bars, [f" of {of_class}" for of_class in matrix.sum(axis=1)[rows]], fontsize=7)
    labels = [f"{names[row]} answered with {names[column]}" for row, column in zip(rows, columns, strict=True)]
    axes.set_yticks(np.arange(len(order)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel(f"samples; {counts.sum():,} of {wrong.sum():,} wrong answers")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    canvas.suptitle(
        f"Most frequent mistakes of the {title}\n"
        f"{len(order)} of {n_kinds:,} kinds; a matrix of {len(names):,} classes cannot be read, confusion.npz holds it",
        fontsize="medium",
    )
    return canvas


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    canvas = Figure(figsize=(width, height), dpi=150, layout="constrained")
    return canvas, canvas.add_subplot()


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 3]}..."
