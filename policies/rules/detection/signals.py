"""What a learned gate looks at: the scores of an image's boxes, and how they changed from the exit before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from policies.rules.detection.agreement import agreement
from policies.rules.detection.box_scores import mean_of_best, scores_of
from policies.tables.boxes import CORNERS


_BEST = (1, 3, 10)
_LEVELS = (0.1, 0.3, 0.5, 0.7)
_AGREEING = (0.3, 0.5)
_OBJECT = 0.3
_CLIP = 1e-4


def box_signals(boxes: NDArray[np.float32], before: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """Signals of each image at one exit.

    They are: log-odds of the mean of the 1, 3 and 10 best scores; the logarithm of the number of boxes above .1, .3, .5
    and .7; of all scores together the expected number of wrong boxes if each were taken as what is more likely; mean
    and least side of likely objects; and from the second exit on the agreement with the exit before at .3 and .5, and
    by how much the log-odds and numbers have changed.

    Args:
        boxes: Tempered boxes of n images, the surest first, shape (n, D, 6).
        before: The same of the exit before; None at the first exit.

    Returns:
        Shape (n, F), finite; F is what :func:`n_box_signals` gives.
    """
    own = _of_scores(boxes)
    columns = [own, _of_shapes(boxes)]
    if before is not None:
        columns += [agreement(boxes, before, level)[:, None] for level in _AGREEING]
        columns.append(own - _of_scores(before))
    return np.concatenate(columns, axis=1)


def n_box_signals(*, is_first: bool) -> int:
    """Number of signals, ``F``, at the first exit or at a later one."""
    of_scores = len(_BEST) + len(_LEVELS) + 1
    return of_scores + 2 + (0 if is_first else len(_AGREEING) + of_scores)


def _of_scores(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    scores = scores_of(boxes)
    best = [logit(np.clip(mean_of_best(boxes, k), _CLIP, 1 - _CLIP)) for k in _BEST]
    numbers = [np.log1p((scores > level).sum(axis=1)) for level in _LEVELS]
    return np.stack([*best, *numbers, np.log1p(np.minimum(scores, 1 - scores).sum(axis=1))], axis=1)


def _of_shapes(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean and least of the geometric mean of the sides of likely objects, shares of the image's; 0 without any."""
    left, top, right, bottom = np.moveaxis(boxes[..., CORNERS].astype(np.float64), -1, 0)
    sides = np.sqrt(np.maximum(right - left, 0.0) * np.maximum(bottom - top, 0.0))
    is_likely = scores_of(boxes) > _OBJECT
    number = is_likely.sum(axis=1)
    mean = np.where(is_likely, sides, 0.0).sum(axis=1) / np.maximum(number, 1)
    least = np.where(is_likely, sides, np.inf).min(axis=1, initial=np.inf)
    return np.stack([mean, np.where(number > 0, least, 0.0)], axis=1)
