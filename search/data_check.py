"""Refusing to resume a sweep on other data than it was started with."""

from __future__ import annotations

import json

from search.errors import RunFolderError
from search.run_folder import RunFolder
from trainables.data import Splits


def require_same_data(folder: RunFolder, splits: Splits) -> None:
    """Compare the splits with those that the sweep was started with.

    A sample that a network was trained on may otherwise end up in ``certify`` or ``test``.

    Raises:
        RunFolderError: If a split has other samples, labels or inputs than before.
    """
    try:
        stored = json.loads(folder.environment_file.read_text())["data_hashes"]
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        raise RunFolderError(f"{folder.environment_file}: damaged, so the sweep cannot be resumed") from None
    for name, now in splits.data_hashes.items():
        if stored.get(name) != now:
            raise RunFolderError(
                f"{folder.name!r} was started on other data: its {name} split has changed since; "
                f"resume it with the data it had, or start a new sweep"
            )
