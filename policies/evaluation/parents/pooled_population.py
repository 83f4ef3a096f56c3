"""Judges whole populations of policies where samples leave by themselves and their answers are pooled over parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.evaluation.parents.combinations import Combinations
from policies.evaluation.parents.known_answers import KnownAnswers, looks_at_answers_alone
from policies.evaluation.parents.pooled_codes import PooledCodes
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.parents.membership import Parents
from policies.qualities import Quality


_TABLE_BYTES = 64 << 20
"""Most memory of the answers about every combination of exits."""
_MOST_POOLED = 1 << 28
"""Most values that are pooled for these: they should not take longer to make than the policies to judge without."""


@dataclass(frozen=True)
class Moves:
    """Samples that leave at one exit instead, level by level of one column of a gate, from the highest level down.

    Attributes:
        samples: The samples, shape (m,).
        levels: The level from which downward each of them leaves there, descending, shape (m,).
        exit_index: Index of the exit.
        n_levels: Number of levels of the column.
    """

    samples: NDArray[np.int64]
    levels: NDArray[np.int64]
    exit_index: int
    n_levels: int


class PooledPopulation:
    """Judges the pooled answers of policies, given the exits that samples take, those of a parent after another's.

    Where the answers about all combinations of exits fit into memory, a policy is one look-up a parent; else its
    samples are pooled. Either way each distinct answer about a parent is judged once.

    Args:
        judged: What is judged; its answers are pooled from samples.
        codes: Pools samples, and tells answers as words.
        parents: Which samples make which parent.
        qualities: What policies are judged by, by name: counted qualities and means that look at answers alone.

    Attributes:
        names: Names of the qualities.
    """

    def __init__(
        self,
        judged: Judged,
        codes: PooledCodes,
        parents: Parents,
        qualities: Mapping[str, Quality[Any]],
    ) -> None:
        self._codes, n_exits = codes, judged.view.answers.shape[1]
        self._parent_of, self._every_parent = parents.of_sample[parents.rows], np.arange(parents.n)
        self.names = tuple(qualities)
        self._known = KnownAnswers(judged.truth, qualities, codes.n_labels)
        n_combinations = Combinations.n_of(parents.sizes, n_exits)
        n_pooled = n_combinations * float(parents.sizes.max()) * codes.values.shape[2]
        self._combinations: Combinations | None = None
        if 4 * n_combinations <= _TABLE_BYTES and n_pooled <= _MOST_POOLED:
            self._combinations = Combinations(codes, n_exits, self._known.number)

    @classmethod
    def of(cls, judged: Judged, qualities: Mapping[str, Quality[Any]]) -> PooledPopulation | None:
        """Judge by those of the qualities that look at answers alone and are counted or means; None where none is.

        Args:
            judged: What is judged.
            qualities: What policies are judged by, by name.
        """
        answers = judged.view.parents
        codes = PooledCodes.of(answers) if isinstance(answers, PooledAnswers) else None
        if answers is None or codes is None:
            return None
        fitting = {name: one for name, one in qualities.items() if looks_at_answers_alone(one, judged)}
        if not fitting:
            return None
        return cls(judged, codes, answers.parents, fitting)

    def values(self, exits: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """Every quality of P policies by name, shape (P,).

        Args:
            exits: The exits that samples take, those of a parent after those of another, shape (P, N).
        """
        return self._known.values(self._numbers(exits))

    def line(self, exits: NDArray[np.int32], columns: Iterable[Moves]) -> dict[str, NDArray[np.float64]]:
        """Every quality by name at each level of one gate, one column after the other, and then where it is closed.

        Args:
            exits: The exits that samples take where the gate is closed, shape (N,).
            columns: What the levels of each column of the gate change.
        """
        closed = self._numbers(exits[None])
        found = []
        for moves in columns:
            changed = self._after_moves(exits, moves)
            parents = self._parent_of[moves.samples]
            found.append(self._known.line(closed[0], moves.levels, parents, changed, moves.n_levels))
        found.append(self._known.values(closed))
        return {name: np.concatenate([one[name] for one in found]) for name in self.names}

    def _numbers(self, exits: NDArray[np.int32]) -> NDArray[np.int32]:
        """The number of the answer about each parent by each policy, shape (P, G)."""
        if self._combinations is not None:
            return self._combinations.of_exits(exits)
        self._known.forget_too_many()
        codes = self._codes
        parts = [
            self._known.number(codes.of_exits(exits[block]), self._every_parent)
            for block in row_blocks(len(exits), codes.values.shape[2] * len(self._every_parent))
        ]
        return np.concatenate(parts).reshape(len(exits), -1)

    def _after_moves(self, exits: NDArray[np.int32], moves: Moves) -> NDArray[np.int32]:
        if self._combinations is not None:
            return self._combinations.after_moves(exits, moves.samples, moves.exit_index, self._parent_of)
        codes = self._codes.after_moves(exits, moves.samples, moves.exit_index, self._parent_of)
        return self._known.number(codes, self._parent_of[moves.samples])
