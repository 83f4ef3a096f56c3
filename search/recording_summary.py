"""What the selected policy means for whole recordings, where samples are their segments."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any

from policies.exit_table import ExitTable
from policies.listening import Recordings
from policies.policy import Policy


_FACTS = ("segment_seconds", "hop_seconds")


def summarise_recordings(policy: Policy, tables: Mapping[str, ExitTable], *, target: float) -> dict[str, Any] | None:
    """Pool the segments of each recording, and find out how long it must be listened to.

    Args:
        policy: Decides about segments.
        tables: Of segments, by split; ``search`` is among them.
        target: Least accuracy over recordings.

    Returns:
        None where samples are no segments; else ``threshold``, the pooled confidence at which listening stops (chosen
        on ``search``; None listens to the end), and by split the figures of listening to the ``whole`` recording and
        only ``until_sure``.
    """
    if not all(name in tables["search"].meta for name in _FACTS):
        return None
    recordings = {
        split: Recordings.pooled(table, policy.decide(table), **{name: float(table.meta[name]) for name in _FACTS})
        for split, table in tables.items()
    }
    threshold = recordings["search"].least_threshold(target)
    return {
        "threshold": None if math.isinf(threshold) else threshold,
        "whole": {split: one.figures() for split, one in recordings.items()},
        "until_sure": {split: one.figures(threshold) for split, one in recordings.items()},
    }
