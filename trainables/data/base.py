"""What every data source provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_array, clean_id, clean_name, describe_clash
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.origins import join_origins
from trainables.errors import DataError


@dataclass(frozen=True)
class Samples:
    """All labelled samples of a source, in memory, before they are split.

    Attributes:
        inputs: Shape (N, channels, height, width); uint8 in 0..255, or float32: in 0..1, or features that the
            source has standardised, such as log-mel bands (height) over frames (width).
        labels: Shape (N,), int64 in ``0..len(class_names)-1``.
        ids: Shape (N,), unique; kept in one spelling, as class names and groups are (see :mod:`policies.names`).
        class_names: One per class; two that differ in spaces, Unicode form or case only are refused.
        groups: Origin of each sample, shape (N,), or None where samples are independent.
        official_test: Shape (N,), bool: the samples that the data set's authors set aside for testing, or None.
        facts: What exit tables should state about the samples; JSON values. Segments of recordings, with ids
            ``<recording>#<number>``, state ``segment_seconds`` and ``hop_seconds``.

    Raises:
        DataError: If the arrays do not fit together.
    """

    inputs: NDArray[Any]
    labels: NDArray[np.int64]
    ids: NDArray[np.str_]
    class_names: tuple[str, ...]
    groups: NDArray[np.str_] | None = None
    official_test: NDArray[np.bool_] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.inputs)
        for name in ("labels", "ids", "groups", "official_test"):
            values = getattr(self, name)
            if values is not None and values.shape != (n,):
                raise DataError(f"{name} must have shape ({n},) to match the inputs but has {values.shape}")
        if self.labels.dtype != np.int64:
            raise DataError(f"labels must be int64 but are {self.labels.dtype}")
        for name in ("ids", "groups"):
            values = getattr(self, name)
            if values is not None and values.dtype.kind != "U":
                raise DataError(f"{name} must be text (numpy dtype 'U') but are {values.dtype}")
        if self.inputs.ndim != 4:
            raise DataError(f"inputs must have shape (N, channels, height, width) but have {self.inputs.shape}")
        if self.inputs.dtype not in (np.uint8, np.float32):
            raise DataError(f"inputs must be uint8 or float32 but are {self.inputs.dtype}")
        if self.inputs.dtype == np.float32 and not np.isfinite(self.inputs).all():
            raise DataError("inputs must be finite but hold NaN or infinity")
        self._tidy_names()
        if n and not (self.labels.min() >= 0 and self.labels.max() < len(self.class_names)):
            raise DataError(f"labels must lie in 0..{len(self.class_names) - 1} but reach {self.labels.max()}")

    def _tidy_names(self) -> None:
        """Names in one spelling each, since people type them, and disks keep them, in several."""
        clash = describe_clash(self.class_names)
        if clash:
            raise DataError(f"class names must differ but {clash}; rename one, or give both classes one label")
        tidy = {"class_names": tuple(map(clean_name, self.class_names)), "ids": clean_array(self.ids, clean_id)}
        if self.groups is not None:
            tidy["groups"] = join_origins(self.groups, "in the groups of the samples")
        for name, value in tidy.items():
            object.__setattr__(self, name, value)


class DataSource(ABC):
    """Where samples come from."""

    name: ClassVar[str]

    @abstractmethod
    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Read everything into memory.

        Args:
            data_dir: Folder that the user named with ``--data-dir``; None where none was named.
            options: Image size, how recordings are read, and how many files may be damaged.

        Raises:
            DataError: If files are missing or damaged, or the options ask for what the source does not have.
        """
