"""Which files are a data set's, which are nobody's business, and which are others that a person may have meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
import os
from pathlib import Path


# What systems leave in folders beside what is hidden.
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_SYSTEM_FOLDERS = frozenset(
    {"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
)
# What people write about samples; annotations are often one file per sample.
_NOTES = frozenset(
    {
        *(".txt", ".md", ".rst", ".html", ".htm", ".pdf", ".doc", ".docx", ".log", ".url", ".lnk"),
        *(".csv", ".tsv", ".xls", ".xlsx", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".xml", ".ini", ".cfg", ".db"),
        *(".py", ".ipynb", ".sh", ".bat", ".m", ".r", ".md5", ".sha256"),
    }
)
# Beside class folders lies what these were unpacked from.
_ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})


@dataclass(frozen=True)
class FileKind:
    """What the files of a data set are.

    Attributes:
        plural: What a person calls them, such as "images".
        suffixes: How their names end, in lower case, with the dot; case does not matter.
        otherwise: What a message adds on how files may lie outside class folders; empty where they may not.
    """

    plural: str
    suffixes: tuple[str, ...]
    otherwise: str = ""

    def has(self, path: Path) -> bool:
        """Whether a file is called like one of this kind."""
        return suffix_of(path) in self.suffixes


Others = Counter[tuple[str, str]]
"""How many files of other kinds there are, by the folder, relative and with slashes, and the suffix."""


def suffix_of(path: Path) -> str:
    """How a file's name ends, in lower case, with the dot; a space behind is somebody's slip."""
    return path.suffix.strip().lower()


def is_hidden(path: Path) -> bool:
    """Whether a file or folder is hidden, or left by a system."""
    name = path.name.lower()
    return name.startswith((".", "~$")) or name in _SYSTEM_FILES or name in _SYSTEM_FOLDERS


def visible_entries(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, but for what is hidden.

    Raises:
        OSError: If it cannot be read.
    """
    return sorted(path for path in folder.iterdir() if not is_hidden(path))


def files_below(folder: Path) -> list[Path]:
    """All files at any depth but for what is hidden; links are followed.

    Raises:
        OSError: If a folder cannot be read.
    """
    found: list[Path] = []
    visited: set[Path] = set()
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(root)
        # A link that leads back up would have the same files found again and again.
        if here.resolve() in visited:
            folders.clear()
            continue
        visited.add(here.resolve())
        folders[:] = [name for name in folders if not is_hidden(here / name)]
        found += [here / name for name in files if not is_hidden(here / name)]
    return found


def count_others(folder: Path, paths: Iterable[Path], place: Path) -> Others:
    """Count files that are no notes, as those of other kinds that may have been meant.

    Args:
        folder: The data folder; all its folders are looked through.
        paths: Files that are not of the data set's kind.
        place: The folder that they are counted for; in the data folder itself, archives and names without a suffix are
            notes too.
    """
    notes = _NOTES | _ARCHIVES | {""} if place == folder else _NOTES
    where = "" if place == folder else place.relative_to(folder).as_posix()
    return Counter((where, suffix_of(path)) for path in paths if suffix_of(path) not in notes)


def list_others(others: Others, *, most: int) -> str:
    """Files of other kinds by suffix and folder, the most frequent first, as a person reads them."""
    texts = [
        f"{count} {suffix or 'without a suffix'}{f' in {where!r}' if where else ''}"
        for (where, suffix), count in sorted(others.items(), key=lambda item: (-item[1], item[0]))
    ]
    more = f" and {sum(sorted(others.values())[: len(texts) - most])} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _refuse(error: OSError) -> None:
    raise error
