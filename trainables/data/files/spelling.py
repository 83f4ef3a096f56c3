"""Which file is meant by a path that a person, or a spreadsheet, has written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from policies.names import clean_id


def written_path(text: str) -> str:
    """A relative path in the spelling of ids: with slashes, without a leading ``./``, spaces around it and the like."""
    return clean_id(text).replace("\\", "/").removeprefix("./")


class Spellings:
    """The files of a data set by what people may write for them.

    Args:
        ids: Paths in one spelling each.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        counts = Counter(name.casefold() for name in ids)
        self._caseless = {name.casefold(): name for name in ids if counts[name.casefold()] == 1}
        self._ids = frozenset(ids)

    def find(self, written: str) -> str | None:
        """The id that is meant by a :func:`written_path`; letters' case does not matter where that leaves no doubt."""
        return written if written in self._ids else self._caseless.get(written.casefold())
