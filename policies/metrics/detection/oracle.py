"""What exits would do for a detector if they were chosen image by image by who knows the objects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.metrics.oracle import hull_steps, least_mean_depth
from policies.qualities import MeanQuality, get_quality
from policies.qualities.detection.images import ImageF1
from policies.tables.detection import DetectionTable
from policies.views.view import RuleView


_MOST_TRIED = 200


def oracle_figures(table: DetectionTable) -> dict[str, float]:
    """The best exit of each image by its F1, of equally good ones the first.

    It is the best choice for the mean F1, and no bound on a mean precision, for which boxes of all images count
    together.

    Args:
        table: Boxes of ``E`` exits in ``N`` images, with scores as policies answer them, which are tempered.

    Returns:
        ``mean_depth``, ``map_50`` and ``image_f1``.
    """
    figures, view = _image_f1(table), _own_answers(table)
    exits = figures.argmax(axis=1)
    return {
        "mean_depth": float(exits.mean()) + 1,
        "map_50": float(get_quality("map_50").values(view, table.truth, exits[None])[0]),
        "image_f1": float(figures.max(axis=1).mean()),
    }


def oracle_mean_depth(table: DetectionTable, quality: str, target: float) -> float | None:
    """How deep images must go on average for a target, if their exits are chosen by who knows the objects.

    Of a mean over images it is a lower bound for all policies that give the exits' own answers; see
    :func:`~policies.metrics.oracle.least_mean_depth`. Of a mean precision nobody knows such a bound: it is then what is
    reached where images go deeper in the order in which that gains most F1 per depth, and at the end to the last exit
    in the order in which that loses least. A policy may be better.

    Args:
        table: Boxes of ``E`` exits in ``N`` images, with scores as policies answer them, which are tempered.
        quality: Name of the quality, of which more is better.
        target: Least value of the quality.

    Returns:
        The mean depth, or None where the target is out of reach in this way.
    """
    judged_by, view = get_quality(quality), _own_answers(table)
    if isinstance(judged_by, MeanQuality):
        return least_mean_depth(judged_by.of_exits(view, table.truth), target)
    exits = _exits_by_gain(_image_f1(table))
    reached = np.flatnonzero(judged_by.values(view, table.truth, exits) >= target)
    return float(exits[reached].mean(axis=1).min()) + 1 if reached.size else None


def _exits_by_gain(figures: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choices of exits that go deeper step by step, at most 201 of them, from the first exits to the last, (P, N)."""
    samples, depths, _ = hull_steps(figures)
    left = figures.shape[1] - 1 - np.bincount(samples, weights=depths, minlength=len(figures)).astype(np.int64)
    by_loss = np.argsort(figures.max(axis=1) - figures[:, -1], kind="stable")
    samples, depths = np.concatenate([samples, by_loss]), np.concatenate([depths, left[by_loss]])
    counts = np.unique(np.linspace(0, len(samples), min(len(samples), _MOST_TRIED) + 1).astype(np.int64))
    exits = np.zeros((len(counts), len(figures)), dtype=np.int64)
    for row, count in enumerate(counts):
        np.add.at(exits[row], samples[:count], depths[:count])
    return exits


def _image_f1(table: DetectionTable) -> NDArray[np.float64]:
    return ImageF1().of_exits(_own_answers(table), table.truth)


def _own_answers(table: DetectionTable) -> RuleView:
    shape = (table.n_samples, table.n_exits)
    return RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), table.exit_answers)
