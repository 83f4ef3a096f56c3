"""Sets of labels as people and other programs take them: by the names of the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


_DIGITS = 6


def named_labels(
    answered: NDArray[np.bool_], probabilities: NDArray[np.float64], names: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, float]]:
    """The labels of one sample.

    Args:
        answered: Whether each label is answered, shape (L,).
        probabilities: Probability of each label, shape (L,).
        names: Of the labels in their order.

    Returns:
        Names of the answered labels, the likeliest first, and the probability of each label by its name.
    """
    by_likelihood = np.argsort(-probabilities, kind="stable")
    labels = tuple(names[label] for label in by_likelihood if answered[label])
    return labels, {name: round(float(p), _DIGITS) for name, p in zip(names, probabilities, strict=True)}
