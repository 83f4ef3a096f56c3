"""Recordings that are heard segment by segment: pooled evidence, and when to stop listening."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.metrics.classification import macro_f1
from policies.policy import Decision
from policies.spacing import evenly_spaced
from policies.tables.classification import ClassificationTable


_TINY = 1e-12
_MOST_LEVELS = 1000


@dataclass(frozen=True)
class Recordings:
    """What a policy says about recordings, after each of their segments. Segments are in the order of time.

    Attributes:
        first: Row of the first segment of each recording, shape (R,); the rows of a recording follow each other.
        labels: True classes, shape (R,).
        answers: Most probable class after each segment, shape (S,).
        confidence: Pooled probability of the answer after each segment, shape (S,).
        seconds: Seconds from the beginning of the recording to the end of each segment, padding included, shape (S,).
        cost: Compute spent on the recording up to each segment, in passes through the full network, shape (S,).
        depth: Depths taken up to each segment, added up, shape (S,).
    """

    first: NDArray[np.int64]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]
    confidence: NDArray[np.float64]
    seconds: NDArray[np.float64]
    cost: NDArray[np.float64]
    depth: NDArray[np.float64]

    @classmethod
    def pooled(
        cls, table: ClassificationTable, decision: Decision, *, segment_seconds: float, hop_seconds: float
    ) -> Recordings:
        """Pool the evidence of a policy over the segments of each recording.

        After segments 1 to s the answer is the class with the largest sum of log-probabilities, each of the exit that
        the segment left at, and its confidence is the softmax of the sums: evidence accumulation over time.

        Args:
            table: Exit table of segments, with ids ``<recording>#<number>``, numbered from 0 in steps of
                ``hop_seconds``.
            decision: Exits and answers of the policy on the segments.
            segment_seconds: Length of a segment in seconds.
            hop_seconds: Seconds from the start of a segment to that of the next.

        Raises:
            ExitTableError: If ids are of another form, or segments of one recording have different labels.
        """
        names, numbers = _split_ids(table.ids)
        order = np.lexsort((numbers, names))
        first = np.flatnonzero(np.r_[True, names[order][1:] != names[order][:-1]])
        labels = table.labels[order]
        counts = np.diff(first, append=len(order))
        if (labels != np.repeat(labels[first], counts)).any():
            raise ExitTableError(
                "segments of one recording must have one label but some differ; label recordings alike"
            )
        evidence: NDArray[np.float64] = np.log(np.maximum(decision.probabilities[order], _TINY))
        sums = _running(evidence, first)
        exits = decision.exits[order]
        return cls(
            first=first,
            labels=labels[first],
            answers=sums.argmax(axis=1),
            confidence=1 / np.exp(sums - sums.max(axis=1, keepdims=True)).sum(axis=1),
            seconds=np.asarray(numbers[order] * hop_seconds + segment_seconds, dtype=np.float64),
            cost=_running(np.asarray(table.cost[exits], dtype=np.float64), first),
            depth=_running(np.asarray(exits + 1, dtype=np.float64), first),
        )

    def figures(self, threshold: float = math.inf) -> dict[str, Any]:
        """What comes of listening until the confidence reaches a threshold; infinity listens to the end.

        Returns:
            ``accuracy`` and ``macro_f1`` over recordings; ``mean_seconds`` and ``mean_segments`` heard of each;
            ``mean_depth`` over the segments heard; ``mean_cost`` of a recording in passes through the full network;
            ``n_recordings``.
        """
        heard = self._last_segment(threshold)
        n_segments = heard - self.first + 1
        answers = self.answers[heard]
        return {
            "accuracy": float((answers == self.labels).mean()),
            "macro_f1": macro_f1(answers, self.labels),
            "mean_seconds": float(self.seconds[heard].mean()),
            "mean_segments": float(n_segments.mean()),
            "mean_depth": float(self.depth[heard].sum() / n_segments.sum()),
            "mean_cost": float(self.cost[heard].mean()),
            "n_recordings": len(self.labels),
        }

    def least_threshold(self, target: float) -> float:
        """The threshold of least ``mean_seconds`` whose accuracy is at least the target; infinity where none is.

        All values of the confidence are tried, or 1,000 quantiles of them where there are more.
        """
        levels = np.unique(np.sort(self.confidence)[evenly_spaced(len(self.confidence), _MOST_LEVELS)])
        heard = [self._last_segment(level) for level in levels]
        seconds = np.array([self.seconds[rows].mean() for rows in heard])
        accuracy = np.array([(self.answers[rows] == self.labels).mean() for rows in heard])
        seconds[accuracy < target] = math.inf
        best = int(seconds.argmin())
        return math.inf if math.isinf(seconds[best]) else float(levels[best])

    def _last_segment(self, threshold: float) -> NDArray[np.int64]:
        """Row of the last segment that is heard of each recording, shape (R,)."""
        last = np.append(self.first[1:], len(self.answers)) - 1
        open_rows = np.flatnonzero(self.confidence >= threshold)
        position = np.searchsorted(open_rows, self.first)
        stops = np.append(open_rows, len(self.answers))[position]
        return np.asarray(np.minimum(stops, last), dtype=np.int64)


def _split_ids(ids: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    parts = [str(one).rpartition("#") for one in ids]
    bad = ["".join(part) for part in parts if not part[0] or not part[2].isdecimal()]
    if bad:
        raise ExitTableError(f"ids must be <recording>#<number> to tell segments but one is {bad[0]!r}; rename them")
    return np.array([name for name, _, _ in parts]), np.array([int(number) for _, _, number in parts])


def _running(values: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums over the rows of each recording up to each row."""
    total = np.cumsum(values, axis=0)
    before = total[first] - values[first]
    return np.asarray(total - np.repeat(before, np.diff(first, append=len(values)), axis=0))
