"""The exit table of a network that answers with sets of labels: a logit of every label at every exit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.pooling.answering import Answering
from policies.tables.base import ExitTable, Outputs, Rows, Truth
from policies.tables.label_sets.checks import label_table_problems
from policies.tables.label_sets.input import read_label_input
from policies.tables.sample_arrays.facts import NO_FACTS, Facts
from policies.tables.unlabelled.reading import UNKNOWN_MARK, no_labels, require_unknown, without_labels


LABEL_THRESHOLD = 0.5
"""From which probability on a label is answered where nobody says otherwise."""
_LEAST, _MOST = 1e-30, float(np.nextafter(1, 0))
"""Pooled probabilities are kept inside of these, since the logits of 0 and 1 are infinite."""
_MAJORITY = 0.5


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
        facts: Facts about the samples, such as their site.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    facts: Facts = field(default=NO_FACTS, compare=False)

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
        return replace(self, labels=self.labels[rows], facts=self.facts.take(rows))

    def of_parents(self, of_sample: NDArray[np.int64], names: NDArray[np.str_], how: str) -> LabelSets:
        """The labels of parents; of equal halves of the samples a label is on. Arguments as for the base class."""
        on = np.stack([np.bincount(of_sample, weights=own) for own in self.labels.T], axis=1)
        shares = on / np.bincount(of_sample)[:, None]
        if how == "same":
            differ = np.flatnonzero(((shares > 0) & (shares < 1)).any(axis=1))
            if differ.size:
                raise ExitTableError(
                    f"samples of one parent must have the same labels but those of {str(names[differ[0]])!r} differ "
                    f"({differ.size} of {len(names)} such parents); say what is true of a parent with parent_labels "
                    f"any, or majority"
                )
        on_parents = (shares >= _MAJORITY if how == "majority" else shares > 0).astype(np.uint8)
        return LabelSets(on_parents, self.names, self.facts.of_parents(of_sample, len(names)))


@dataclass(frozen=True)
class UnknownLabelSets(LabelSets):
    """Sets of labels that nobody knows: ``labels`` are 255 throughout, and nothing is judged by them."""

    def right(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Refused.

        Raises:
            ExitTableError: Always.
        """
        raise no_labels()

    def of_parents(self, of_sample: NDArray[np.int64], names: NDArray[np.str_], how: str) -> UnknownLabelSets:
        """The same of parents."""
        unknown = np.full((len(names), self.n_labels), UNKNOWN_MARK, dtype=np.uint8)
        return UnknownLabelSets(unknown, self.names, self.facts.of_parents(of_sample, len(names)))


