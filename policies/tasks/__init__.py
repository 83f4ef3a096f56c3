"""Kinds of answers by name. A new kind is a file here, one with its tables, its rules and qualities, and one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policies.errors import ExitTableError
from policies.files.npz import META, read_archive, stated
from policies.qualities import require_judges
from policies.registry import Registry, resolve
from policies.tables.base import TASK, ExitTable
from policies.tasks.base import Task


TASKS: Registry[Task[Any]] = Registry(
    {
        "classification": "policies.tasks.classification:Classification",
        "detection": "policies.tasks.detection:Detection",
        "multi-label": "policies.tasks.multilabel:MultiLabel",
    }
)


def get_task(name: str) -> Task[Any]:
    """Return the task registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is none.
    """
    task: Task[Any] = resolve("task", name, TASKS, Task)
    return task


def judged_by(table: ExitTable, asked: Sequence[str]) -> tuple[str, ...]:
    """Names of what policies on a table are judged by: its task's own quality, then what is asked for.

    Raises:
        ExitSearchError: If a quality is not for answers of the table's kind.
    """
    for name in asked:
        require_judges(name, table)
    return get_task(table.task).qualities(asked)


def load_table(path: Path | str, *, unlabelled: bool = False) -> ExitTable:
    """Read an exit table of any kind from a ``.npz`` file; where it does not say of which, it is a classifier's.

    Nothing is unpickled. What is cast or assumed is told in an :class:`~policies.errors.ExitTableWarning`.

    Args:
        path: Path of the file to read.
        unlabelled: Whether the table has no labels: ``labels`` must be absent or -1 throughout. What needs labels is
            then refused.

    Raises:
        ExitSearchError: If the file is missing, damaged or breaks the contract, with everything that is wrong, or its
            task is unknown; of an unlabelled one also if some labels are known, or its task cannot do without.

    Example:
        >>> search.save(folder / "search.npz")
        >>> load_table(folder / "search.npz").n_classes
        4
    """
    archive = read_archive(Path(path), "exit table", ExitTableError)
    name = stated(archive.arrays.get(META), TASK) or "classification"
    table_type = get_task(str(name)).table_type
    read = table_type.read_unlabelled if unlabelled else table_type.read
    return read(archive.arrays, archive.faults, str(path))


__all__ = ["TASKS", "Task", "get_task", "judged_by", "load_table"]
