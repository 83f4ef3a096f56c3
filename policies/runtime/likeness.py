"""Whether two runs gave the same answers: classes by being equal, others by a comparison of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Likeness:
    """Answers of one run beside those of another.

    Attributes:
        is_same: Whether both are the same, shape (n,).
        is_explained: Whether what differs comes from rounding, shape (n,); of no meaning where both are the same.
    """

    is_same: NDArray[np.bool_]
    is_explained: NDArray[np.bool_]


Comparison: TypeAlias = Callable[[NDArray[Any], NDArray[Any], NDArray[np.int64]], Likeness]
"""From answers that were found and that were expected, shape (n, ...) each, and the exits of these, shape (n,)."""


def equal_answers(found: NDArray[Any], expected: NDArray[Any], exits: NDArray[np.int64]) -> Likeness:
    """Answers that are the same where they are equal, such as classes; arguments as of :data:`Comparison`."""
    is_same = (found == expected).reshape(len(exits), -1).all(axis=1)
    return Likeness(np.asarray(is_same), np.zeros(len(exits), dtype=np.bool_))
