"""Arrays in numpy's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from trainables.data.readers.base import InputReader, ReadInputs, absolute


KEY = "inputs"
"""Name of the array of a ``.npz`` file that holds several."""


@dataclass(frozen=True)
class ArrayReader(InputReader):
    """Reads ``.npy``, or the array ``inputs`` of ``.npz``; nothing is unpickled.

    Attributes:
        shape: (channels, height, width) of an input; an array holds one, or several of shape (n, *shape).
    """

    kind: ClassVar[str] = "array"
    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    plural: ClassVar[str] = "arrays"

    shape: tuple[int, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of an input."""
        return self.shape

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The reader of a JSON form, where the shape is a list."""
        return cls(tuple(int(side) for side in fields.pop("shape")), **fields)

    def read(self, paths: Sequence[Path]) -> ReadInputs:
        """Read arrays; those of another shape, or of no numbers, are told."""
        absolute(paths)
        names: list[str] = []
        origins: list[str] = []
        arrays: list[NDArray[Any]] = [np.empty((0, *self.shape), dtype=np.float32)]
        failures: list[tuple[str, str]] = []
        for path in paths:
            try:
                array = self._checked(_load(path))
            except (OSError, ValueError, EOFError) as error:
                failures.append((str(path), (str(error).splitlines() or [type(error).__name__])[0]))
                continue
            arrays.append(array)
            several = array.ndim > len(self.shape) and len(array) > 1
            names += [f"{path}#{row:03d}" for row in range(len(array))] if several else [str(path)]
            origins += [str(path)] * len(array)
        kept = arrays[1:] or arrays
        if len({array.dtype for array in kept}) > 1:
            # Bytes are pixels in 0..255, as everywhere else.
            kept = [array / np.float32(255) if array.dtype == np.uint8 else array for array in kept]
        return ReadInputs(tuple(names), np.concatenate(kept), tuple(origins), tuple(failures))

    def _checked(self, array: NDArray[Any]) -> NDArray[Any]:
        if array.dtype.kind not in "buif":
            raise ValueError(f"inputs must be numbers but are {array.dtype}")
        if array.shape == self.shape:
            array = array[None]
        if array.shape[1:] != self.shape or not len(array):
            raise ValueError(f"inputs must have shape {self.shape} or (n, {str(self.shape)[1:]} but have {array.shape}")
        array = array if array.dtype == np.uint8 else array.astype(np.float32)
        if array.dtype == np.float32 and not np.isfinite(array).all():
            raise ValueError("inputs must be finite but hold NaN or infinity")
        return array


def _load(path: Path) -> NDArray[Any]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        if KEY not in loaded.files and len(loaded.files) != 1:
            raise ValueError(f"there must be an array {KEY!r} but there are {', '.join(loaded.files) or 'none'}")
        return np.asarray(loaded[KEY if KEY in loaded.files else loaded.files[0]])
