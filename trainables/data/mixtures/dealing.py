"""Which recordings are mixed with which: each is in one group, so that groups share nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


VOICES = 3
"""How many recordings a group has, and a mixture at most."""


def deal(words: NDArray[np.str_], speakers: NDArray[np.str_], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Deal recordings out into groups of three, of different speakers who say different words; the last may be smaller.

    Speakers of whom most is left come first, so that none is left alone before the end.

    Args:
        words: What is said in each recording, shape (N,).
        speakers: Who says it, shape (N,).
        rng: Decides who is mixed with whom.

    Returns:
        Places of the recordings of each group; each of the N is in one.
    """
    left = {name: rng.permutation(np.flatnonzero(speakers == name)).tolist() for name in np.unique(speakers).tolist()}
    groups = []
    while any(left.values()):
        names = sorted((name for name in left if left[name]), key=lambda name: (-len(left[name]), rng.random()))
        group: list[int] = []
        for name in names:
            other = next((place for place in left[name] if words[place] not in words[group]), None)
            if other is not None and len(group) < VOICES:
                left[name].remove(other)
                group.append(other)
        groups.append(np.array(group, dtype=np.int64))
    return groups


def mixtures_of(group: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Of a group's recordings one mixture of each size: of one alone, of two, and of all three, as far as there are."""
    return [rng.permutation(group)[:size] for size in range(1, len(group) + 1)]
