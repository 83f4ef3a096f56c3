"""The versions of the results log beside what was searched, for networks that answer with sets of labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.multilabel_notes.choices import notes_choices
from policies.tables.multilabel import MultiLabelTable
from search.reporting.tasks.base import BaselinePolicy


EVOLVED_ON = range(500, 10_001)
"""Numbers of samples on which the evolved versions are made: 17,600 policies, some five seconds for 5,000 samples. Of
fewer they would take longer than all else, and choose by little."""


def multilabel_baselines(
    search: MultiLabelTable, temperatures: NDArray[np.float64], *, evolves: bool | None = None
) -> dict[str, BaselinePolicy]:
    """What versions 0.11 to 0.18 of the results log choose, by name; none where there is no exit but the last.

    Args:
        search: The table that policies were chosen on.
        temperatures: Temperature of each exit, shape (E,).
        evolves: Whether the versions that search are among them; where None, as :data:`EVOLVED_ON` says.
    """
    evolves = search.n_samples in EVOLVED_ON if evolves is None else evolves
    return {
        f"notes_{name}": BaselinePolicy(choice.policy, {"is_fallback": choice.is_fallback})
        for name, choice in notes_choices(search, temperatures, evolves=evolves).items()
    }
