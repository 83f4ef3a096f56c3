"""Refusing to resume a sweep that runs, or on other data, or with other files, than it was started with."""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Literal

from search.errors import RunFolderError
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.trials.log import TrialLog


HashedInput = Literal["data_hashes", "teacher_hashes", "weights_hashes"]
"""What ``environment.json`` keeps hashes of: splits, files of teachers, and files of weights that trials start from."""

_CHANGED: dict[HashedInput, tuple[str, str]] = {
    "data_hashes": ("on other data: its {name} split", "the data"),
    "teacher_hashes": ("with another teacher {name!r}: its file", "the file"),
    "weights_hashes": ("from other weights: the file of {name}", "the file"),
}


def require_same(folder: RunFolder, what: HashedInput, hashes: Mapping[str, str]) -> None:
    """Compare what a sweep is resumed with and what it was started with.

    On other data, a sample that a network was trained on may end up in ``certify`` or ``test``.

    Args:
        folder: Folder of the sweep that is resumed.
        what: Kind of input that the hashes are of.
        hashes: SHA-256 by the name of the split, of the teacher, or of the key that names the file.

    Raises:
        RunFolderError: If one has changed.
    """
    name = _first_changed(folder, what, hashes)
    if name is not None:
        changed, before = _CHANGED[what]
        raise RunFolderError(
            f"{folder.name!r} was started {changed.format(name=name)} has changed since; resume it with {before} it "
            f"had, or start a new sweep"
        )


def require_resumable(folder: RunFolder) -> None:
    """Look whether the sweep's journal can be continued, before anything is started for that.

    Raises:
        RunFolderError: If another process runs the sweep, or its journal is damaged.
    """
    with Journal(folder.journal_file) as journal:
        TrialLog(journal)


def _first_changed(folder: RunFolder, key: str, now: Mapping[str, str]) -> str | None:
    """The first name whose hash is not the one in ``environment.json``; a sweep stopped before that has none."""
    try:
        stored = json.loads(folder.environment_file.read_text())[key] if now else {}
        return next((name for name, found in now.items() if stored.get(name) != found), None)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunFolderError(f"{folder.environment_file}: damaged, so the sweep cannot be resumed") from None
