"""Opening the folder of a finished search by what it found."""

from __future__ import annotations

from pathlib import Path

from search.errors import RunFolderError
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary


def read_summary(path: Path) -> Summary:
    """The summary of a folder that a person names.

    Raises:
        RunFolderError: If it is not the folder of a finished search.
    """
    file = ResultFiles(path).summary_file
    try:
        return Summary.load(file)
    except (OSError, ValueError):
        raise RunFolderError(
            f"{path}: a finished search has {file.name}, but there is none that can be read; name folders of searches, "
            f"such as runs/digits-1"
        ) from None
