"""The exit table of a classifier: logits at every exit, and one class for each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.pooling.answering import Answering
from policies.tables.base import ExitTable, Outputs, Rows, Truth
from policies.tables.checks import table_problems
from policies.tables.input import read_input
from policies.tables.sample_arrays.facts import NO_FACTS, Facts
from policies.tables.unlabelled.reading import UNKNOWN_LABEL, no_labels, require_unknown, without_labels


_TINY = 1e-12


@dataclass(frozen=True)
class ExitOutputs:
    """What a classifier said about ``n`` samples at one exit.

    Attributes:
        logits: Raw outputs before any temperature, shape (n, C), float16 or float32.
        stop_prob: Learned stop probability, shape (n,), float32, or None.
    """

    logits: NDArray[np.floating[Any]]
    stop_prob: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ClassificationOutputs(Outputs):
    """What a classifier said about ``n`` samples at every exit.

    Attributes:
        logits: Logits of each sample, exit and class, shape (n, E, C), float16 or float32.
        stop_prob: Learned stop probabilities, shape (n, E), float32, or None.
    """

    logits: NDArray[np.floating[Any]]
    stop_prob: NDArray[np.float32] | None = None

    @classmethod
    def of_exits(cls, exits: Sequence[ExitOutputs]) -> ClassificationOutputs:
        """What was said about the same samples at all exits, the first exit first."""
        stop_prob = [one.stop_prob for one in exits if one.stop_prob is not None]
        return cls(np.stack([one.logits for one in exits], axis=1), np.stack(stop_prob, axis=1) if stop_prob else None)

    @classmethod
    def joined(cls, parts: Sequence[ClassificationOutputs]) -> ClassificationOutputs:
        """What was said about samples in parts, in their order, as one."""
        stop_prob = [part.stop_prob for part in parts if part.stop_prob is not None]
        return cls(np.concatenate([part.logits for part in parts]), np.concatenate(stop_prob) if stop_prob else None)

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
        """Number of classes, ``C``."""
        return int(self.logits.shape[2])

    def at(self, exit_index: int) -> ExitOutputs:
        """What was said at one exit; nothing is copied."""
        stop_prob = None if self.stop_prob is None else self.stop_prob[:, exit_index]
        return ExitOutputs(self.logits[:, exit_index], stop_prob)

    def take(self, rows: Rows) -> ClassificationOutputs:
        """The outputs of some of the samples."""
        return ClassificationOutputs(self.logits[rows], None if self.stop_prob is None else self.stop_prob[rows])


@dataclass(frozen=True)
class ClassLabels(Truth):
    """The class of each of ``N`` samples.

    Attributes:
        labels: Class of each sample, shape (N,), int64 in ``0..C-1``.
        n_classes: Number of classes, ``C``.
        facts: Facts about the samples, such as their site.
    """

    labels: NDArray[np.int64]
    n_classes: int
    facts: Facts = field(default=NO_FACTS, compare=False)

    @property
    def n_samples(self) -> int:
        """Number of samples, ``N``."""
        return len(self.labels)

    @property
    def strata(self) -> NDArray[np.int64]:
        """The class of each sample, shape (N,)."""
        return self.labels

    @property
    def n_strata(self) -> int:
        """Number of classes, ``C``."""
        return self.n_classes

    def right(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether predicted classes, shape (N,) or (N, E), are the true ones."""
        return np.asarray(answers == self.labels.reshape(-1, *[1] * (answers.ndim - 1)))

    def take(self, rows: Rows) -> ClassLabels:
        """The classes of some of the samples."""
        return ClassLabels(self.labels[rows], self.n_classes, self.facts.take(rows))

    def of_parents(self, of_sample: NDArray[np.int64], names: NDArray[np.str_], how: str) -> ClassLabels:
        """The classes of parents, of equal majorities the first; arguments as for the base class."""
        counts = np.zeros((len(names), self.n_classes), dtype=np.int64)
        np.add.at(counts, (of_sample, self.labels), 1)
        differ = np.flatnonzero((counts > 0).sum(axis=1) > 1)
        if differ.size and how != "majority":
            raise ExitTableError(
                f"samples of one parent must have one class but those of {str(names[differ[0]])!r} differ "
                f"({differ.size} of {len(names)} such parents); label parents alike, or say parent_labels majority"
            )
        return ClassLabels(counts.argmax(axis=1), self.n_classes, self.facts.of_parents(of_sample, len(names)))


