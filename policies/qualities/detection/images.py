"""How good the boxes of each image are by themselves: means over images, which can be certified."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import MeanQuality
from policies.tables.detection import TrueBoxes


class ImageF1(MeanQuality[TrueBoxes]):
    """Mean over images of the F1 of an image's boxes at the operating score, with an overlap of at least one half.

    An image with neither boxes nor objects counts 1. Crowds, and boxes matched to them, count nowhere. The operating
    score is what the table states, or :data:`~policies.tables.detection.OPERATING_SCORE`.
    """

    name: ClassVar[str] = "image_f1"
    task: ClassVar[str | None] = "detection"

    def of_answers(self, answers: NDArray[Any], truth: TrueBoxes) -> NDArray[np.float64]:
        """F1 of each image; arguments and result as for the base class."""
        # Here and below, since the import takes seconds, and requests name qualities before anything is judged.
        from policies.matching.images import ImageCounts

        return ImageCounts.of(answers, truth).f1


class FoundObjects(MeanQuality[TrueBoxes]):
    """Mean over images of the share of its objects that are found at the operating score: 1 - missed-object rate.

    An image without objects counts 1. Crowds are no objects; otherwise as :class:`ImageF1`.
    """

    name: ClassVar[str] = "found_objects"
    task: ClassVar[str | None] = "detection"

    def of_answers(self, answers: NDArray[Any], truth: TrueBoxes) -> NDArray[np.float64]:
        """Share of each image's objects that are found; arguments and result as for the base class."""
        from policies.matching.images import ImageCounts

        return ImageCounts.of(answers, truth).recall
