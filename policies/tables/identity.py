"""Which samples something was chosen on, in a form that is small and tells no names."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_array, clean_id


_BYTES = 8
_STORED = np.dtype(">u8")


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


def _hashes(names: NDArray[np.str_]) -> NDArray[np.uint64]:
    parts = [blake2b(str(name).encode(), digest_size=_BYTES).digest() for name in canonical_names(names)]
    return np.frombuffer(b"".join(parts), dtype=_STORED).astype(np.uint64)
