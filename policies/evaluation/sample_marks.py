"""The marks of samples as bits: in which order samples lie, and which of them each tally counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.tallies import SharedTallies
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers, WholeAnswers
from policies.qualities import CountedQuality, PooledQuality, Quality, counted
from policies.tables.base import Truth
from policies.views.view import RuleView


_MOST_PACKED = 256
"""Words of packed marks that are counted in about the time of one sample's mark, for each 64 samples."""


def counted_among(qualities: Mapping[str, Quality[Any]]) -> dict[str, CountedQuality[Any]]:
    """Those qualities that are counted.

    Raises:
        ExitSearchError: If a quality is neither counted nor pooled.
    """
    return {name: counted(one) for name, one in qualities.items() if not isinstance(one, PooledQuality)}


def order_of_bits(view: RuleView, truth: Truth, qualities: Iterable[CountedQuality[Any]] = ()) -> NDArray[np.int64]:
    """The order in which the samples of a view lie, shape (N,), so that few words of bits need to be looked at.

    Samples with alike answers lie side by side, since a column that sees only some classes then fills few words; and
    those of one subgroup do, where qualities are of subgroups. Of parents that leave as a whole the first samples come
    first, since they alone have marks; where answers are pooled the samples of a parent follow each other.

    Args:
        view: What a rule sees in N samples.
        truth: What answers about them are judged by.
        qualities: What is counted of policies.
    """
    if isinstance(view.parents, PooledAnswers):
        return view.parents.parents.rows
    n_samples = len(view.answers)
    keys = [_number_of_subgroup(truth, qualities)]
    if view.n_columns > 1 and view.answers.ndim == 2:
        keys += list(view.answers.T[::-1])
    if view.parents is not None:
        is_first = np.zeros(n_samples, dtype=bool)
        is_first[view.parents.parents.first_rows] = True
        keys.append(~is_first)
    return np.lexsort(keys)


def _number_of_subgroup(truth: Truth, qualities: Iterable[CountedQuality[Any]]) -> NDArray[np.int64]:
    """The last of the qualities' subgroups that each sample is in, from 1 on, or 0, shape (N,)."""
    numbers = np.zeros(truth.n_samples, dtype=np.int64)
    found = (one.among(truth) for one in qualities)
    subgroups = {among.tobytes(): among for among in found if among is not None}
    for number, among in enumerate(subgroups.values(), 1):
        numbers[among] = number
    return numbers


def marks_of_samples(tallies: SharedTallies, view: RuleView, judged: Judged) -> NDArray[np.int32]:
    """The tallies that each sample adds to at each exit, shape (K, N, E); where parents leave, their first samples do.

    Args:
        tallies: What is counted.
        view: What would be answered at every exit.
        judged: What is judged of the view.
    """
    answers = view.parents
    if not isinstance(answers, WholeAnswers):
        return tallies.marks(view, judged.truth) if tallies.n else np.empty((0, *view.eligible.shape), dtype=np.int32)
    exits = np.arange(view.answers.shape[1])[:, None].repeat(len(view.answers), axis=1)
    of_parents = np.concatenate([tallies.marks(judged.answered(own), judged.truth) for own in exits], axis=2)
    marks = np.full((len(of_parents), *view.eligible.shape), tallies.n, dtype=np.int32)
    marks[:, answers.parents.first_rows] = of_parents
    return marks


def without_gaps(marks: NDArray[np.int32], n_tallies: int) -> NDArray[np.int32]:
    """The same marks with no more places for each sample than any of them needs, shape (N, E, K).

    Args:
        marks: The tallies that each sample adds to at each exit, shape (N, E, K); T stands for none.
        n_tallies: Number of tallies, ``T``.
    """
    most = int((marks < n_tallies).sum(axis=2).max(initial=0))
    if most == marks.shape[2]:
        return marks
    return np.ascontiguousarray(np.sort(marks, axis=2)[:, :, :most])


def spans_of(packed: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The first word that holds any of each tally, and the one after the last, shape (T, 2); packed as below."""
    held = (packed != 0).any(axis=0)
    n_words = held.shape[1]
    last = np.where(held.any(axis=1), n_words - held[:, ::-1].argmax(axis=1), 0) if n_words else np.zeros(len(held))
    first = held.argmax(axis=1) if n_words else np.zeros(len(held))
    return np.stack([first, last], axis=1).astype(np.int64)


def packed_marks(marks: NDArray[np.int32], n_tallies: int) -> NDArray[np.uint64]:
    """Which samples each tally counts at each exit, in as many words as hold any; T is 0 where one by one is quicker.

    Args:
        marks: The tallies that each sample adds to at each exit, shape (N, E, K); T stands for none.
        n_tallies: Number of tallies, ``T``.

    Returns:
        Shape (E, T, V).
    """
    n_exits = marks.shape[1]
    if not n_tallies or n_tallies * n_exits > _MOST_PACKED * marks.shape[2]:
        return np.empty((n_exits, 0, 0), dtype=np.uint64)
    is_marked = np.flatnonzero((marks < n_tallies).any(axis=(1, 2)))
    n_marked = int(is_marked[-1]) + 1 if len(is_marked) else 0
    rows = [
        pack((marks[:n_marked, k] == tally).any(axis=1)[None]) for k in range(n_exits) for tally in range(n_tallies)
    ]
    return np.concatenate(rows).reshape(n_exits, n_tallies, -1)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Pack rows of N bools into rows of ceil(N / 64) words, padded with zeros."""
    n_rows, n_bits = bits.shape
    octets = np.zeros((n_rows, -(-n_bits // 64) * 8), dtype=np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little")
    octets[:, : packed.shape[1]] = packed
    return octets.view(np.uint64)
