"""Refusing to resume a sweep that runs, or on other data, or with other teachers, than it was started with."""

from __future__ import annotations

from collections.abc import Mapping
import json

from search.errors import RunFolderError
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.trials.log import SweepRecord
from trainables.data import Splits


def require_same_data(folder: RunFolder, splits: Splits) -> None:
    """Compare the splits with those that the sweep was started with.

    A sample that a network was trained on may otherwise end up in ``certify`` or ``test``.

    Raises:
        RunFolderError: If a split has other samples, labels or inputs than before.
    """
    name = _first_changed(folder, "data_hashes", splits.data_hashes)
    if name is not None:
        raise RunFolderError(
            f"{folder.name!r} was started on other data: its {name} split has changed since; "
            f"resume it with the data it had, or start a new sweep"
        )


def require_same_teachers(folder: RunFolder, hashes: Mapping[str, str]) -> None:
    """Compare files of teachers with those that the sweep was started with.

    Args:
        folder: The sweep's.
        hashes: SHA-256 of the files, by the teachers' names.

    Raises:
        RunFolderError: If one has changed.
    """
    name = _first_changed(folder, "teacher_hashes", hashes)
    if name is not None:
        raise RunFolderError(
            f"{folder.name!r} was started with another teacher {name!r}: its file has changed since; "
            f"resume it with the file it had, or start a new sweep"
        )


def require_same_weights(folder: RunFolder, hashes: Mapping[str, str]) -> None:
    """Compare the weights that trials start from with those that the sweep was started with.

    Args:
        folder: The sweep's.
        hashes: SHA-256 of the file, by its key.

    Raises:
        RunFolderError: If it has changed.
    """
    key = _first_changed(folder, "weights_hashes", hashes)
    if key is not None:
        raise RunFolderError(
            f"{folder.name!r} was started from other weights: the file of {key} has changed since; resume it with the "
            f"file it had, or start a new sweep"
        )


def require_resumable(folder: RunFolder) -> None:
    """Look whether the sweep's journal can be continued, before anything is started for that.

    Raises:
        RunFolderError: If another process runs the sweep, or its journal is damaged.
    """
    with Journal(folder.journal_file) as journal:
        SweepRecord(journal)


def _first_changed(folder: RunFolder, key: str, now: Mapping[str, str]) -> str | None:
    """The first name whose hash is not the one in ``environment.json``; a sweep stopped before that has none."""
    try:
        stored = json.loads(folder.environment_file.read_text())[key] if now else {}
        return next((name for name, found in now.items() if stored.get(name) != found), None)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RunFolderError(f"{folder.environment_file}: damaged, so the sweep cannot be resumed") from None
