"""Running a network on whole parents: their samples leave by themselves, together, or are read until it is clear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.levels.answers import PooledAnswers
from policies.levels.reading import sureness
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.pooling.poolings import get_pooling
from policies.rules import get_rule
from policies.runtime.exit_gate import ExitGate
from policies.runtime.parents.said_of_parents import SaidOfParents
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.stages import Stages
from policies.views.distributions import Held


@dataclass(frozen=True)
class AnsweredParents:
    """What was answered about ``G`` parents of ``N`` samples.

    Attributes:
        names: Name of each parent, shape (G,).
        answers: What was answered, shape (G,) for classes, else (G, L).
        pooled: What the answers were taken from, shape (G, C), in [0, 1].
        exits: Index of the exit that each sample took, ``UNREAD`` for those that were not looked at, shape (N,).
    """

    names: NDArray[np.str_]
    answers: NDArray[Any]
    pooled: NDArray[np.float64]
    exits: NDArray[np.int64]


class ParentRuntime:
    """A network under a policy that pools answers over parents, at any level but ``progressive``.

    What it decides is what :meth:`policies.policy.Policy.decide` says of the network's exit table. At level parent all
    samples of those parents that stay are run through a stage together; at level reading the first samples of all
    parents, then the second ones of those that are not sure yet.

    Args:
        stages: The network.
        policy: Of this network; it pools answers.
        chunk_size: Most samples that are run together where each leaves by itself; as for
            :class:`~policies.runtime.runtime.EarlyExitRuntime`.

    Raises:
        PolicyError: If the policy is for another number of exits, pools nothing, or is of level ``progressive``.
    """

    def __init__(self, stages: Stages, policy: Policy, *, chunk_size: int | None = None) -> None:
        if policy.answering.pooling is None:
            raise PolicyError(
                "parents are answered about by a policy that pools their samples but this one pools nothing; run its "
                "samples with EarlyExitRuntime, or search a policy with a pooling"
            )
        if policy.answering.level is Level.PROGRESSIVE:
            raise PolicyError(
                "level progressive is decided on tables but no network is run at it yet; search a policy of level "
                "sample, parent or reading"
            )
        # Each sample by itself is answered about as tables have it: with label thresholds of one half.
        of_samples = replace(policy, answering=Answering())
        self._samples = EarlyExitRuntime(stages, of_samples, chunk_size=chunk_size)
        self._stages, self._policy, self._said = stages, policy, SaidOfParents.by(policy)
        self._pooling = get_pooling(policy.answering.pooling)
        rule = get_rule(policy.rule)
        # What is said of parents has the temperatures in it.
        self._gate = rule.gate(np.ones(policy.n_exits), rule.parse(policy.params))
        self._gates = tuple(ExitGate.of(row, self._gate.combine) for row in policy.thresholds)

    def run(self, inputs: NDArray[Any], parents: Parents) -> AnsweredParents:
        """Answer about parents.

        Args:
            inputs: Samples, shape (N, channels, height, width), uint8 in 0..255 or float32, as splits hold them.
            parents: Which samples make which parent, and in which order they are read.

        Raises:
            PolicyError: If the policy's rule does not fit what the network says.
        """
        level = self._policy.answering.level
        if level is Level.PARENT:
            return self._together(inputs, parents)
        return self._reading(inputs, parents) if level is Level.READING else self._each(inputs, parents)

    def _each(self, inputs: NDArray[Any], parents: Parents) -> AnsweredParents:
        found = self._samples.run(inputs)
        return self._pooled(found.exits, _probabilities(found), parents)

    def _reading(self, inputs: NDArray[Any], parents: Parents) -> AnsweredParents:
        exits, values = np.full(len(inputs), UNREAD, dtype=np.int64), np.empty((0, 0))
        going = np.arange(parents.n)
        for place in range(int(parents.sizes.max(initial=0))):
            going = going[parents.sizes[going] > place]
            rows = parents.rows[parents.starts[going] + place]
            if not rows.size:
                break
            found = self._samples.run(inputs[rows])
            exits[rows], said = found.exits, _probabilities(found)
            values = np.empty((len(inputs), said.shape[1])) if place == 0 else values
            values[rows] = said
            read = parents.rows[parents.starts[going][:, None] + np.arange(place + 1)]
            pooled = self._pooling.of(values[read])
            is_sure = sureness(pooled, self._said.thresholds(said.shape[1])) >= self._policy.answering.read_until
            going = going[~is_sure]
        return self._pooled(exits, values, parents)

    def _together(self, inputs: NDArray[Any], parents: Parents) -> AnsweredParents:
        features, state, staying = self._stages.begin(inputs), self._gate.begin(parents.n), np.arange(parents.n)
        exits, rows, own = np.empty(parents.n, dtype=np.int64), np.arange(len(inputs)), parents
        answers: list[tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64]]] = []
        for k in range(self._policy.n_exits):
            features, said = self._stages.run(k, features)
            step = self._gate.step(state, k, self._said.outputs(k, said, own))
            is_last = k == self._policy.n_exits - 1
            leaves = np.ones(len(staying), dtype=np.bool_) if is_last else self._gates[k].look(step)[0]
            answers.append((staying[leaves], step.answers[leaves], _distributions(step.distributions)[leaves]))
            exits[staying[leaves]] = k
            if leaves.all():
                break
            kept = np.flatnonzero(~leaves[own.of_sample])
            features, rows = self._stages.take(features, kept), rows[kept]
            state, staying = tuple(part[~leaves] for part in step.state), staying[~leaves]
            own, _ = parents.take(rows)
        order = np.argsort(np.concatenate([numbers for numbers, _, _ in answers]))
        return AnsweredParents(
            parents.names,
            np.concatenate([answered for _, answered, _ in answers])[order],
            np.concatenate([pooled for _, _, pooled in answers])[order],
            exits[parents.of_sample],
        )

    def _pooled(self, exits: NDArray[np.int64], values: NDArray[np.float64], parents: Parents) -> AnsweredParents:
        """The answers that what samples said at the exits that they took, shape (N, C), is pooled to."""
        n_classes = values.shape[1]
        thresholds = self._said.thresholds(n_classes)
        of_parents = None if thresholds is None else np.broadcast_to(thresholds, (parents.n, n_classes))
        answers = PooledAnswers(parents, "same", Held(values[:, None]), self._pooling, of_parents)
        pooled = answers.pooled(np.where(exits == UNREAD, UNREAD, 0))
        return AnsweredParents(parents.names, answers.answered(pooled), pooled, exits)


def _probabilities(found: Any) -> NDArray[np.float64]:
    return _distributions(found.probabilities)


def _distributions(given: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if given is None:
        raise PolicyError("answers of this kind have no distributions, so that they cannot be pooled")
    return given
