"""What a user is told about labelled files that cannot be used, and about files without labels."""

from __future__ import annotations

from pathlib import Path
import warnings

from policies.names import list_some
from trainables.data.files.report import Reasons, first_of, write_list
from trainables.data.label_files.labelled_files import FilesWithLabels
from trainables.errors import DataError, UnlabelledFilesWarning


_DAMAGED, _UNLABELLED = "damaged.csv", "unlabelled.csv"


def report_labelled(
    files: FilesWithLabels,
    damaged: Reasons,
    folder: Path,
    *,
    max_damaged: float,
    warning: type[Warning],
    left_out: Reasons = (),
) -> None:
    """Warn of files that are missing or damaged, or refuse the data where there are too many; tell of others.

    Args:
        files: All files that have labels; those that are missing count too.
        damaged: Path and reason of each that is there but damaged.
        folder: Gets ``damaged.csv`` and ``unlabelled.csv``, every path with its reason.
        max_damaged: Share of the files that may be missing or damaged.
        warning: Class of the warning of these.
        left_out: Path and reason of each file that is whole but of no use; listed and told, not counted as damaged.

    Raises:
        DataError: If more are missing or damaged, or all are of no use.

    Warns:
        UnlabelledFilesWarning: If there are files that the table has no row of; they are left out.
        Warning: Of the given class, if some are missing, damaged or left out.
    """
    _report_unlabelled(files, folder)
    gone = [*files.missing, *damaged]
    if not gone and not left_out:
        return
    n_all, kind = len(files.paths) + len(files.missing), files.kind.plural
    listed = write_list(folder / _DAMAGED, [*gone, *left_out])
    found = f"{len(gone)} of {n_all} labelled {kind} ({len(gone) / n_all:.2%}) are missing or damaged"
    is_nothing_left = len(damaged) + len(left_out) == len(files.paths)
    if len(gone) / n_all > max_damaged or is_nothing_left:
        raise DataError(
            f"{files.folder}: {found} but at most {max_damaged:.2%} may be, and not all: {first_of(gone or left_out)}; "
            f"delete or repair them, correct {files.rows.path.name}, or raise data.max_damaged; {listed}"
        )
    told = [f"{found} and skipped: {first_of(gone)}"] if gone else []
    told += [f"{len(left_out)} of {n_all} {kind} are left out: {first_of(left_out)}"] if left_out else []
    warnings.warn(f"{files.folder}: {'; '.join(told)}; {listed}", warning, stacklevel=3)


def _report_unlabelled(files: FilesWithLabels, folder: Path) -> None:
    if not files.unlabelled:
        return
    listed = write_list(folder / _UNLABELLED, [(path, "no row") for path in files.unlabelled])
    warnings.warn(
        f"{files.folder}: {len(files.unlabelled)} {files.kind.plural} beside the {len(files.paths)} with labels have "
        f"no row in {files.rows.path.name} and are left out, {list_some(files.unlabelled, most=3)}: add rows, with no "
        f"label where there is none, or move them elsewhere; {listed}",
        UnlabelledFilesWarning,
        stacklevel=4,
    )
