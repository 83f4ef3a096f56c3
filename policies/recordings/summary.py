"""What the selected policy means for whole recordings, where samples are their segments."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any
import warnings

from policies.errors import ExitTableError
from policies.policy import Decision
from policies.recordings.pooling import Recordings
from policies.tables.classification import ClassificationTable


_FACTS = ("segment_seconds", "hop_seconds")


class RecordingsWarning(UserWarning):
    """Samples are said to be segments of recordings, but cannot be told so."""


def summarise_recordings(
    tables: Mapping[str, ClassificationTable], decisions: Mapping[str, Decision], *, target: float | None
) -> dict[str, Any] | None:
    """Pool the segments of each recording, and find out how long it must be listened to.

    Args:
        tables: Exit tables of segments, by split; ``search`` is among them.
        decisions: What a policy did with the segments of each split.
        target: Least accuracy over recordings; None or 0 where there is none, so that all are heard to the end.

    Returns:
        None where samples are no segments; else ``threshold``, the pooled confidence at which listening stops (chosen
        on ``search``; None listens to the end), and by split the figures of listening to the ``whole`` recording and
        only ``until_sure``.

    Warns:
        RecordingsWarning: If samples are said to be segments but have other ids; None is returned then.
    """
    if not all(name in tables["search"].meta for name in _FACTS):
        return None
    try:
        recordings = {split: _pooled(table, decisions[split]) for split, table in tables.items()}
    except (ExitTableError, TypeError, ValueError) as error:
        # A word in the tables' meta must not cost the report.
        warnings.warn(f"recordings are left out of the report: {error}", RecordingsWarning, stacklevel=2)
        return None
    threshold = recordings["search"].least_threshold(target) if target else math.inf
    return {
        "threshold": None if math.isinf(threshold) else threshold,
        "whole": {split: one.figures() for split, one in recordings.items()},
        "until_sure": {split: one.figures(threshold) for split, one in recordings.items()},
    }


def _pooled(table: ClassificationTable, decision: Decision) -> Recordings:
    facts = {name: float(table.meta[name]) for name in _FACTS}
    return Recordings.pooled(table, decision, **facts)