@dataclass(frozen=True)
class MultiLabelTable(ExitTable):
    """Outputs of a network with ``E`` exits for ``N`` samples, each of which has any of ``L`` labels.

    Every instance is valid: the constructor checks the whole contract. ``meta`` may name the labels as ``label_names``,
    and as ``exclusive`` sets of labels, each a list of names, of which a sample has at most one; samples that have more
    are told of where a table is read.

    Attributes:
        logits: Raw outputs before any temperature and sigmoid, shape (N, E, L), float16 or float32.
        labels: Whether each label is on, shape (N, L), uint8, 0 or 1; 255 throughout in a table without labels.
        thresholds: From which probability on each label of each sample is answered, shape (N, L), in place of
            ``answering.label_thresholds``: cross-fitted ones, by which a table is judged that they were fitted on. No
            file holds them.

    Raises:
        ExitTableError: If any array breaks the contract; the message names every such key and its first row.

    Example:
        >>> table = MultiLabelTable(
        ...     logits=np.float32([[[1, -2], [3, -4]], [[1, 2], [2, 4]]]),  # (samples, exits, labels)
        ...     labels=np.uint8([[1, 0], [0, 1]]),
        ...     cost=np.array([0.4, 1.0]),
        ...     ids=np.array(["first", "second"]),
        ...     meta={"label_names": ["dog", "rain"]},
        ... )
        >>> table.truth.right(table.exit_answers).tolist()
        [[True, True], [False, False]]
    """

    task: ClassVar[str] = "multi-label"

    logits: NDArray[np.floating[Any]]
    labels: NDArray[np.uint8]
    thresholds: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        problems = label_table_problems(
            logits=self.logits,
            labels=self.labels if self.is_labelled else None,
            cost=self.cost,
            ids=self.ids,
            **self.origins(),
            thresholds=self.thresholds,
            meta=self.meta,
        )
        problems = problems or self.column_problems()
        if problems:
            raise ExitTableError("; ".join(problems))
        if not self.is_labelled:
            require_unknown(bool((self.labels == UNKNOWN_MARK).all()))

    @property
    def n_classes(self) -> int:
        """Number of labels, ``L``."""
        return int(self.logits.shape[2])

    @property
    def label_names(self) -> tuple[str, ...]:
        """What labels are called: as ``meta`` names them, else by their numbers from 0."""
        return tuple(self.meta.get("label_names") or map(str, range(self.n_classes)))

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the labels in their order, as ``meta`` has them; None where it does not."""
        names = self.meta.get("label_names")
        return None if names is None else tuple(names)

    @property
    def label_thresholds(self) -> NDArray[np.float64]:
        """From which probability on each label of each sample is answered, shape (N, L)."""
        if self.thresholds is not None:
            return self.thresholds
        given = self.answering.label_thresholds
        of_labels = np.full(self.n_classes, LABEL_THRESHOLD) if given is None else np.array(given)
        return np.broadcast_to(of_labels, (self.n_samples, self.n_classes))

    @property
    def outputs(self) -> MultiLabelOutputs:
        """The logits, with the thresholds that single samples are answered by: half where answers are pooled."""
        if self.answering.pooling is None:
            return MultiLabelOutputs(self.logits, self.label_thresholds)
        return MultiLabelOutputs(self.logits, np.broadcast_to(LABEL_THRESHOLD, self.labels.shape))

    def answered(self, answering: Answering) -> MultiLabelTable:
        """The same outputs, answered in another way.

        Raises:
            ExitTableError: If there are thresholds for another number of labels, or the pooling is one of classes.
        """
        if answering.pooling == "evidence":
            raise ExitTableError(
                "pooling 'evidence' is for classes that exclude each other but answers are sets of labels; take "
                "another, such as mean"
            )
        given = answering.label_thresholds
        if given is not None and len(given) != self.n_classes:
            raise ExitTableError(
                f"label_thresholds must have {self.n_classes} numbers, one a label, but has {len(given)}"
            )
        # Cross-fitted thresholds stand for those that they were fitted beside, and for no others.
        kept = self.thresholds if given == self.answering.label_thresholds else None
        return replace(self, answering=answering, thresholds=kept)

    def probabilities(self, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sigmoids of the tempered logits, shape (N, E, L); arguments as for the base class."""
        # Here, since the import takes a while, and tables are named and checked without it.
        from scipy.special import expit

        return np.asarray(expit(self.logits / temperatures[:, None]))

    def of_parents(
        self, names: NDArray[np.str_], rows: NDArray[np.int64], pooled: NDArray[np.float64], truth: Any
    ) -> MultiLabelTable:
        """A table of parents, with the thresholds of their rows; arguments as for the base class."""
        inside = np.clip(pooled, _LEAST, _MOST)
        return replace(
            self.take(rows),
            logits=(np.log(inside) - np.log1p(-inside)).astype(np.float32),
            labels=truth.labels,
            ids=names,
            parents=None,
            order=None,
            thresholds=self.label_thresholds[rows],
            answering=Answering(),
        )

    @property
    def truth(self) -> LabelSets:
        """The labels of each sample."""
        return (LabelSets if self.is_labelled else UnknownLabelSets)(self.labels, self.label_names, Facts(self.columns))

    @property
    def exit_answers(self) -> NDArray[np.bool_]:
        """The labels that each exit alone answers, shape (N, E, L), without any temperature."""
        return self.answers_at(np.ones(self.n_exits))

    def answers_at(self, temperatures: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The labels that each exit alone answers, (N, E, L); temperatures count where thresholds are not half."""
        return np.asarray(self.probabilities(temperatures) >= self.label_thresholds[:, None])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key."""
        arrays: dict[str, NDArray[Any] | None] = {
            "logits": self.logits,
            "labels": self.labels if self.is_labelled else None,
            "cost": self.cost,
            "ids": self.ids,
            **self.origins(),
            **self.stored_columns(),
        }
        return {key: values for key, values in arrays.items() if values is not None}

    def take(self, rows: NDArray[np.integer[Any]]) -> MultiLabelTable:
        """The table of some of the samples, given by their row numbers."""
        return replace(self, **self.rows_of(rows, "logits", "labels", "thresholds"))

    @classmethod
    def read(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays that were read from somewhere; arguments and errors as for the base class.

        Only logits, of raw outputs, and labels are needed. Labels of any type that are 0 or 1 are cast; costs are
        divided by the last.
        """
        return cls(**read_label_input(given, faults).told(name))

    @classmethod
    def read_unlabelled(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table without labels, which must be absent or -1 throughout; as :meth:`read` otherwise."""
        others, problems = without_labels(given)
        arrays = read_label_input(others, faults, problems=problems).told(name)
        n_samples, _, n_labels = arrays["logits"].shape
        unknown = np.full((n_samples, n_labels), UNKNOWN_MARK, dtype=np.uint8)
        return cls(**arrays, labels=unknown, is_labelled=False)
