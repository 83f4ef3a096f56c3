"""What people hand over as a table of label sets, made into its arrays where it is plain what is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policies.tables.casts import COMMON_READERS, Reader, read_label_sets, read_logits
from policies.tables.input import TableInput, assume, begin_input, read_arrays, take_one_exit
from policies.tables.label_sets.checks import label_table_problems
from policies.tables.label_sets.doubts import label_doubts, not_label_logits
from policies.tables.sample_arrays.parents import absent_parents


_NEEDED = ("logits", "labels")
_READERS: dict[str, Reader] = {"logits": read_logits, "labels": read_label_sets, **COMMON_READERS}


def read_label_input(
    given: Mapping[str, Any], faults: Mapping[str, str], *, problems: Sequence[str] | None = None
) -> TableInput:
    """Cast, name and divide; find everything that is wrong at once.

    Args:
        given: Arrays, lists or tensors by key; ``meta`` is JSON text or a mapping. Only logits and labels are needed;
            what is None is not given.
        faults: What is wrong with further keys that could not be opened.
        problems: Of a table without labels, what is wrong with what was given for them; None where labels are needed.
    """
    table = begin_input(given, faults, needed=_NEEDED if problems is None else _NEEDED[:1], known=tuple(_READERS))
    table.problems += problems or ()
    unreadable = read_arrays(given, _READERS, table)
    take_one_exit(table, labels_axes=2)
    found: dict[str, Any] = {key: table.arrays.get(key) for key in _READERS}
    # Wrong axes are told before anything that they make look wrong.
    table.problems += label_table_problems(**found, meta=table.meta) + unreadable
    if not table.problems:
        table.problems += not_label_logits(table.arrays["logits"])
    if not table.problems:
        assume(table, "logits")
        table.notes += _doubts(table)
    return table


def _doubts(table: TableInput) -> list[str]:
    labels, parents = table.arrays.get("labels"), table.arrays.get("parents")
    if labels is None:
        return absent_parents(parents, table.meta)
    return [
        *label_doubts(
            table.arrays["logits"],
            labels,
            groups=table.arrays.get("groups"),
            parents=parents,
            names=table.meta.get("label_names") or [str(one) for one in range(labels.shape[1])],
            exclusive=table.meta.get("exclusive") or (),
        ),
        *absent_parents(parents, table.meta),
    ]
