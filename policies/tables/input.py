"""What people hand over as an exit table, made into its arrays where it is plain what is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
import json
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError, ExitTableWarning
from policies.files.npz import META, parse_meta, problems_of_keys
from policies.tables.base import ASSUMED, SCHEMA, TASK
from policies.tables.casts import READERS, Reader, as_array
from policies.tables.checks import table_problems
from policies.tables.doubts import doubts, not_logits
from policies.tables.sample_arrays.columns import PREFIX, column_key, column_names, column_problems, read_column
from policies.tables.sample_arrays.parents import absent_parents
from policies.tables.unlabelled.reading import READ_AS_UNLABELLED


_NEEDED = ("logits", "labels")
_KNOWN = tuple(READERS)


@dataclass
class TableInput:
    """What was read so far.

    Attributes:
        arrays: Arrays by key, of the right types; those that could not be read are missing.
        meta: Facts that the table states about itself, by name.
        notes: What was changed or assumed, as clauses for a person.
        problems: What cannot be read, as clauses for a person.
        columns: Facts about samples by the columns' names.
    """

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def told(self, name: str) -> dict[str, Any]:
        """What a table is made of, by its attributes; what was changed or assumed is told in a warning.

        Args:
            name: What a person calls the table.

        Raises:
            ExitTableError: With everything that cannot be read.
        """
        if not self.problems:
            self.problems += column_problems(self.columns, len(self.arrays["ids"]))
        if self.problems:
            raise ExitTableError(f"{name}: {'; '.join(self.problems)}")
        if self.notes:
            # Of the line that loads or makes a table, which does so by way of two functions.
            warnings.warn(f"{name}: {'; '.join(self.notes)}", ExitTableWarning, stacklevel=4)
        return {**self.arrays, "columns": self.columns, "meta": self.meta}


def read_input(
    given: Mapping[str, Any], faults: Mapping[str, str] | None = None, *, problems: Sequence[str] | None = None
) -> TableInput:
    """Cast, number and divide a classifier's table; find everything that is wrong at once.

    Args:
        given: Arrays, lists or tensors by key; ``meta`` is JSON text or a mapping. Only logits and labels are needed;
            what is None is not given.
        faults: What is wrong with further keys that could not be opened.
        problems: Of a table without labels, what is wrong with what was given for them; None where labels are needed.
    """
    table = begin_input(given, faults or {}, needed=_NEEDED if problems is None else _NEEDED[:1], known=_KNOWN)
    table.problems += problems or ()
    unreadable = read_arrays(given, READERS, table)
    take_one_exit(table, labels_axes=1)
    found = {key: table.arrays.get(key) for key in _KNOWN}
    # Wrong axes are told before anything that they make look wrong.
    table.problems += table_problems(**found, meta=table.meta) + unreadable
    if not table.problems:
        table.problems += not_logits(table.arrays["logits"])
    if not table.problems:
        assume(table, "logits")
        table.notes += doubts(table.arrays["logits"], table.arrays.get("labels"), table.arrays.get("groups"))
        table.notes += absent_parents(table.arrays.get("parents"), table.meta)
    return table


def begin_input(
    given: Mapping[str, Any], faults: Mapping[str, str], *, needed: Sequence[str], known: Sequence[str]
) -> TableInput:
    """Read the metadata, and say which keys are missing, unknown or could not be opened.

    Args:
        given: Arrays, lists or tensors by key; what is None is not given.
        faults: What is wrong with further keys that could not be opened.
        needed: Keys that must be there.
        known: Keys that may be there.
    """
    there = [key for key, value in given.items() if value is not None]
    own = [key for key in (*there, *faults) if not key.startswith(PREFIX)]
    table = TableInput(problems=[*problems_of_keys(own, required=needed, known=known)])
    if "labels" in needed and "labels" not in own:
        table.problems[0] += f"; {READ_AS_UNLABELLED}"
    table.problems += faults.values()
    _read_columns({key: given[key] for key in there}, table)
    _read_meta(given, table)
    return table


def read_arrays(given: Mapping[str, Any], readers: Mapping[str, Reader], table: TableInput) -> list[str]:
    """Put what can be read into the table; returns what cannot, as clauses for a person."""
    unreadable = []
    for key, read in readers.items():
        if given.get(key) is None:
            continue
        try:
            table.arrays[key] = read(key, as_array(given[key]), table.notes)
        except ValueError as problem:
            unreadable.append(f"{key!r} {problem}")
    return unreadable


def _read_columns(given: Mapping[str, Any], table: TableInput) -> None:
    for name in column_names([*given]):
        key = column_key(name)
        try:
            table.columns[name] = read_column(as_array(given[key]))
        except ValueError as problem:
            table.problems.append(f"{key!r} {problem}")


def _read_meta(given: Mapping[str, Any], table: TableInput) -> None:
    meta = given.get(META)
    if meta is None:
        return
    try:
        text = json.dumps(dict(meta), default=lambda value: value.tolist()) if isinstance(meta, Mapping) else meta
        table.meta = parse_meta(np.asarray(text), SCHEMA, must_state=False)
        # The class of the table says it.
        table.meta.pop(TASK, None)
    except (AttributeError, TypeError, ValueError) as problem:
        reason = str(problem)
        table.problems.append(reason if "'meta'" in reason else f"'meta' must be facts that JSON can hold ({reason})")


def take_one_exit(table: TableInput, *, labels_axes: int) -> None:
    """Logits of one exit may come without its axis, where the other arrays do not speak against it.

    Args:
        table: What was read so far.
        labels_axes: Number of axes of labels that match those of one exit's logits.
    """
    logits, labels, cost = (table.arrays.get(key) for key in ("logits", "labels", "cost"))
    if logits is None or labels is None or logits.ndim != 2 or labels.shape != logits.shape[:labels_axes]:
        return
    if cost is None or cost.size == 1:
        table.arrays["logits"] = logits[:, None]
        table.notes.append(f"'logits' of shape {logits.shape} are taken as those of one exit")


def assume(table: TableInput, key: str) -> None:
    """Fill in what was not given, and say so in the facts too: a guess must not be compared with what is known.

    Args:
        table: What was read, without a problem.
        key: Key of what the network said, shape (N, E, ...).
    """
    said = table.arrays[key]
    n_exits = said.shape[1]
    assumed = []
    if "cost" not in table.arrays:
        table.arrays["cost"] = np.arange(1, n_exits + 1) / n_exits
        if n_exits > 1:
            assumed.append("cost")
            table.notes.append(f"no 'cost' is given: each of the {n_exits} stages is taken to cost the same")
    if "ids" not in table.arrays:
        table.arrays["ids"] = _names_by_content(key, said)
        assumed.append("ids")
        table.notes.append(
            f"no 'ids' are given: a sample that two tables share is only found where its {key} are exactly the same"
        )
    if assumed:
        table.meta[ASSUMED] = assumed


def _names_by_content(key: str, said: NDArray[Any]) -> NDArray[np.str_]:
    """Names made of what the network said, shape (N,): alike in every table that holds the sample.

    Rows that a table holds twice tell nothing of the sample; they get names of this table's own.
    """
    rows = said.astype(np.float32).reshape(len(said), -1) + np.float32(0)  # No minus zero.
    names = np.array([f"{key}-{blake2b(row.tobytes(), digest_size=8).hexdigest()}" for row in rows])
    _, which, counts = np.unique(names, return_inverse=True, return_counts=True)
    of_table = blake2b("".join(names).encode(), digest_size=8).hexdigest()
    own = [f"row-{row}-of-{of_table}" for row in range(len(names))]
    return np.asarray(np.where(counts[which] == 1, names, own), dtype=np.str_)
