"""What a user is told about files that are damaged or of no use."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from pathlib import Path
import warnings

from policies.files.atomic import whole_file
from trainables.data.files.found import FoundFiles
from trainables.data.files.kinds import list_others
from trainables.errors import DataError, OtherFilesWarning


_NAMED, _KINDS_NAMED = 3, 5
_LIST_FILE = "damaged.csv"

Reasons = Sequence[tuple[str, str]]


def report_damage(
    files: FoundFiles,
    damaged: Reasons,
    folder: Path,
    *,
    max_damaged: float,
    warning: type[Warning],
    left_out: Reasons = (),
) -> None:
    """Warn of damaged files, or refuse the data where there are too many.

    Args:
        files: All files of the data folder, damaged and whole.
        damaged: Path and reason of each damaged one.
        folder: Gets ``damaged.csv``, every path with its reason; where it cannot be written the message says so.
        max_damaged: Share of the files that may be damaged.
        warning: Class of the warning.
        left_out: Path and reason of each file that is whole but of no use; listed and told, not counted as damaged.

    Raises:
        DataError: If more are damaged.

    Warns:
        Warning: Of the given class, if some are damaged or left out.
    """
    if not damaged and not left_out:
        return
    found = f"{count_of(files, damaged)} are damaged"
    listed = write_list(folder / _LIST_FILE, [*damaged, *left_out])
    if len(damaged) / len(files.paths) > max_damaged:
        raise DataError(
            f"{files.folder}: {found} but at most {max_damaged:.2%} may be: {first_of(damaged)}; delete or repair "
            f"them, or raise data.max_damaged; {listed}"
        )
    told = [f"{found} and skipped: {first_of(damaged)}"] if damaged else []
    told += [f"{count_of(files, left_out)} are left out: {first_of(left_out)}"] if left_out else []
    warnings.warn(f"{files.folder}: {'; '.join(told)}; {listed}", warning, stacklevel=3)


def report_others(files: FoundFiles) -> None:
    """Warn of files of kinds that are not read.

    Warns:
        OtherFilesWarning: If there are some.
    """
    n_others = sum(files.others.values())
    if n_others:
        warnings.warn(
            f"{files.folder}: {n_others} files of other kinds are ignored beside {len(files.paths)} "
            f"{files.kind.plural}: {list_others(files.others, most=_KINDS_NAMED)}; {files.kind.plural} are read from "
            f"{', '.join(files.kind.suffixes)}: convert them, or move them elsewhere",
            OtherFilesWarning,
            stacklevel=3,
        )


def count_of(files: FoundFiles, some: Reasons) -> str:
    """How many of all files these are."""
    n_files = len(files.paths)
    return f"{len(some)} of {n_files} {files.kind.plural} ({len(some) / n_files:.2%})"


def first_of(some: Reasons) -> str:
    """The first three with their reasons."""
    return ", ".join(f"{path!r} ({reason})" for path, reason in some[:_NAMED])


def write_list(path: Path, rows: Reasons) -> str:
    """Write paths with their reasons as CSV; what is told is where, or why it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("path", "reason"), *rows])
    except OSError as error:
        return f"the full list cannot be written to {path} ({error.strerror})"
    return f"the full list is {path}"
