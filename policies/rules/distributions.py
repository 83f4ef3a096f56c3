"""The distributions over classes that a rule answers with: by far the largest part of what it makes of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.tables.classification import ExitTable


Rows = slice | NDArray[np.int64]
"""Some of the samples, as an index into arrays of all."""


@dataclass(frozen=True)
class Outputs:
    """What a network said about samples: all that a rule may look at, so that none can look at labels.

    Attributes:
        logits: Shape (n, E, C), float16 or float32.
        stop_prob: Learned stop probabilities, shape (n, E), float32, or None.
    """

    logits: NDArray[np.floating[Any]]
    stop_prob: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, table: ExitTable) -> Outputs:
        """Those of a table; nothing is copied."""
        return cls(table.logits, table.stop_prob)

    @property
    def n_samples(self) -> int:
        """Number of samples, ``n``."""
        return int(self.logits.shape[0])

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return int(self.logits.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``."""
        return int(self.logits.shape[2])

    def take(self, rows: Rows) -> Outputs:
        """The outputs of some of the samples."""
        return Outputs(self.logits[rows], None if self.stop_prob is None else self.stop_prob[rows])


class Distributions(ABC):
    """What would be answered at each of E exits of N samples, as distributions over C classes."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""

    @property
    @abstractmethod
    def answers(self) -> NDArray[np.int64]:
        """Most probable class, shape (N, E); ties go to the lower class index."""

    @abstractmethod
    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once: which samples, and their distributions, shape (n, E, C)."""

    def whole(self) -> NDArray[np.float64]:
        """All of them at once, shape (N, E, C), float64."""
        values = np.empty(self.shape)
        for rows, block in self.blocks():
            values[rows] = block
        return values


@dataclass(frozen=True)
class Held(Distributions):
    """Distributions in memory.

    Attributes:
        values: Shape (N, E, C).
    """

    values: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        n_samples, n_exits, n_classes = self.values.shape
        return n_samples, n_exits, n_classes

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """Most probable class, shape (N, E); ties go to the lower class index."""
        return np.asarray(self.values.argmax(axis=2), dtype=np.int64)

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        n_samples, n_exits, n_classes = self.shape
        for rows in row_blocks(n_samples, n_exits * n_classes):
            yield rows, self.values[rows]

    def whole(self) -> NDArray[np.float64]:
        """All of them at once, shape (N, E, C), float64."""
        return self.values


@dataclass(frozen=True)
class Remade(Distributions):
    """Distributions of which only the answers are kept; the others are made anew whenever they are asked for.

    Attributes:
        make: From outputs to distributions, each sample by itself.
        outputs: Of the whole table.
        rows: Which samples these are, shape (N,), or None for all.
        kept: The answers, shape (N, E).
    """

    make: Callable[[Outputs], Distributions]
    outputs: Outputs
    rows: NDArray[np.int64] | None
    kept: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return (*self.kept.shape, self.outputs.n_classes)

    @property
    def answers(self) -> NDArray[np.int64]:
        """Most probable class, shape (N, E); ties go to the lower class index."""
        return self.kept

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        for rows, outputs in output_blocks(self.outputs, self.rows):
            yield rows, self.make(outputs).whole()


@dataclass(frozen=True)
class Joined(Distributions):
    """Distributions of parts of the samples, which are all of them together.

    Attributes:
        parts: Which samples, and their distributions.
    """

    parts: Sequence[tuple[NDArray[np.int64], Distributions]]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return (sum(len(rows) for rows, _ in self.parts), *self.parts[0][1].shape[1:])

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """Most probable class, shape (N, E); ties go to the lower class index."""
        answers = np.empty(self.shape[:2], dtype=np.int64)
        for rows, part in self.parts:
            answers[rows] = part.answers
        return answers

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        for rows, part in self.parts:
            for own, block in part.blocks():
                yield rows[own], block


@dataclass(frozen=True)
class Taken(Distributions):
    """Distributions of some of the samples.

    Attributes:
        whole_set: Of all samples.
        chosen: Which of them these are, shape (N,), each once, in any order.
    """

    whole_set: Distributions
    chosen: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return (len(self.chosen), *self.whole_set.shape[1:])

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """Most probable class, shape (N, E); ties go to the lower class index."""
        return self.whole_set.answers[self.chosen]

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        place = np.full(self.whole_set.shape[0], -1)
        place[self.chosen] = np.arange(len(self.chosen))
        for rows, block in self.whole_set.blocks():
            is_chosen = place[rows] >= 0
            yield place[rows][is_chosen], block[is_chosen]


def output_blocks(outputs: Outputs, rows: NDArray[np.int64] | None) -> Iterator[tuple[slice, Outputs]]:
    """Outputs of some samples of a table, or of all: their places in ``rows`` or the table, block after block."""
    n_samples = outputs.n_samples if rows is None else len(rows)
    for block in row_blocks(n_samples, outputs.n_exits * outputs.n_classes):
        yield block, outputs.take(block if rows is None else rows[block])
