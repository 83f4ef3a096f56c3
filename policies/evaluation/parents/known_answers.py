"""The distinct answers about parents that policies have given, numbered, and what each of them counts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.errors import PolicyError
from policies.evaluation.parents.code_kernel import fill_slots, number_answers
from policies.evaluation.parents.sums_kernel import line_of_bytes, line_of_marks, numbers_of_line, sum_bytes, sum_marks
from policies.evaluation.tallies import SharedTallies
from policies.judging.judged import Judged
from policies.qualities import CountedQuality, MeanQuality, Quality
from policies.tables.base import Truth
from policies.views.view import RuleView


_LANES = 8
_SPARSE = 2
"""Words of tallies that are added in about the time of one mark."""
_MOST_KNOWN = 1 << 21
"""From so many distinct answers on all are forgotten."""


class KnownAnswers:
    """Numbers answers about ``G`` parents as they come, and adds up what they count for.

    Samples of one parent seldom say enough for more than a few answers, however many policies there are: each is
    judged once.

    Args:
        truth: What answers are judged by, of G parents.
        qualities: What they are judged by, by name: counted qualities and means that look at answers alone.
        n_labels: Number of labels, ``L``, where answers are sets of them; None for classes.
    """

    def __init__(self, truth: Truth, qualities: Mapping[str, Quality[Any]], n_labels: int | None) -> None:
        counts = {name: one for name, one in qualities.items() if isinstance(one, CountedQuality)}
        self._means = {name: one for name, one in qualities.items() if isinstance(one, MeanQuality)}
        self._truth, self._tallies, self._n_labels = truth, SharedTallies(counts, truth), n_labels
        self._n_words = 1 if n_labels is None else -(-n_labels // 64)
        self.forget()

    def forget(self) -> None:
        """Start anew; numbers that were given before mean nothing any more."""
        self.n = 0
        self._of = np.empty(0, dtype=np.int64)
        self._codes = np.empty((0, self._n_words), dtype=np.uint64)
        self._slots = np.full(2, -1, dtype=np.int32)
        n_lanes = -(-self._tallies.n // _LANES) * _LANES
        self._added = np.zeros((0, n_lanes), dtype=np.uint8)
        self._marks = np.zeros((0, 0), dtype=np.int32)
        self._figures = {name: np.empty(0) for name in self._means}

    def forget_too_many(self) -> None:
        """Start anew where so many are known that they need much memory."""
        if self.n > _MOST_KNOWN:
            self.forget()

    def number(self, codes: NDArray[np.uint64], parents: NDArray[np.int64]) -> NDArray[np.int32]:
        """The number of each answer, shape (m,).

        Args:
            codes: Answers as words, shape (m, W).
            parents: Index of the parent of each row, over and over again where there are more rows.
        """
        self._make_room(self.n + len(codes))
        before = self.n
        numbers, self.n = number_answers(
            codes, parents, self._slots, self._of, self._codes, self.n, self._truth.n_samples
        )
        if self.n > before:
            self._judge(before)
        return np.asarray(numbers)

    def sums(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """The tallies of P policies, shape (P, T), given the number of the answer about each parent, shape (P, G)."""
        if self._is_sparse:
            found = sum_marks(numbers, self._marks, self._tallies.n)
        else:
            found = sum_bytes(numbers, self._added.view(np.uint64))
        return np.asarray(found[:, : self._tallies.n])

    def mean_figures(self, numbers: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """Each quality that is a mean over answers, by name, shape (P,); numbers as for :meth:`sums`."""
        found = {name: np.empty(len(numbers)) for name in self._figures}
        for block in row_blocks(*numbers.shape):
            for name, figures in self._figures.items():
                found[name][block] = figures[numbers[block]].mean(axis=1)
        return found

    def values(self, numbers: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """Every quality by name, shape (P,); numbers as for :meth:`sums`."""
        return self._tallies.values(self.sums(numbers)) | self.mean_figures(numbers)

    def line(
        self,
        numbers: NDArray[np.int32],
        levels: NDArray[np.int64],
        parents: NDArray[np.int64],
        changed: NDArray[np.int32],
        n_levels: int,
    ) -> dict[str, NDArray[np.float64]]:
        """Every quality by name at each level of one column of a gate, shape (L,).

        Args:
            numbers: The number of the answer about each parent where the gate is closed, shape (G,).
            levels: The level from which downward an answer changes, descending, shape (m,).
            parents: The parent that it is about, shape (m,).
            changed: Its new number, shape (m,).
            n_levels: Number of levels, ``L``.
        """
        change = (numbers.copy(), levels, parents, changed, n_levels)
        if self._is_sparse:
            closed = sum_marks(numbers[None], self._marks, self._tallies.n)[0]
            tallies = line_of_marks(closed, *change, self._marks)
        else:
            closed = sum_bytes(numbers[None], self._added.view(np.uint64))[0]
            tallies = line_of_bytes(closed, *change, self._added)
        found = self._tallies.values(tallies[:, : self._tallies.n])
        if self._means:
            by_level = numbers_of_line(numbers, levels, parents, changed, n_levels)
            found |= self.mean_figures(by_level)
        return found

    @property
    def _is_sparse(self) -> bool:
        """Whether tallies are so many that marks are added up one by one."""
        return self._added.shape[1] == 0

    def _make_room(self, n: int) -> None:
        """Make room for so many answers."""
        if n > len(self._of):
            room = max(n, 2 * len(self._of))
            self._of = np.concatenate([self._of[: self.n], np.zeros(room - self.n, dtype=np.int64)])
            spare = np.zeros((room - self.n, self._n_words), dtype=np.uint64)
            self._codes = np.concatenate([self._codes[: self.n], spare])
        if 2 * n >= len(self._slots):
            self._slots = np.full(1 << (2 * n).bit_length(), -1, dtype=np.int32)
            fill_slots(self._slots, self._of, self._codes, self.n)

    def _judge(self, first: int) -> None:
        """Judge the answers from a number on."""
        of = self._of[first : self.n]
        answers, truth = self._answers(self._codes[first : self.n]), self._truth.take(of)
        shape = (len(of), 1)
        view = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers[:, None])
        self._enter(self._tallies.marks(view, truth)[:, :, 0])
        for name, quality in self._means.items():
            self._figures[name] = np.append(self._figures[name], quality.of_answers(answers, truth))

    def _enter(self, marks: NDArray[np.int32]) -> None:
        """Enter what further answers add to the tallies, given their marks, shape (K, n)."""
        n_new, n_lanes = marks.shape[1], -(-self._tallies.n // _LANES) * _LANES
        if n_lanes > _SPARSE * _LANES * max(len(marks), 1):
            self._added = np.zeros((0, 0), dtype=np.uint8)
            self._marks = np.concatenate([self._marks.reshape(-1, len(marks)), marks.T])
            return
        added = np.zeros((n_new, n_lanes + 1), dtype=np.uint8)
        for own in marks:
            added[np.arange(n_new), np.where(own == self._tallies.n, n_lanes, own)] = 1
        self._added = np.concatenate([self._added, added[:, :n_lanes]])

    def _answers(self, codes: NDArray[np.uint64]) -> NDArray[Any]:
        """Answers, shape (n,) for classes, else (n, L), given their words."""
        if self._n_labels is None:
            return codes[:, 0].astype(np.int64)
        octets = codes.astype("<u8").view(np.uint8).reshape(len(codes), -1)
        return np.unpackbits(octets, axis=1, bitorder="little", count=self._n_labels).astype(bool)


def looks_at_answers_alone(quality: Quality[Any], judged: Judged) -> bool:
    """Whether a quality is counted or a mean, and looks at nothing but answers, as they are judged."""
    if not isinstance(quality, CountedQuality):
        return isinstance(quality, MeanQuality)
    view = judged.answered(np.full(len(judged.view.answers), judged.view.answers.shape[1] - 1))
    try:
        quality.marks(replace(view, distributions=None), judged.truth)
    except PolicyError:
        return False
    return True
