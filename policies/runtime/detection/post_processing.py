"""What is kept of the boxes that a detector gives at an exit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from policies.errors import StagesError


if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class PostProcessing:
    """Of a box for each anchor and class those that are probable, do not repeat a surer one, and are among the surest.

    Attributes:
        score_threshold: Boxes of at most this probability are dropped, in [0, 1).
        nms_threshold: A box that overlaps a surer one of its class by more than this is dropped; an IoU, in [0, 1].
        n_boxes: At most so many boxes of an image are kept, ``D``.

    Raises:
        StagesError: If a number is out of its range.
    """

    score_threshold: float = 0.02
    nms_threshold: float = 0.45
    n_boxes: int = 100

    def __post_init__(self) -> None:
        if not (0 <= self.score_threshold < 1 and 0 <= self.nms_threshold <= 1 and self.n_boxes >= 1):
            raise StagesError(
                f"boxes are kept by a score in [0, 1), an IoU in [0, 1] and a number from 1 but these are "
                f"{self.score_threshold}, {self.nms_threshold} and {self.n_boxes}; correct them"
            )

    def found(self, boxes: Tensor, probabilities: Tensor) -> Tensor:
        """The boxes that are kept, the surest first, shape (n, D, 6); rows as in :mod:`policies.tables.boxes`.

        Args:
            boxes: Corners as shares of the image, one box for each anchor, shape (n, A, 4).
            probabilities: Of each class, without the background, shape (n, A, C).
        """
        # Here and below, since the import takes seconds, and bundles are told about without it.
        from policies.runtime.detection.suppression import kept_boxes

        return kept_boxes(boxes, probabilities, self)

    def found_in(self, boxes: NDArray[Any], probabilities: NDArray[Any]) -> NDArray[Any]:
        """The same of arrays, as executors other than torch give them."""
        import torch

        kept: NDArray[Any] = self.found(torch.from_numpy(boxes), torch.from_numpy(probabilities)).numpy()
        return kept

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form.

        Raises:
            StagesError: If a number is missing or out of its range.
        """
        try:
            return cls(
                score_threshold=float(data["score_threshold"]),
                nms_threshold=float(data["nms_threshold"]),
                n_boxes=int(data["n_boxes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StagesError(
                f"a detector must state how its boxes are kept but does not ({error!r}); export it again"
            ) from None
