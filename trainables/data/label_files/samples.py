"""Samples with any number of labels each, before they are split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from trainables.data.base import Samples
from trainables.data.label_files.given_labels import as_label_sets


@dataclass(frozen=True)
class LabelledSamples(Samples):
    """All samples of a source with their sets of labels, in memory, before they are split.

    ``labels`` tell whether each label is on: uint8, 0 or 1, shape (N, L); truth values, or a list of names for each
    sample, become that. A sample may have none. ``class_names`` are the names of the labels; there may be one alone.
    The other attributes, and what is raised, are those of :class:`~trainables.data.base.Samples`.
    """

    needs_every_class: ClassVar[bool] = False
    """A label that a split is without is told: its F1 there says nothing."""
    fewest_classes: ClassVar[int] = 1

    @property
    def memberships(self) -> NDArray[np.bool_]:
        """Which labels of each sample are on, shape (N, L)."""
        return self.labels.astype(np.bool_)

    def renumbered(self, places: NDArray[np.int64], class_names: Sequence[str]) -> Self:
        """The same samples with other numbers of their labels; see the method that this overrides."""
        labels = np.zeros((len(self.labels), len(class_names)), dtype=np.uint8)
        labels[:, places] = self.labels
        return replace(self, labels=labels, class_names=tuple(class_names))

    def _as_labels(self, given: Any, class_names: Sequence[str], n: int) -> NDArray[Any]:
        return as_label_sets(given, class_names, n)
