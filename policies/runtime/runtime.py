"""Running a network under a policy, so that what is after the exit taken is not computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.base import Step
from policies.runtime.answers import Answers
from policies.runtime.chunks import SIZES, fastest_chunk
from policies.runtime.exit_gate import ExitGate, as_columns
from policies.runtime.multilabel.said_labels import SaidLabels
from policies.runtime.stages import Stages


class EarlyExitRuntime:
    """A network under a policy: every sample leaves at the first exit whose gate is open, and costs no more.

    The gate is the policy's own rule, asked one exit at a time, so that what is decided is what
    :meth:`policies.policy.Policy.decide` says of the network's exit table. Whoever stays is compacted after each exit;
    large batches are cut into chunks first, since most executors are slower per sample beyond some size.

    Args:
        stages: The network.
        policy: Of this network.
        chunk_size: Most samples that are run together; None measures, with the first batch of at least 256, which size
            is fastest, and runs smaller batches before that whole.
        single: Answers about a single sample in another way, such as a graph that leaves early by itself; None runs
            stage by stage.

    Raises:
        PolicyError: If the policy is for another number of exits, or its answers are pooled over parents.
    """

    def __init__(
        self,
        stages: Stages,
        policy: Policy,
        *,
        chunk_size: int | None = None,
        single: Callable[[NDArray[Any]], Answers] | None = None,
    ) -> None:
        if policy.n_exits != stages.n_exits:
            raise PolicyError(
                f"a policy is for one network but this one has {policy.n_exits} exits and the network "
                f"{stages.n_exits}; take the policy that was made for it"
            )
        if policy.answering.pooling is not None:
            raise PolicyError(
                f"a network is run sample by sample but this policy pools answers over parents (level "
                f"{policy.answering.level}, pooling {policy.answering.pooling!r}); search a policy of level sample "
                f"without pooling, or run this one in Python with ParentRuntime"
            )
        self._stages, self._policy, self._chunk_size = stages, policy, chunk_size
        self._labels = SaidLabels.by(policy)
        self._measuring = Lock()
        rule = get_rule(policy.rule)
        self._gate = rule.gate(np.asarray(policy.temperatures), rule.parse(policy.params))
        self._gates = tuple(ExitGate.of(row, self._gate.combine) for row in policy.thresholds)
        # The last gate is open whatever its score is.
        n_columns = len(policy.thresholds[0]) if policy.thresholds else 1
        self._thresholds = np.array([*policy.thresholds, (-np.inf,) * n_columns])
        self._last = stages.n_exits - 1
        self._answer_single = single or self._answer_one

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
            return self._answer_single(inputs)
        size = self._most_together(inputs)
        parts = [self._answer_many(inputs[start : start + size]) for start in range(0, len(inputs), size)]
        return parts[0] if len(parts) == 1 else Answers.joined(parts)

    def _most_together(self, inputs: NDArray[Any]) -> int:
        """The chunk size; measured once, by one thread while the others wait, when there are enough samples for it."""
        if self._chunk_size is None and len(inputs) >= SIZES[-1]:
            with self._measuring:
                if self._chunk_size is None:
                    self._chunk_size = fastest_chunk(self._answer_many, inputs)
        return SIZES[-1] if self._chunk_size is None else self._chunk_size

    def _answer_one(self, inputs: NDArray[Any]) -> Answers:
        """One sample: no indexing, and nothing is compacted."""
        features, state, closeness = self._stages.begin(inputs), self._gate.begin(1), np.inf
        for k in range(self._last + 1):
            features, said = self._stages.run(k, features)
            step = self._step(state, k, said)
            state = step.state
            if self._labels is not None:
                closeness = min(closeness, float(self._labels.closeness(step)[0]))
            if k == self._last:
                break
            leaves, distance = self._gates[k].look(step)
            closeness = min(closeness, float(distance[0]))
            if leaves[0]:
                break
        return Answers(
            np.array([k]),
            step.answers,
            step.distributions,
            as_columns(step.scores),
            self._thresholds[k : k + 1],
            np.array([closeness]),
        )

    def _answer_many(self, inputs: NDArray[Any]) -> Answers:
        rows, closeness = np.arange(len(inputs)), np.full(len(inputs), np.inf)
        features, state = self._stages.begin(inputs), self._gate.begin(len(inputs))
        for k in range(self._last + 1):
            features, said = self._stages.run(k, features)
            step = self._step(state, k, said)
            if self._labels is not None:
                closeness[rows] = np.minimum(closeness[rows], self._labels.closeness(step))
            if k == 0:
                kept = _Kept.like(step, len(inputs))
            if k == self._last:
                kept.put(rows, k, step, slice(None))
                break
            leaves, distance = self._gates[k].look(step)
            closeness[rows] = np.minimum(closeness[rows], distance)
            leaving, staying = np.flatnonzero(leaves), np.flatnonzero(~leaves)
            if leaving.size:
                kept.put(rows[leaving], k, step, leaving)
            if not staying.size:
                break
            state = step.state
            if leaving.size:
                rows, features = rows[staying], self._stages.take(features, staying)
                state = tuple(part[staying] for part in state)
        return Answers(
            kept.exits, kept.answers, kept.probabilities, kept.scores, self._thresholds[kept.exits], closeness
        )

    def _step(self, state: Any, exit_index: int, said: Any) -> Step:
        step = self._gate.step(state, exit_index, said if self._labels is None else self._labels.outputs(said))
        n_columns = 1 if step.scores.ndim == 1 else step.scores.shape[1]
        if self._last and n_columns != self._thresholds.shape[1]:
            raise PolicyError(
                f"rule {self._policy.rule!r} takes {n_columns} thresholds per exit of this network but the policy has "
                f"{self._thresholds.shape[1]}; take the policy that was made for it"
            )
        return step


@dataclass(frozen=True)
class _Kept:
    """Room for what those who leave take with them, by the places that they came in."""

    exits: NDArray[np.int64]
    answers: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    scores: NDArray[np.float64]

    @classmethod
    def like(cls, step: Step, n_samples: int) -> _Kept:
        """For ``n_samples`` whose answers are like those of a step."""
        made = step.distributions
        return cls(
            np.empty(n_samples, dtype=np.int64),
            np.empty((n_samples, *step.answers.shape[1:]), dtype=step.answers.dtype),
            None if made is None else np.empty((n_samples, made.shape[1])),
            np.empty((n_samples, as_columns(step.scores).shape[1])),
        )

    def put(self, rows: NDArray[np.int64], exit_index: int, step: Step, own: NDArray[np.int64] | slice) -> None:
        """Keep what some samples of a step, ``own``, leave with; ``rows`` are their places."""
        self.exits[rows] = exit_index
        self.answers[rows] = step.answers[own]
        self.scores[rows] = as_columns(step.scores)[own]
        if self.probabilities is not None and step.distributions is not None:
            self.probabilities[rows] = step.distributions[own]
