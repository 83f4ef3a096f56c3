"""What recordings were decoded to: arrays that fit together, as they are cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError


# Arrays of equal length: dtype and number of axes.
_PER_SEGMENT = {"features": ("f4", 4), "rows": ("i8", 1), "numbers": ("i8", 1), "chunks": ("i8", 1)}
_PER_SILENT = {"silent_rows": ("i8", 1), "loudest_dbfs": ("f8", 1)}
_PER_CANCELLING = {"cancelling_rows": ("i8", 1), "channels_used": ("i8", 1)}
_PER_DAMAGED = {"damaged_rows": ("i8", 1), "reasons": ("U", 1)}


@dataclass(frozen=True)
class DecodedRecordings:
    """What N recordings hold; each has audible segments, or is silent, or is damaged.

    Attributes:
        features: Of the S audible segments, shape (S, 1, n_mels, frames), float32.
        rows: Which recording a segment is from, shape (S,), int64, never decreasing.
        numbers: Its number within the recording, silent ones counted, shape (S,), int64.
        chunks: Which chunk of the recording it is from, shape (S,), int64.
        silent_rows: Recordings without an audible segment, shape (Q,), int64, increasing.
        loudest_dbfs: Root mean square of their loudest segment in dBFS, shape (Q,), float64.
        cancelling_rows: Recordings whose channels cancel each other when mixed, whatever else they are, shape (K,),
            int64, increasing.
        channels_used: Which of their channels was used instead of the mix, from 1, in the first chunk where one was;
            shape (K,), int64.
        damaged_rows: Recordings that could not be decoded, shape (D,), int64, increasing.
        reasons: Why each of the D damaged recordings cannot be decoded, shape (D,), str.

    Raises:
        DataError: If the arrays do not fit together.
    """

    features: NDArray[np.float32]
    rows: NDArray[np.int64]
    numbers: NDArray[np.int64]
    chunks: NDArray[np.int64]
    silent_rows: NDArray[np.int64]
    loudest_dbfs: NDArray[np.float64]
    cancelling_rows: NDArray[np.int64]
    channels_used: NDArray[np.int64]
    damaged_rows: NDArray[np.int64]
    reasons: NDArray[np.str_]

    def __post_init__(self) -> None:
        for arrays in (_PER_SEGMENT, _PER_SILENT, _PER_CANCELLING, _PER_DAMAGED):
            length = len(getattr(self, next(iter(arrays))))
            for name, (dtype, n_axes) in arrays.items():
                values = getattr(self, name)
                if values.ndim != n_axes or len(values) != length or not np.issubdtype(values.dtype, dtype):
                    raise DataError(
                        f"{name} must be {length} {dtype} of {n_axes} axes but are {values.dtype}, shape {values.shape}"
                    )
        if (np.diff(self.rows) < 0).any() or not np.array_equal(np.sort(self._all_rows), np.arange(self.n_files)):
            raise DataError(f"each of {self.n_files} recordings must be audible, silent or damaged but some are not")

    @property
    def n_files(self) -> int:
        """N: audible, silent and damaged recordings together."""
        return len(self._all_rows)

    @property
    def _all_rows(self) -> NDArray[np.int64]:
        return np.concatenate([np.unique(self.rows), self.silent_rows, self.damaged_rows])

    def damaged(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Path and reason of each damaged recording, given the paths of all N."""
        return [(paths[row], str(reason)) for row, reason in zip(self.damaged_rows, self.reasons, strict=True)]

    def cancelling(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Path and channel used of each recording whose channels cancel each other, given the paths of all N."""
        return [
            (paths[row], f"channel {channel} is used")
            for row, channel in zip(self.cancelling_rows, self.channels_used, strict=True)
        ]

    def silent(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Path and reason of each silent recording, given the paths of all N."""
        return [
            (paths[row], f"silent: its loudest segment has {level:.1f} dBFS")
            for row, level in zip(self.silent_rows, self.loudest_dbfs, strict=True)
        ]