@dataclass(frozen=True)
class UnknownClasses(ClassLabels):
    """Classes of samples that nobody knows: ``labels`` are -1 throughout, and nothing is judged by them."""

    @property
    def strata(self) -> NDArray[np.int64]:
        """One stratum for all."""
        return np.zeros(self.n_samples, dtype=np.int64)

    @property
    def n_strata(self) -> int:
        """One."""
        return 1

    def right(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Refused.

        Raises:
            ExitTableError: Always.
        """
        raise no_labels()

    def take(self, rows: Rows) -> UnknownClasses:
        """The same of some of the samples."""
        return UnknownClasses(self.labels[rows], self.n_classes, self.facts.take(rows))

    def of_parents(self, of_sample: NDArray[np.int64], names: NDArray[np.str_], how: str) -> UnknownClasses:
        """The same of parents."""
        return UnknownClasses(
            np.full(len(names), UNKNOWN_LABEL), self.n_classes, self.facts.of_parents(of_sample, len(names))
        )


@dataclass(frozen=True)
class ClassificationTable(ExitTable):
    """Outputs of a classifier with ``E`` exits for ``N`` samples and ``C`` classes.

    Every instance is valid: the constructor checks the whole contract.

    Attributes:
        logits: Raw outputs before any temperature, shape (N, E, C), float16 or float32.
        labels: True class of each sample, shape (N,), int64 in ``0..C-1``; -1 throughout in a table without labels.
        stop_prob: Learned stop probabilities, shape (N, E), float32, or None.

    Raises:
        ExitTableError: If any array breaks the contract; the message names every such key and its first row.

    Example:
        >>> table = ClassificationTable(
        ...     logits=np.float32([[[1, 0], [3, 0]], [[1, 2], [0, 4]]]),  # (samples, exits, classes)
        ...     labels=np.array([0, 1]),
        ...     cost=np.array([0.4, 1.0]),
        ...     ids=np.array(["first", "second"]),
        ... )
        >>> table.exit_answers.tolist()
        [[0, 0], [1, 1]]
    """

    task: ClassVar[str] = "classification"

    logits: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]
    stop_prob: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        problems = table_problems(
            logits=self.logits,
            labels=self.labels if self.is_labelled else None,
            cost=self.cost,
            ids=self.ids,
            **self.origins(),
            stop_prob=self.stop_prob,
            meta=self.meta,
        )
        problems = problems or self.column_problems()
        if problems:
            raise ExitTableError("; ".join(problems))
        if not self.is_labelled:
            require_unknown(bool((self.labels == UNKNOWN_LABEL).all()))

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``."""
        return int(self.logits.shape[2])

    @property
    def has_stop_prob(self) -> bool:
        """Whether the network gives learned stop probabilities."""
        return self.stop_prob is not None

    @property
    def outputs(self) -> ClassificationOutputs:
        """Logits and stop probabilities; nothing is copied."""
        return ClassificationOutputs(self.logits, self.stop_prob)

    @property
    def truth(self) -> ClassLabels:
        """The class of each sample."""
        return (ClassLabels if self.is_labelled else UnknownClasses)(self.labels, self.n_classes, Facts(self.columns))

    @property
    def exit_answers(self) -> NDArray[np.int64]:
        """The class that each exit alone says, shape (N, E); of equal logits the first."""
        return np.asarray(self.logits.argmax(axis=2), dtype=np.int64)

    def probabilities(self, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Softmax of the tempered logits, shape (N, E, C); arguments as for the base class."""
        # Here, since the import takes a while, and tables are named and checked without it.
        from scipy.special import softmax

        return np.asarray(softmax(self.logits / temperatures[:, None], axis=2))

    def of_parents(
        self, names: NDArray[np.str_], rows: NDArray[np.int64], pooled: NDArray[np.float64], truth: Any
    ) -> ClassificationTable:
        """A table of parents, without learned stop probabilities; arguments as for the base class."""
        return replace(
            self.take(rows),
            logits=np.log(np.maximum(pooled, _TINY)).astype(np.float32),
            labels=truth.labels,
            ids=names,
            parents=None,
            order=None,
            stop_prob=None,
            answering=Answering(),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key."""
        arrays: dict[str, NDArray[Any] | None] = {
            "logits": self.logits,
            "labels": self.labels if self.is_labelled else None,
            "cost": self.cost,
            "ids": self.ids,
            **self.origins(),
            **self.stored_columns(),
            "stop_prob": self.stop_prob,
        }
        return {key: values for key, values in arrays.items() if values is not None}

    def take(self, rows: NDArray[np.integer[Any]]) -> ClassificationTable:
        """The table of some of the samples, given by their row numbers."""
        return replace(self, **self.rows_of(rows, "logits", "labels", "stop_prob"))

    @classmethod
    def read(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays that were read from somewhere; arguments and errors as for the base class.

        Only logits, of raw outputs, and labels are needed. Numbers of any type are cast; costs are divided by the last.
        """
        return cls(**read_input(given, faults).told(name))

    @classmethod
    def read_unlabelled(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table without labels, which must be absent or -1 throughout; as :meth:`read` otherwise."""
        others, problems = without_labels(given)
        arrays = read_input(others, faults, problems=problems).told(name)
        return cls(**arrays, labels=np.full(len(arrays["logits"]), UNKNOWN_LABEL), is_labelled=False)
