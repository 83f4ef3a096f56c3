"""Which of all boxes that a detector gives at an exit are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from policies.errors import StagesError


if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class PostProcessing:
    """How boxes are kept: those sure enough, the surest of each object, the surest of an image.

    Attributes:
        score_threshold: Boxes with a score up to it are dropped, in [0, 1).
        nms_threshold: Of two boxes of a class with a larger intersection over union the less sure one is dropped, in
            (0, 1].
        n_boxes: Most boxes of an image, ``D``.
        n_candidates: Most boxes of a class that are compared with each other, the surest.

    Raises:
        StagesError: If a number is out of range.
    """

    score_threshold: float = 0.02
    nms_threshold: float = 0.45
    n_boxes: int = 100
    n_candidates: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.score_threshold < 1:
            raise StagesError(f"score_threshold must lie in [0, 1) but is {self.score_threshold}")
        if not 0 < self.nms_threshold <= 1:
            raise StagesError(f"nms_threshold must lie in (0, 1] but is {self.nms_threshold}")
        for name in ("n_boxes", "n_candidates"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise StagesError(f"{name} must be a whole number from 1 but is {value!r:.60}")

    def kept(self, decoded: Tensor) -> Tensor:
        """The boxes of each image that are kept, the surest first; see :func:`.suppression.kept_boxes`.

        Args:
            decoded: Left, top, right and bottom of the box of every anchor as shares of the image, and the probability
                of each class, shape (N, A, 4 + C).

        Returns:
            Shape (N, D, 6), float32; rows as in :mod:`policies.tables.boxes`.
        """
        # Here, since the import takes seconds, and bundles are told about without it.
        from policies.runtime.detection.suppression import kept_boxes

        return kept_boxes(decoded, **self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Read the JSON form.

        Raises:
            StagesError: If a number is missing or out of range.
        """
        try:
            return cls(**_mapping(data))
        except TypeError as error:
            raise StagesError(
                f"a detector must state how its boxes are kept but does not ({error}); export it again"
            ) from None


def _mapping(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise TypeError(f"a {type(data).__name__} is no mapping")
    return data
