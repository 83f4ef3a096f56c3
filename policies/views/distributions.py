"""The distributions that a rule answers with: by far the largest part of what it makes of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.tables.base import Outputs, Rows


OutputsT = TypeVar("OutputsT", bound=Outputs)


class Distributions(ABC):
    """What would be answered at each of E exits of N samples, as C probabilities or scores."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""

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
        values: Distribution at each exit for each sample, shape (N, E, C).
    """

    values: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        n_samples, n_exits, n_classes = self.values.shape
        return n_samples, n_exits, n_classes

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
    """Distributions that are not kept but made anew whenever they are asked for.

    Attributes:
        make: Function from outputs to distributions, (n, E, C), each sample by itself.
        outputs: Outputs of all exits on the whole table.
        rows: Indices of the samples that these are, shape (N,), or None for all.
        size: Shape of the distributions, (N, E, C).
    """

    make: Callable[[Outputs], NDArray[np.float64]]
    outputs: Outputs
    rows: NDArray[np.int64] | None
    size: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return self.size

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        for rows, outputs in output_blocks(self.outputs, self.rows):
            yield rows, self.make(outputs)


@dataclass(frozen=True)
class Joined(Distributions):
    """Distributions of parts of the samples, which are all of them together.

    Attributes:
        parts: Indices of the samples of each part, with their distributions.
    """

    parts: Sequence[tuple[NDArray[np.int64], Distributions]]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return (sum(len(rows) for rows, _ in self.parts), *self.parts[0][1].shape[1:])

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        for rows, part in self.parts:
            for own, block in part.blocks():
                yield rows[own], block


@dataclass(frozen=True)
class Taken(Distributions):
    """Distributions of some of the samples.

    Attributes:
        whole_set: Distributions of all samples.
        chosen: Indices of the samples that are taken, shape (N,), each once, in any order.
    """

    whole_set: Distributions
    chosen: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, E, C)."""
        return (len(self.chosen), *self.whole_set.shape[1:])

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once."""
        place = np.full(self.whole_set.shape[0], -1)
        place[self.chosen] = np.arange(len(self.chosen))
        for rows, block in self.whole_set.blocks():
            is_chosen = place[rows] >= 0
            yield place[rows][is_chosen], block[is_chosen]


def output_blocks(outputs: OutputsT, rows: NDArray[np.int64] | None) -> Iterator[tuple[slice, OutputsT]]:
    """Outputs of some samples of a table, or of all: their places in ``rows`` or the table, block after block."""
    n_samples = outputs.n_samples if rows is None else len(rows)
    for block in row_blocks(n_samples, outputs.n_exits * outputs.row_size):
        yield block, outputs.take(block if rows is None else rows[block])
