"""What a learned gate looks at: the scores of an image's boxes, and how they changed from the exit before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.rules.detection.agreement import agreement
from policies.tables.boxes import LABEL, NO_BOX, SCORE


_BEST = (1, 3, 10)
_LEVELS = (0.1, 0.3, 0.5, 0.7)
_AGREEING = (0.3, 0.5)
_OBJECT = 0.3
_CLIP = 1e-4
_N_BEST, _N_LEVELS = len(_BEST), len(_LEVELS)
_N_COUNTED = _N_BEST + _N_LEVELS + 1
_LABEL, _SCORE, _NO_BOX = LABEL, SCORE, NO_BOX


@dataclass(frozen=True)
class SeenBoxes:
    """The boxes of n images at one exit, and what they tell by themselves.

    Attributes:
        boxes: Tempered boxes, the surest first, shape (n, D, 6).
        signals: Log-odds of the mean of the 1, 3 and 10 best scores; the logarithms of one more than the number of
            boxes above .1, .3, .5 and .7, and than the number of boxes that are expected to be taken wrongly if each is
            taken as what its score makes more likely; mean and least side of boxes above .3; shape (n, 10), finite.
    """

    boxes: NDArray[np.float32]
    signals: NDArray[np.float64]

    @classmethod
    def of(cls, boxes: NDArray[np.float32]) -> SeenBoxes:
        """Look at boxes."""
        seen = _looked_at(boxes)
        means, numbers = seen[:, :_N_BEST], seen[:, _N_BEST:_N_COUNTED]
        means[:] = np.minimum(np.maximum(means, _CLIP), 1 - _CLIP)
        means[:] = np.log(means / (1 - means))
        numbers[:] = np.log1p(numbers)
        return cls(boxes, seen)

    def after(self, before: SeenBoxes | None) -> NDArray[np.float64]:
        """The signals where the exit before has seen something too.

        They are those of the exit by itself, by how much these have changed, and the agreement of boxes above .3 and .5
        with those of the exit before.

        Args:
            before: What was seen there; None at the first exit, where there are the exit's own signals alone.

        Returns:
            Shape (n, F), finite: F is 10 at the first exit, and 22 at a later one.
        """
        if before is None:
            return self.signals
        agreeing = [agreement(self.boxes, before.boxes, level)[:, None] for level in _AGREEING]
        return np.concatenate([self.signals, self.signals - before.signals, *agreeing], axis=1)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _looked_at(boxes: NDArray[Any]) -> NDArray[np.float64]:
    """Means of best scores, numbers above levels, expected mistakes, mean and least side; shape (n, F)."""
    result = np.zeros((len(boxes), _N_COUNTED + 2))
    for i in range(len(boxes)):
        n_boxes, n_likely, total, sides, least = 0, 0, 0.0, 0.0, 0.0
        for d in range(boxes.shape[1]):
            box = boxes[i, d]
            if box[_LABEL] == _NO_BOX:
                continue
            score = np.float64(box[_SCORE])
            n_boxes += 1
            total += score
            for j in range(_N_BEST):
                if n_boxes <= _BEST[j]:
                    result[i, j] = total / n_boxes
            for j in range(_N_LEVELS):
                result[i, _N_BEST + j] += score > _LEVELS[j]
            result[i, _N_COUNTED - 1] += min(score, 1 - score)
            if score > _OBJECT:
                side = np.sqrt(np.float64(max(box[2] - box[0], 0.0)) * np.float64(max(box[3] - box[1], 0.0)))
                least = side if n_likely == 0 else min(least, side)
                sides += side
                n_likely += 1
        result[i, _N_COUNTED] = sides / max(n_likely, 1)
        result[i, _N_COUNTED + 1] = least
    return result
