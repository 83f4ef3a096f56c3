"""The levels of sureness from which on no further sample of a parent is read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.levels.answers import PooledAnswers
from policies.levels.reading import running_sureness
from policies.spacing import evenly_spaced


MOST_LEVELS = 256
_DIGITS = 9


def sureness_levels(answers: PooledAnswers, n_exits: int, max_levels: int) -> NDArray[np.float64]:
    """Sureness from which on no further sample is read, ascending: from reading one sample to reading all, shape (R,).

    How sure an answer is depends on the exits that samples take, but the levels must not. They are those that can be
    observed where all samples take the same exit, of all exits together: halfway between neighbours among the distinct
    values before the last sample, or evenly spaced ones of these where there are more than ``max_levels``. The first
    is 0, which every sureness reaches; the last is infinity. Values that differ by less than 1e-9 count as one, so that
    no decision hangs on how numbers are rounded.

    Args:
        answers: What is answered about parents.
        n_exits: Number of exits, ``E``.
        max_levels: Most levels besides infinity.
    """
    is_last = np.zeros(len(answers.parents.rows), dtype=bool)
    is_last[answers.parents.starts[1:] - 1] = True
    observed = [running_sureness(answers, np.full(len(is_last), exit_index))[~is_last] for exit_index in range(n_exits)]
    distinct = np.unique(np.round(np.concatenate(observed), _DIGITS))
    middle = (distinct[:-1] + distinct[1:]) / 2
    return np.concatenate([[0.0], middle[evenly_spaced(len(middle), max_levels - 1)], [np.inf]])
