"""Opening the folder of a finished search by what it found."""

from __future__ import annotations

from pathlib import Path

from search.errors import RunFolderError
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary


def has_no_result(path: Path) -> bool:
    """Whether a folder is that of a sweep that has not come to a result, finished or not."""
    folder = RunFolder(path)
    return folder.sweep_file.is_file() and not folder.summary_file.exists()


def require_finished_sweep(path: Path, *, of_search: str = "") -> RunFolder:
    """The folder of a sweep that came to a result; it is told apart by its files, of which none is read.

    Args:
        path: The folder that a person names.
        of_search: What to do where it is the folder of a policy search, for the message; empty where nothing would do.

    Raises:
        RunFolderError: If it is none.
    """
    folder = RunFolder(path)
    missing = [file.name for file in (folder.sweep_file, folder.summary_file) if not file.is_file()]
    if not missing:
        return folder
    hint = f"; for a policy search, {of_search}" if of_search and folder.policy_file.is_file() else ""
    raise RunFolderError(
        f"{path}: a finished sweep has {missing[0]}, but there is none; name the folder of one, such as "
        f"runs/digits-1{hint}"
    )


def read_summary(path: Path) -> Summary:
    """The summary of a folder that a person names.

    Raises:
        RunFolderError: If it is not the folder of a finished search.
    """
    file = ResultFiles(path).summary_file
    try:
        return Summary.load(file)
    except (OSError, ValueError):
        if has_no_result(path):
            raise RunFolderError(
                f"{path}: a finished search has {file.name}, but this sweep came to no result; exitsearch report "
                f"{path} --html tells how far it came, and how to go on"
            ) from None
        raise RunFolderError(
            f"{path}: a finished search has {file.name}, but there is none that can be read; name folders of searches, "
            f"such as runs/digits-1"
        ) from None
