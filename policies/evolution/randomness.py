"""Borrowing Python's global random generator without disturbing anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import random
from threading import RLock


_BORROWED = RLock()


@contextmanager
def seeded_global_random(seed: int) -> Iterator[None]:
    """Seed the global generator, which DEAP draws from, and put its state back afterwards.

    Only one thread may hold it at a time, so that two searches in one process stay reproducible.
    """
    with _BORROWED:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)
