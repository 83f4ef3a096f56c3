"""What is given for the labels of a table that is to have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.errors import ExitTableError
from policies.tables.casts import as_array


UNKNOWN_LABEL = -1
"""Stands for a class that nobody knows."""
UNKNOWN_MARK = 255
"""Stands, in uint8, for whether a label is on where nobody knows it."""
READ_AS_UNLABELLED = "a table without labels is read as an unlabelled one (exitsearch certify --unlabelled)"
_LABELS = "labels"


def without_labels(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What is given beside labels, and what is wrong with labels that should be unknown, as clauses for a person.

    Args:
        given: Arrays, lists or tensors by key: ``labels`` must be absent, None, or -1 throughout.
    """
    others = {key: value for key, value in given.items() if key != _LABELS}
    if given.get(_LABELS) is None:
        return others, []
    try:
        labels = as_array(given[_LABELS])
    except ValueError as problem:
        return others, [f"{_LABELS!r} {problem}"]
    known = labels.ravel() != UNKNOWN_LABEL
    if not known.any():
        return others, []
    if known.all():
        return others, ["the table was called unlabelled but has labels; leave that out (--unlabelled)"]
    return others, [
        f"the table was called unlabelled but {np.count_nonzero(known)} of its {known.size} labels are known; leave "
        f"'labels' out and fill those that are asked for into the file of --to-label, or have only those samples in "
        "the table whose labels are known"
    ]


def require_unknown(is_unknown: bool) -> None:
    """Refuse known labels in a table that states that it has none.

    Raises:
        ExitTableError: If there are any.
    """
    if not is_unknown:
        raise ExitTableError(
            "a table that is not labelled must have placeholders for all of its labels but knows some; read it anew"
        )


def no_labels() -> ExitTableError:
    """The error of whoever asks a table without labels for what is right."""
    return ExitTableError(
        "the table has no labels, so that nobody knows which answers are right; label it, or ask for what needs none, "
        "such as how many answers differ from the full network's"
    )
