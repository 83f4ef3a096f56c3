"""How many exits in a row have given the same answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import State


def no_run(n_samples: int) -> State:
    """The state before the first exit: no answer yet."""
    return (np.full(n_samples, -1, dtype=np.int64), np.zeros(n_samples, dtype=np.int64))


def longer_run(state: State, answers: NDArray[np.int64]) -> State:
    """The state after an exit with these answers, shape (n,): the answers, and how many in a row were the same."""
    before, length = state
    return answers, np.where(answers == before, length + 1, 1)
