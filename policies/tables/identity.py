"""Who the samples are: one spelling of their names, hashes of many of them, and which of them two splits share."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import combinations
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.names import clean_array, clean_id


_BYTES = 8
_STORED = np.dtype(">u8")
_MOST_DIGITS = 18
"""Numbers of samples with more do not fit into 64 bits."""


@dataclass(frozen=True, eq=False)
class SampleDigest:
    """A hash of 64 bits of each name: whether others are among them can be told, the names cannot.

    Two names of 50,000 against 50,000 are alike by chance once in 10 billion times. Not compressed: differences of
    sorted hashes are only a fifth smaller.

    Attributes:
        hashes: Ascending, without doubles, shape (n,), uint64.
    """

    hashes: NDArray[np.uint64]

    @classmethod
    def of(cls, names: NDArray[np.str_]) -> SampleDigest:
        """The digest of names, shape (N,), whatever their order."""
        return cls(np.unique(_hashes(names)))

    @classmethod
    def from_text(cls, text: str) -> SampleDigest:
        """Read what :meth:`to_text` has written.

        Raises:
            ValueError: If it is damaged.
        """
        content = b64decode(text, validate=True)
        if len(content) % _BYTES:
            raise ValueError(f"{len(content)} bytes are not whole hashes of {_BYTES}")
        hashes = np.frombuffer(content, dtype=_STORED).astype(np.uint64)
        if (hashes[1:] <= hashes[:-1]).any():
            raise ValueError("the hashes do not ascend")
        return cls(hashes)

    def to_text(self) -> str:
        """The hashes in base64, 11 characters a name."""
        return b64encode(self.hashes.astype(_STORED).tobytes()).decode()

    def __len__(self) -> int:
        return int(self.hashes.size)

    def holds(self, names: NDArray[np.str_]) -> NDArray[np.bool_]:
        """Which names, shape (N,), are among those of the digest."""
        return np.isin(_hashes(names), self.hashes)


def canonical_names(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """Names, shape (N,), as :func:`~policies.names.clean_id` spells each: what disks and spreadsheets change unseen."""
    native = names.astype(names.dtype.newbyteorder("="))
    if native.view(np.uint32).max(initial=0) < 128:
        return np.asarray(np.strings.strip(native))
    return clean_array(native, clean_id)


def parents_in_ids(ids: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int64]] | None:
    """The parent of each sample and its number in it, as ids of the form ``<parent>#<number>`` tell; else None."""
    parts = [str(one).rpartition("#") for one in ids]
    if not all(name and number.isdecimal() and len(number) <= _MOST_DIGITS for name, _, number in parts):
        return None
    return np.array([name for name, _, _ in parts]), np.array([int(number) for _, _, number in parts], dtype=np.int64)


def _hashes(names: NDArray[np.str_]) -> NDArray[np.uint64]:
    parts = [blake2b(str(name).encode(), digest_size=_BYTES).digest() for name in canonical_names(names)]
    return np.frombuffer(b"".join(parts), dtype=_STORED).astype(np.uint64)


def hash_ids(ids: NDArray[np.str_]) -> str:
    """SHA-256 over the sorted ids, one per line: equal for equal sets whatever their order."""
    return sha256("\n".join(sorted(str(name) for name in ids)).encode()).hexdigest()


class Identified(Protocol):
    """Anything that says which samples it holds: exit tables, data splits."""

    @property
    def ids(self) -> NDArray[np.str_]:
        """Sample names, shape (N,)."""

    @property
    def groups(self) -> NDArray[np.str_] | None:
        """Origin of each sample, shape (N,), or None."""


def stated_parents(table: Any) -> NDArray[np.str_] | None:
    """What the samples of a table, or of anything like it, are known to be parts of, shape (N,); None where unknown.

    That are its ``parents``. Ids of the form ``<parent>#<number>`` only tell where answers are pooled: others give
    samples such names too.
    """
    parents: NDArray[np.str_] | None = getattr(table, "parents", None)
    pools = getattr(table, "answering", None) is not None and table.answering.pooling is not None
    told = parents_in_ids(table.ids) if parents is None and pools else None
    return parents if told is None else told[0]


def require_disjoint(tables: Mapping[str, Identified]) -> None:
    """Refuse splits that share a sample, a group or a parent.

    Args:
        tables: Split name to its table, or to anything that says which samples it holds.

    Raises:
        ExitTableError: If two tables share an id, or both have groups and share one, or both have parents and do.
    """
    overlap = describe_overlap(tables)
    if overlap:
        raise ExitTableError(f"{overlap}; make the tables from disjoint samples")


def describe_overlap(splits: Mapping[str, Identified]) -> str:
    """Which splits share samples, groups or parents, as one line for a person; empty where none do."""
    for (first, left), (second, right) in combinations(splits.items(), 2):
        for key in ("ids", "groups", "parents"):
            mine, other = _names(left, key), _names(right, key)
            if mine is None or other is None:
                continue
            shared = np.intersect1d(canonical_names(mine), canonical_names(other))
            if shared.size:
                return (
                    f"splits must not overlap but {first!r} and {second!r} share {shared.size} {key}, "
                    f"such as {str(shared[0])!r}"
                )
    return ""


def _names(split: Identified, key: str) -> NDArray[np.str_] | None:
    names: NDArray[np.str_] | None = stated_parents(split) if key == "parents" else getattr(split, key)
    return names
