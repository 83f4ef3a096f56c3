"""The four honest splits: train, search, certify, test. Disjoint by construction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.spacing import evenly_spaced
from policies.tables.identity import describe_overlap, hash_ids, parents_in_ids
from trainables.errors import DataError


SPLIT_NAMES = ("train", "search", "certify", "test")


@dataclass(frozen=True)
class SplitFractions:
    """Share of the samples (of the groups, where there are groups) that each split gets.

    Where a source has an official test set, that is ``test``, and the other three share the rest in proportion.

    Raises:
        DataError: If a share is not positive or they do not sum to 1.
    """

    train: float = 0.5
    search: float = 0.2
    certify: float = 0.15
    test: float = 0.15

    def __post_init__(self) -> None:
        shares = [getattr(self, name) for name in SPLIT_NAMES]
        if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
            raise DataError(f"split fractions must be positive and sum to 1 but are {shares}")


@dataclass(frozen=True)
class Split:
    """One of the four splits; shapes as in :class:`~trainables.data.base.Samples`."""

    inputs: NDArray[Any]
    labels: NDArray[Any]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_] | None
    parents: NDArray[np.str_] | None = None
    order: NDArray[np.int64] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def origins(self) -> dict[str, Any]:
        """Groups, parents and places in these, by the keys of an exit table; None where they are not known."""
        return {"groups": self.groups, "parents": self.parents, "order": self.order}

    @property
    def split_hash(self) -> str:
        """SHA-256 over the sorted sample ids."""
        return hash_ids(self.ids)

    def spread(self, limit: int) -> Split:
        """At most so many samples from all over it, in their order."""
        return self.take(evenly_spaced(len(self.ids), limit))

    def take(self, rows: NDArray[np.integer[Any]]) -> Split:
        """Some of the samples, given by their row numbers."""
        origins = {key: None if one is None else one[rows] for key, one in self.origins.items()}
        columns = {name: values[rows] for name, values in self.columns.items()}
        return Split(self.inputs[rows], self.labels[rows], self.ids[rows], **origins, columns=columns)

    @property
    def data_hash(self) -> str:
        """SHA-256 over ids, labels, inputs, groups and columns, and over parents and places that these do not tell."""
        digest = sha256()
        for array in (self.ids, self.labels, self.inputs, *self._untold_origins()):
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        for name, values in sorted(self.columns.items()):
            digest.update(f"{name}{values.dtype}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def _untold_origins(self) -> Iterator[NDArray[Any]]:
        """Groups; parents that are neither these nor told by ids, and places that ids do not tell.

        Sweeps of recordings keep the hashes that they had before samples had parents, so that they can go on.
        """
        if self.groups is not None:
            yield self.groups
        told = parents_in_ids(self.ids)
        names, places = (None, None) if told is None else told
        if self.parents is not None and not any(_are_alike(self.parents, own) for own in (self.groups, names)):
            yield self.parents
        if self.order is not None and not _are_alike(self.order, places):
            yield self.order


@dataclass(frozen=True)
class Splits:
    """The four disjoint splits of one source.

    Attributes:
        train: Weights are fitted on it.
        search: Everything is chosen on it.
        certify: Read once, after everything is chosen: certificates are made on it.
        test: Read once, after everything is chosen: figures for people are made on it.
        class_names: Names of the classes; a label is a place in them, from 0.
        metadata: What exit tables state about the samples; JSON values.
        has_official_test: Whether ``test`` is the one that the data set's authors set aside.
        needs_every_class: Whether data without some class in some split are refused.

    Raises:
        DataError: If two splits share a sample or a group, or one is empty.
    """

    train: Split
    search: Split
    certify: Split
    test: Split
    class_names: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    has_official_test: bool = False
    needs_every_class: bool = True

    def __post_init__(self) -> None:
        for name in SPLIT_NAMES:
            if len(self[name].ids) == 0:
                raise DataError(f"every split needs samples but {name!r} got none; change the split fractions")
        overlap = describe_overlap({name: self[name] for name in SPLIT_NAMES})
        if overlap:
            raise DataError(overlap)

    def __getitem__(self, name: str) -> Split:
        if name not in SPLIT_NAMES:
            raise KeyError(name)
        split: Split = getattr(self, name)
        return split

    @property
    def hashes(self) -> dict[str, str]:
        """Split name to the SHA-256 over its sample ids."""
        return {name: self[name].split_hash for name in SPLIT_NAMES}

    @property
    def data_hashes(self) -> dict[str, str]:
        """Split name to the SHA-256 over everything in it."""
        return {name: self[name].data_hash for name in SPLIT_NAMES}


def _are_alike(own: NDArray[Any], told: NDArray[Any] | None) -> bool:
    return told is not None and np.array_equal(own, told)
