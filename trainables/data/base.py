"""What every data source provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_array, clean_id, clean_name, describe_clash
from trainables.data.given_arrays import as_class_names, as_marks, as_metadata, as_names, as_origins
from trainables.data.given_columns import as_columns
from trainables.data.given_parents import as_order, require_one_order, require_whole_parents
from trainables.data.given_samples import as_inputs, as_labels
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.origins import join_origins
from trainables.data.readers import ArrayReader, ImageReader, InputReader
from trainables.errors import DataError, SamplesError


_OF_EACH_SAMPLE = ("inputs", "labels", "ids", "groups", "official_test", "parents", "order")


@dataclass(frozen=True)
class Samples:
    """All labelled samples of a source, in memory, before they are split.

    Lists, generators, tensors and columns of a data frame become the arrays that are described here, and other kinds of
    numbers are converted where it is plain what is meant; see :mod:`trainables.data.given_arrays`.

    Attributes:
        inputs: Shape (N, channels, height, width); uint8 in 0..255, or float32: in 0..1, or features that the
            source has standardised, such as log-mel bands (height) over frames (width).
        labels: Shape (N,), int64 in ``0..len(class_names)-1``; of other kinds of answers see the subclasses.
        ids: Shape (N,), unique; kept in one spelling, as class names and groups are (see :mod:`policies.names`).
        class_names: One per class; two that differ in spaces, Unicode form or case only are refused.
        groups: Origin of each sample, shape (N,), or None where samples are independent. Where there are parents but no
            groups, each parent is a group.
        official_test: Shape (N,), bool: the samples that the data set's authors set aside for testing, or None.
        metadata: What exit tables should state about the samples; JSON values. Segments of recordings, with ids
            ``<recording>#<number>``, state ``segment_seconds`` and ``hop_seconds``.
        parents: What each sample is a part of, such as the recording of a segment, shape (N,), or None; the samples of
            a parent share their group.
        order: Place of each sample in its parent, in which samples are read, shape (N,), int64, or None.
        columns: Facts about samples that a claim may be made for every value of, such as their site, by name: text or
            whole numbers, shape (N,) each. No network sees them.

    Raises:
        SamplesError: If the arrays do not fit together; the message names the attribute.

    Warns:
        SamplesWarning: If labels are numbered from 1, or channels are last.
    """

    needs_every_class: ClassVar[bool] = True
    """Whether every split must have every class; where not, a class that a split is without is told."""
    fewest_classes: ClassVar[int] = 2
    """How many classes there must be."""

    inputs: NDArray[Any]
    labels: NDArray[Any]
    ids: NDArray[np.str_]
    class_names: tuple[str, ...]
    groups: NDArray[np.str_] | None = None
    official_test: NDArray[np.bool_] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parents: NDArray[np.str_] | None = None
    order: NDArray[np.int64] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        inputs, class_names = as_inputs(self.inputs), as_class_names(self.class_names, least=self.fewest_classes)
        n = len(inputs)
        converted = {
            "inputs": inputs,
            "class_names": class_names,
            "labels": self._as_labels(self.labels, class_names, n),
            "ids": as_names("ids", self.ids, n),
            "groups": as_origins("groups", self.groups, n),
            "official_test": as_marks("official_test", self.official_test, n),
            "metadata": as_metadata(self.metadata),
            "parents": as_origins("parents", self.parents, n),
            "order": as_order(self.order, n),
            "columns": as_columns(self.columns, n),
        }
        for name, value in converted.items():
            object.__setattr__(self, name, value)
        self._tidy_names()
        self._settle_parents()

    @property
    def memberships(self) -> NDArray[np.bool_]:
        """Which classes each sample is of, shape (N, C); here one each."""
        return np.asarray(self.labels[:, None] == np.arange(len(self.class_names)))

    def take(self, rows: NDArray[np.integer[Any]]) -> Self:
        """Some of the samples, given by their row numbers, with everything that is known of them."""
        own = {name: getattr(self, name) for name in _OF_EACH_SAMPLE}
        taken: dict[str, Any] = {name: None if one is None else one[rows] for name, one in own.items()}
        return replace(self, **taken, columns={name: values[rows] for name, values in self.columns.items()})

    def renumbered(self, places: NDArray[np.int64], class_names: Sequence[str]) -> Self:
        """The same samples with other numbers of their classes.

        Args:
            places: The new number of each class, shape (C,).
            class_names: Names by the new numbers; there may be more.
        """
        return replace(self, labels=places[self.labels], class_names=tuple(class_names))

    def _as_labels(self, given: Any, class_names: Sequence[str], n: int) -> NDArray[Any]:
        """What was given as labels, converted and checked."""
        return as_labels(given, class_names, n)

    def _tidy_names(self) -> None:
        """Names in one spelling each, since people type them, and disks keep them, in several."""
        clash = describe_clash(self.class_names)
        if clash:
            raise DataError(f"class names must differ but {clash}; rename one, or give both classes one label")
        tidy = {"class_names": tuple(map(clean_name, self.class_names)), "ids": clean_array(self.ids, clean_id)}
        if self.groups is not None:
            tidy["groups"] = join_origins(self.groups, "in the groups of the samples")
        if self.parents is not None:
            tidy["parents"] = clean_array(self.parents, clean_id)
        for name, value in tidy.items():
            object.__setattr__(self, name, value)

    def _settle_parents(self) -> None:
        """Parents lie within groups, each sample at a place of its own."""
        if self.parents is None:
            if self.order is not None:
                raise SamplesError("order tells places in parents but there are no parents; give both, or neither")
            return
        if self.groups is None:
            object.__setattr__(self, "groups", join_origins(self.parents, "in the parents of the samples"))
        else:
            require_whole_parents(self.parents, self.groups)
        if self.order is not None:
            require_one_order(self.parents, self.order)


class DataSource(ABC):
    """Where samples come from."""

    name: ClassVar[str]
    selects_classes: ClassVar[bool] = False
    """Whether ``data.classes`` may name the classes that are wanted."""

    @abstractmethod
    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Read everything into memory.

        Args:
            data_dir: Folder that the user named with ``--data-dir``; None where none was named.
            options: Image size, wanted classes, how recordings are read, and how many files may be damaged.

        Raises:
            DataError: If files are missing or damaged, or the options ask for what the source does not have.
        """

    def reader(self, input_shape: tuple[int, ...], options: DataOptions = DEFAULT_OPTIONS) -> InputReader:
        """How a single new file becomes an input like the samples'; arrays, unless a source knows better.

        Args:
            input_shape: (channels, height, width) of the samples.
            options: The same as for :meth:`load`.
        """
        return ArrayReader(input_shape)


class ImageSource(DataSource):
    """A source of images, so that a new image file can be read like its samples."""

    def reader(self, input_shape: tuple[int, ...], options: DataOptions = DEFAULT_OPTIONS) -> InputReader:
        """Image files are resized to the samples' size, and made grey where the samples are."""
        channels, height, width = input_shape
        return ImageReader(channels, height) if height == width and channels in (1, 3) else ArrayReader(input_shape)
