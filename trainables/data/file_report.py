"""What a user is told about files that are damaged or of no use."""

from __future__ import annotations

from collections.abc import Sequence
import csv
from pathlib import Path
import warnings

from policies.atomic_file import whole_file
from trainables.data.class_folders import LabelledFiles
from trainables.errors import DataError


_NAMED = 3
_LIST_FILE = "damaged.csv"

Reasons = Sequence[tuple[str, str]]


def report_damage(
    files: LabelledFiles,
    damaged: Reasons,
    folder: Path,
    *,
    max_damaged: float,
    warning: type[Warning],
    left_out: Reasons = (),
) -> None:
    """Warn of damaged files, or refuse the data where there are too many.

    Args:
        files: All files.
        damaged: Path and reason of each damaged one.
        folder: Gets ``damaged.csv``, every path with its reason; where it cannot be written the message says so.
        max_damaged: Share of the files that may be damaged.
        warning: The class of the warning.
        left_out: Path and reason of each file that is whole but of no use; listed and told, not counted as damaged.

    Raises:
        DataError: If more are damaged.

    Warns:
        Warning: Of the given class, if some are damaged or left out.
    """
    if not damaged and not left_out:
        return
    found = f"{_count(files, damaged)} are damaged"
    listed = _write_list(folder / _LIST_FILE, [*damaged, *left_out])
    if len(damaged) / len(files.paths) > max_damaged:
        raise DataError(
            f"{files.folder}: {found} but at most {max_damaged:.2%} may be: {_first(damaged)}; delete or repair them, "
            f"or raise data.max_damaged; {listed}"
        )
    told = [f"{found} and skipped: {_first(damaged)}"] if damaged else []
    told += [f"{_count(files, left_out)} are left out: {_first(left_out)}"] if left_out else []
    warnings.warn(f"{files.folder}: {'; '.join(told)}; {listed}", warning, stacklevel=3)


def _count(files: LabelledFiles, some: Reasons) -> str:
    n_files = len(files.paths)
    return f"{len(some)} of {n_files} {files.kind.plural} ({len(some) / n_files:.2%})"


def _first(some: Reasons) -> str:
    return ", ".join(f"{path!r} ({reason})" for path, reason in some[:_NAMED])


def _write_list(path: Path, rows: Reasons) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("path", "reason"), *rows])
    except OSError as error:
        return f"the full list cannot be written to {path} ({error.strerror})"
    return f"the full list is {path}"
