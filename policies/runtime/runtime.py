"""Running a network under a policy, so that what is after the exit taken is not computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.base import Step
from policies.runtime.answers import Answers
from policies.runtime.chunks import fastest_chunk
from policies.runtime.stages import Stages
from policies.views.view import gate_is_open


class EarlyExitRuntime:
    """A network under a policy: every sample leaves at the first exit whose gate is open, and costs no more.

    The gate is the policy's own rule, asked one exit at a time, so that what is decided is what
    :meth:`policies.policy.Policy.decide` says of the network's exit table. Whoever stays is compacted after each exit;
    large batches are cut into chunks first, since most executors are slower per sample beyond some size.

    Args:
        stages: The network.
        policy: Of this network.
        chunk_size: Most samples that are run together; None measures, with the first batch that is large enough, which
            size is fastest.

    Raises:
        PolicyError: If the policy is for another number of exits.
    """

    def __init__(self, stages: Stages, policy: Policy, *, chunk_size: int | None = None) -> None:
        if policy.n_exits != stages.n_exits:
            raise PolicyError(
                f"a policy is for one network but this one has {policy.n_exits} exits and the network "
                f"{stages.n_exits}; take the policy that was made for it"
            )
        self._stages, self._policy, self._chunk_size = stages, policy, chunk_size
        rule = get_rule(policy.rule)
        self._gate = rule.gate(np.asarray(policy.temperatures), rule.parse(policy.params))
        early = [np.asarray(row, dtype=np.float64) for row in policy.thresholds]
        # The last gate is open whatever its score is.
        n_columns = len(early[0]) if early else 1
        self._thresholds = (*early, np.full(n_columns, -np.inf))
        self._last = stages.n_exits - 1

    @property
    def policy(self) -> Policy:
        """The policy that decides."""
        return self._policy

    @property
    def stages(self) -> Stages:
        """The network that is run."""
        return self._stages

    def run(self, inputs: NDArray[Any]) -> Answers:
        """Answer about samples.

        Args:
            inputs: Shape (n, channels, height, width) with n from 1, uint8 in 0..255 or float32, as splits hold them.

        Raises:
            PolicyError: If the policy's rule does not fit what the network says.
        """
        if len(inputs) == 1:
            return self._answer_one(inputs)
        if self._chunk_size is None:
            self._chunk_size = fastest_chunk(self._answer_many, inputs)
        size = self._chunk_size or len(inputs)
        parts = [self._answer_many(inputs[start : start + size]) for start in range(0, len(inputs), size)]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _answer_one(self, inputs: NDArray[Any]) -> Answers:
        """One sample: no indexing, and nothing is compacted."""
        features, state, closeness = self._stages.begin(inputs), self._gate.begin(1), np.inf
        for k, thresholds in enumerate(self._thresholds):
            features, outputs = self._stages.run(k, features)
            step = self._step(state, k, outputs)
            state = step.state
            if k == self._last:
                break
            closeness = min(closeness, float(_distance(step, thresholds)[0]))
            if self._leaves(step, k)[0]:
                break
        return Answers(
            np.array([k]),
            step.answers,
            step.distributions,
            _columns(step.scores),
            thresholds[None],
            np.array([closeness]),
        )

    def _answer_many(self, inputs: NDArray[Any]) -> Answers:
        n_samples = len(inputs)
        rows, closeness = np.arange(n_samples), np.full(n_samples, np.inf)
        features, state = self._stages.begin(inputs), self._gate.begin(n_samples)
        left: list[tuple[NDArray[np.int64], int, Step, NDArray[np.bool_]]] = []
        for k, thresholds in enumerate(self._thresholds):
            features, outputs = self._stages.run(k, features)
            step = self._step(state, k, outputs)
            state, leaves = step.state, self._leaves(step, k)
            if k < self._last:
                closeness[rows] = np.minimum(closeness[rows], _distance(step, thresholds))
            if not leaves.any():
                continue
            left.append((rows[leaves], k, step, leaves))
            if leaves.all():
                break
            staying = np.flatnonzero(~leaves)
            rows, features = rows[staying], self._stages.take(features, staying)
            state = tuple(part[staying] for part in state)
        return self._collected(left, closeness)

    def _step(self, state: Any, exit_index: int, outputs: Any) -> Step:
        step = self._gate.step(state, exit_index, outputs)
        n_columns = 1 if step.scores.ndim == 1 else step.scores.shape[1]
        if self._last and n_columns != len(self._thresholds[0]):
            raise PolicyError(
                f"rule {self._policy.rule!r} takes {n_columns} thresholds per exit of this network but the policy has "
                f"{len(self._thresholds[0])}; take the policy that was made for it"
            )
        return step

    def _leaves(self, step: Step, exit_index: int) -> NDArray[np.bool_]:
        """Whether each sample leaves, shape (n,)."""
        if exit_index == self._last:
            return np.ones(len(step.answers), dtype=np.bool_)
        is_open = gate_is_open(_columns(step.scores), self._thresholds[exit_index], self._gate.combine)
        return is_open if step.eligible is None else is_open & step.eligible

    def _collected(
        self, left: Sequence[tuple[NDArray[np.int64], int, Step, NDArray[np.bool_]]], closeness: NDArray[np.float64]
    ) -> Answers:
        """Those who left at each exit, in the order in which they came."""
        order = np.argsort(np.concatenate([rows for rows, *_ in left]))
        exits = np.concatenate([np.full(len(rows), k) for rows, k, *_ in left])
        thresholds = np.concatenate([np.tile(self._thresholds[k], (len(rows), 1)) for rows, k, *_ in left])
        answers = np.concatenate([step.answers[leaves] for *_, step, leaves in left])
        scores = np.concatenate([_columns(step.scores)[leaves] for *_, step, leaves in left])
        made = [step.distributions[leaves] for *_, step, leaves in left if step.distributions is not None]
        probabilities = np.concatenate(made)[order] if made else None
        return Answers(exits[order], answers[order], probabilities, scores[order], thresholds[order], closeness)


def _columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores[:, None] if scores.ndim == 1 else scores


def _distance(step: Step, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least distance of the scores to the exit's thresholds, shape (n,); infinite where no gate could be open."""
    reachable = np.isfinite(thresholds)
    if not reachable.any():
        return np.full(len(step.answers), np.inf)
    return np.asarray(np.abs(_columns(step.scores)[:, reachable] - thresholds[reachable]).min(axis=1))


def _joined(parts: Sequence[Answers]) -> Answers:
    probabilities = [part.probabilities for part in parts if part.probabilities is not None]
    return Answers(
        np.concatenate([part.exits for part in parts]),
        np.concatenate([part.answers for part in parts]),
        np.concatenate(probabilities) if probabilities else None,
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.thresholds for part in parts]),
        np.concatenate([part.closeness for part in parts]),
    )
