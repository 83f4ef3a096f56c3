"""From samples as they come to the units that are independent of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.errors import MonitoringError
from policies.monitoring.answers import AnsweredSamples


class FinishedUnits:
    """Holds the samples of a group back until one of another group comes: only then is its mean known.

    A group that comes back after it was finished was already counted, so that its further samples are left out. Samples
    without groups are units by themselves and pass.

    Args:
        unit: What counts as one: ``sample``, or ``group``, where samples without groups are refused.

    Attributes:
        unit: What counts as one: ``sample``, or ``group``; samples with groups make it ``group``.
        n_left_out: Samples of groups that had been finished before.
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.n_left_out = 0
        self._is_first = True
        # A list, since joining at every sample takes time that grows with the square of a group.
        self._open: list[AnsweredSamples] = []
        self._finished: set[str] = set()

    def update(self, samples: AnsweredSamples) -> AnsweredSamples:
        """Take further samples and give those whose units are finished, each group's together.

        Raises:
            MonitoringError: If some samples have groups and others have none, or groups are needed.
        """
        if not samples.n_samples:
            return samples
        self._require_alike(samples)
        if samples.groups is None:
            return samples
        open_group = self._open_group
        kept = self._without_finished(samples, open_group)
        if not kept.n_samples:  # all of them come too late
            return kept
        last = int(np.flatnonzero(_is_start(kept))[-1])
        if last == 0 and _first_group(kept) == open_group:
            self._open.append(kept)
            return kept.take(slice(0, 0))
        finished = AnsweredSamples.join([*self._open, kept.take(slice(0, last))])
        self._open = [kept.take(slice(last, None))]
        return finished

    def finish(self) -> AnsweredSamples | None:
        """The samples of the last group, where there is one: nothing further comes."""
        if not self._open:
            return None
        left, self._open = AnsweredSamples.join(self._open), []
        self._finished.add(_first_group(left))
        return left

    @property
    def _open_group(self) -> str | None:
        """Name of the group whose samples are held back, where there is one."""
        return _first_group(self._open[0]) if self._open else None

    def _require_alike(self, samples: AnsweredSamples) -> None:
        unit = "sample" if samples.groups is None else "group"
        if self._is_first and (self.unit == "sample" or unit == "group"):
            self.unit, self._is_first = unit, False
        if unit != self.unit:
            raise MonitoringError(
                "samples of one origin are counted as one, so that each must name its group, but some do not; "
                "give the group of every sample"
                if self.unit == "group"
                else "either all samples name their group or none does, but some do after others did not"
            )

    def _without_finished(self, samples: AnsweredSamples, current: str | None) -> AnsweredSamples:
        """Leave out what comes after its group was finished; note those that are finished now, ``current`` first."""
        names = np.asarray(samples.groups).tolist()
        is_kept = np.ones(len(names), dtype=bool)
        for row, name in enumerate(names):
            if name == current:
                continue
            if name in self._finished:
                is_kept[row] = False
                continue
            if current is not None:
                self._finished.add(current)
            current = name
        self.n_left_out += int((~is_kept).sum())
        return samples if is_kept.all() else samples.take(is_kept)


def unit_codes(samples: AnsweredSamples) -> NDArray[np.int64]:
    """The unit of each sample, shape (N,), counted from 0 in their order, where each group's samples are together."""
    if samples.groups is None:
        return np.arange(samples.n_samples)
    return np.asarray(np.cumsum(_is_start(samples)) - 1)


def together(samples: AnsweredSamples, *, seed: int | None = None) -> AnsweredSamples:
    """The samples with each group's together: units in the order of their first sample, or shuffled by a seed."""
    first = np.arange(samples.n_samples)
    if samples.groups is not None:
        _, starts, codes = np.unique(samples.groups, return_index=True, return_inverse=True)
        first = starts[codes]
    if seed is not None:
        first = np.random.default_rng(seed).permutation(samples.n_samples)[first]
    return samples.take(np.argsort(first, kind="stable"))


def _first_group(samples: AnsweredSamples) -> str:
    return str(np.asarray(samples.groups)[0])


def _is_start(samples: AnsweredSamples) -> NDArray[np.bool_]:
    """Whether a sample is the first of its group, shape (N,)."""
    groups = np.asarray(samples.groups)
    return np.concatenate([[True], groups[1:] != groups[:-1]])[: len(groups)]
