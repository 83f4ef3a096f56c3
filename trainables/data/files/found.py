"""Which files a data set consists of."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from policies.names import clean_id
from trainables.data.files.kinds import FileKind, Others


@dataclass(frozen=True, kw_only=True)
class FoundFiles:
    """The files of a data set, ordered by id; nothing is opened yet.

    Attributes:
        kind: What kind of files they are: images or recordings.
        folder: The data folder that their paths start from.
        paths: N paths relative to the folder, with slashes, as the disk spells them.
        others: Files of kinds that are not read.
    """

    kind: FileKind
    folder: Path
    paths: tuple[str, ...]
    others: Others = field(default_factory=Counter)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The paths in one spelling, which is the same on every disk: what the files are called everywhere else."""
        return tuple(clean_id(path) for path in self.paths)
