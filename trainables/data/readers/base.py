"""What every reader of input files provides: how one file becomes the inputs of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from trainables.data.files.kinds import suffix_of
from trainables.errors import DataError


@dataclass(frozen=True)
class ReadInputs:
    """What files hold.

    Attributes:
        names: Name of each of n inputs: the path of its file, and ``#`` with a number where a file holds several.
        inputs: Shape (n, channels, height, width).
        origins: The file of each input, length n. A name need not tell it: files may have ``#`` in their own.
        failures: Path and reason of each file that nothing was read from.
        are_pieces: Whether inputs are pieces of what their file holds, as the segments of a recording are, so that
            those of one file are no independent samples. The rows of an array are inputs of their own.
        sizes: Width and height of each image in its file, in pixels, shape (n, 2); None where inputs are as they are in
            their files.
    """

    names: tuple[str, ...]
    inputs: NDArray[Any]
    origins: tuple[str, ...]
    failures: tuple[tuple[str, str], ...] = ()
    are_pieces: bool = False
    sizes: NDArray[np.int64] | None = None

    def taken(self, rows: Sequence[int]) -> ReadInputs:
        """Some of the inputs, by their row numbers; all failures."""
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            inputs=self.inputs[list(rows)],
            origins=tuple(self.origins[row] for row in rows),
            sizes=None if self.sizes is None else self.sizes[list(rows)],
        )


class InputReader(ABC):
    """From files to inputs, without labels. Readers are dataclasses whose fields are JSON values."""

    kind: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """How names of its files end, in lower case, with the dot."""
    plural: ClassVar[str]
    """What a person calls the files."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of an input."""

    @abstractmethod
    def read(self, paths: Sequence[Path]) -> ReadInputs:
        """Read files, in their order; those that are damaged are told, not raised.

        Raises:
            DataError: If a file cannot be opened at all.
        """

    def has(self, path: Path) -> bool:
        """Whether a file is called like one of this reader's."""
        return suffix_of(path) in self.suffixes

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]  # readers are dataclasses

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The reader of a JSON form without its kind.

        Raises:
            TypeError: If a field is unknown or missing.
            DataError: If a value is out of its range.
        """
        return cls(**fields)


def absolute(paths: Sequence[Path]) -> list[str]:
    """Paths as decoders take them that start from the root folder; a missing file is refused.

    Raises:
        DataError: If a file is missing.
    """
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise DataError(f"{missing}: there is no such file; correct its name")
    return [str(path.absolute()) for path in paths]


def without_rows(names: Sequence[str], failed: NDArray[np.int64]) -> tuple[str, ...]:
    """The names but for those of some rows."""
    gone = {*failed.tolist()}
    return tuple(name for row, name in enumerate(names) if row not in gone)
