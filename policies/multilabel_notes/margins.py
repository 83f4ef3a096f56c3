"""How far each label must be from its threshold: what margins had the labels that a later exit put right?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.rules.multilabel_notes.repairs import label_answers, repaired
from policies.tables.multilabel import MultiLabelTable


LEAST_CASES = 3
"""Fewest labels put right from which a margin is taken; of fewer it is 0."""


def repaired_margins(table: MultiLabelTable, temperatures: NDArray[np.float64], quantile: float) -> NDArray[np.float64]:
    """Least margin M_l of each label at each exit but the last, shape (E - 1, L).

    It is a quantile, with linear interpolation, of abs(p_l - t_l) over the samples of which the exit answers the label
    wrongly and the last exit rightly.

    Args:
        table: Exit table of the ``search`` split.
        temperatures: Temperature of each exit, shape (E,).
        quantile: Which quantile, in [0, 1].
    """
    said, answers = label_answers(table, temperatures)
    margins = np.abs(said - table.label_thresholds[:, None])
    put_right = repaired(answers, table.labels)
    least = np.zeros(put_right.shape[1:])
    for k, label in np.ndindex(least.shape):
        own = margins[put_right[:, k, label], k, label]
        if len(own) >= LEAST_CASES:
            least[k, label] = np.quantile(own, quantile)
    return least
