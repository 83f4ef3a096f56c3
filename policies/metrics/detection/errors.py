"""What is wrong with boxes, by kind, at the score at which a detector is used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.matching.matches import UNMATCHED, is_crowd, match_boxes, matched_to
from policies.matching.overlap import overlaps
from policies.tables.boxes import LABEL, NO_BOX, SCORE, is_box
from policies.tables.detection import TrueBoxes


_OBJECT_OVERLAP = 0.5
_BACKGROUND_OVERLAP = 0.1


class BoxVerdict(IntEnum):
    """What a found box is."""

    UNUSED = -1
    """No box, below the operating score, matched to a crowd, or one too many."""
    HIT = 0
    """Matched to an object of its class."""
    LOCALISATION = 1
    """Near an object of its class, with an overlap of at least .1 but less than .5."""
    CLASS = 2
    """On an object of another class, with an overlap of at least .5."""
    DUPLICATE = 3
    """On an object of its class to which a surer box is matched."""
    BACKGROUND = 4
    """On nothing: no overlap reaches .1."""
    BOTH = 5
    """Near an object of another class, with an overlap of at least .1 but less than .5."""


ERROR_KINDS = ("missed", "background", "localisation", "class", "both", "duplicate")
"""Names of the errors that are counted."""


@dataclass(frozen=True)
class BoxErrors:
    """What is wrong with the boxes of N images.

    The kinds, and their order where a box is of several, are those of TIDE (Bolya et al., "TIDE: A General Toolbox for
    Identifying Object Detection Errors", ECCV 2020).

    Attributes:
        verdicts: A :class:`BoxVerdict` of each found box, shape (N, D).
        missed: Whether an object is found by no box, and is not what a box of a wrong class or at a wrong place is
            taken to mean, shape (N, M).
    """

    verdicts: NDArray[np.int8]
    missed: NDArray[np.bool_]

    @classmethod
    def of(cls, answers: NDArray[Any], truth: TrueBoxes) -> BoxErrors:
        """Judge the boxes of each image, shape (N, D, 6), that are used."""
        parts = [
            cls._of_block(answers[rows], truth.take(rows))
            for rows in row_blocks(len(answers), answers.shape[1] * max(truth.boxes.shape[1], 1))
        ]
        return cls(
            np.concatenate([part.verdicts for part in parts]),
            np.concatenate([part.missed for part in parts]),
        )

    @classmethod
    def _of_block(cls, answers: NDArray[Any], truth: TrueBoxes) -> BoxErrors:
        is_object = is_box(truth.boxes) & ~is_crowd(truth.boxes)
        matched = match_boxes(answers[:, None], truth.boxes, np.array([_OBJECT_OVERLAP]))[:, 0, :, 0]
        is_used = is_box(answers) & (answers[..., SCORE] >= np.float32(truth.operating_score))
        is_hit = is_used & matched_to(is_object, matched)
        is_wrong = is_used & (matched == UNMATCHED)
        of_class, of_others = _overlaps(answers, truth.boxes, is_object)
        near, beside = of_class.max(axis=2, initial=0), of_others.max(axis=2, initial=0)
        verdicts = np.select(
            [
                is_hit,
                ~is_wrong,
                (near >= _BACKGROUND_OVERLAP) & (near < _OBJECT_OVERLAP),
                beside >= _OBJECT_OVERLAP,
                near >= _OBJECT_OVERLAP,
                beside < _BACKGROUND_OVERLAP,
            ],
            [
                BoxVerdict.HIT,
                BoxVerdict.UNUSED,
                BoxVerdict.LOCALISATION,
                BoxVerdict.CLASS,
                BoxVerdict.DUPLICATE,
                BoxVerdict.BACKGROUND,
            ],
            BoxVerdict.BOTH,
        )
        explained = _marked(matched, is_hit, is_object.shape)
        for verdict, shared in ((BoxVerdict.LOCALISATION, of_class), (BoxVerdict.CLASS, of_others)):
            if shared.size:
                explained |= _marked(shared.argmax(axis=2), verdicts == verdict, is_object.shape)
        return cls(verdicts.astype(np.int8), is_object & ~explained)

    def counts(self) -> dict[str, int]:
        """How often each of :data:`ERROR_KINDS` occurs in all images together."""
        boxes = {
            kind: int((self.verdicts == BoxVerdict[kind.upper()]).sum()) for kind in ERROR_KINDS if kind != "missed"
        }
        return {kind: boxes.get(kind, int(self.missed.sum())) for kind in ERROR_KINDS}


def _overlaps(
    answers: NDArray[Any], true: NDArray[Any], is_object: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Overlaps of boxes with objects of their class and with those of others, shape (n, D, M) each."""
    shared = overlaps(answers, true) * is_object[:, None]
    is_class = answers[:, :, None, LABEL] == np.where(is_object, true[..., LABEL], NO_BOX)[:, None]
    return shared * is_class, shared * ~is_class


def _marked(at: NDArray[Any], rows: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Marks of the true boxes, shape (n, M), that those of the found ones which are marked point at."""
    marks, which = np.zeros(shape, dtype=bool), np.nonzero(rows)
    marks[which[0], at[which]] = True
    return marks
