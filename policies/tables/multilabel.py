"""The exit table of a network that answers with sets of labels: a logit of every label at every exit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.tables.base import ExitTable, Outputs, Rows, Truth


LABEL_THRESHOLD = 0.5
"""From which probability on a label is answered where nobody says otherwise."""


@dataclass(frozen=True)
class LabelOutputs:
    """What was said about ``n`` samples at one exit.

    Attributes:
        logits: Raw outputs before any temperature and sigmoid, shape (n, L), float16 or float32.
        thresholds: From which probability on each label is answered, shape (n, L), in (0, 1).
    """

    logits: NDArray[np.floating[Any]]
    thresholds: NDArray[np.float64]


@dataclass(frozen=True)
class MultiLabelOutputs(Outputs):
    """What was said about ``n`` samples at every exit.

    Attributes:
        logits: Raw outputs of each sample, exit and label, shape (n, E, L), float16 or float32.
        thresholds: From which probability on each label of each sample is answered, shape (n, L), in (0, 1).
    """

    logits: NDArray[np.floating[Any]]
    thresholds: NDArray[np.float64]

    @property
    def n_samples(self) -> int:
        """Number of samples, ``n``."""
        return int(self.logits.shape[0])

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return int(self.logits.shape[1])

    @property
    def row_size(self) -> int:
        """Number of labels, ``L``."""
        return int(self.logits.shape[2])

    def at(self, exit_index: int) -> LabelOutputs:
        """What was said at one exit; nothing is copied."""
        return LabelOutputs(self.logits[:, exit_index], self.thresholds)

    def take(self, rows: Rows) -> MultiLabelOutputs:
        """The outputs of some of the samples."""
        return MultiLabelOutputs(self.logits[rows], self.thresholds[rows])


@dataclass(frozen=True)
class LabelSets(Truth):
    """The labels of each of ``N`` samples.

    Attributes:
        labels: Whether each label is on, shape (N, L), uint8, 0 or 1.
        names: Names of the labels, in their order.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]

    @property
    def n_samples(self) -> int:
        """Number of samples, ``N``."""
        return len(self.labels)

    @property
    def n_labels(self) -> int:
        """Number of labels, ``L``."""
        return int(self.labels.shape[1])

    def right(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether answered sets, shape (N, L) or (N, E, L), are the true ones in every label: exact match."""
        own = self.labels if answers.ndim == 2 else self.labels[:, None]
        return np.asarray((answers == own).all(axis=-1))

    def take(self, rows: Rows) -> LabelSets:
        """The labels of some of the samples."""
        return replace(self, labels=self.labels[rows])


@dataclass(frozen=True)
class MultiLabelTable(ExitTable):
    """Outputs of a network with ``E`` exits for ``N`` samples, each of which has any of ``L`` labels.

    ``meta`` may name the labels as ``label_names``.

    Attributes:
        logits: Raw outputs before any temperature and sigmoid, shape (N, E, L), float16 or float32.
        labels: Whether each label is on, shape (N, L), uint8, 0 or 1.
        thresholds: From which probability on each label is answered, shape (L,) for all samples, or (N, L); half where
            None. A policy brings its own, and no file holds them.
    """

    task: ClassVar[str] = "multi-label"

    logits: NDArray[np.floating[Any]]
    labels: NDArray[np.uint8]
    thresholds: NDArray[np.float64] | None = None

    @property
    def n_classes(self) -> int:
        """Number of labels, ``L``."""
        return int(self.logits.shape[2])

    @property
    def label_names(self) -> tuple[str, ...]:
        """What labels are called: as ``meta`` names them, else by their numbers from 0."""
        return tuple(self.meta.get("label_names") or map(str, range(self.n_classes)))

    @property
    def outputs(self) -> MultiLabelOutputs:
        """The logits, with the thresholds."""
        half = np.full(self.n_classes, LABEL_THRESHOLD) if self.thresholds is None else self.thresholds
        return MultiLabelOutputs(self.logits, np.broadcast_to(half, (self.n_samples, self.n_classes)))

    @property
    def truth(self) -> LabelSets:
        """The labels of each sample."""
        return LabelSets(self.labels, self.label_names)

    @property
    def exit_answers(self) -> NDArray[np.bool_]:
        """The labels that each exit alone answers, shape (N, E, L), without any temperature."""
        own = self.outputs
        cut = np.log(own.thresholds) - np.log1p(-own.thresholds)
        return np.asarray(self.logits >= cut[:, None])

    def answered_from(self, thresholds: NDArray[np.float64] | None) -> MultiLabelTable:
        """The table with other thresholds, shape (L,) or (N, L)."""
        return replace(self, thresholds=thresholds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key."""
        arrays: dict[str, NDArray[Any] | None] = {
            "logits": self.logits,
            "labels": self.labels,
            "cost": self.cost,
            "ids": self.ids,
            **self.origins(),
        }
        return {key: values for key, values in arrays.items() if values is not None}

    def take(self, rows: NDArray[np.integer[Any]]) -> MultiLabelTable:
        """The table of some of the samples, given by their row numbers."""
        own = self.thresholds
        origins: dict[str, Any] = {key: None if one is None else one[rows] for key, one in self.origins().items()}
        return replace(
            self,
            logits=self.logits[rows],
            labels=self.labels[rows],
            ids=self.ids[rows],
            thresholds=own if own is None or own.ndim == 1 else own[rows],
            **origins,
        )

    @classmethod
    def read(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays that were read from somewhere; arguments and errors as for the base class."""
        arrays: dict[str, Any] = {key: given.get(key) for key in ("logits", "labels", "cost", "ids", "groups")}
        return cls(**arrays, parents=given.get("parents"), order=given.get("order"), meta=given.get("meta", {}))
