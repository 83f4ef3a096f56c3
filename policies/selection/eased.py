"""Policies between the full network and the safest one of a front, of which fewer and fewer samples leave early.

A front has no policy that saves less than another and loses no less on ``search``. But where few units tell losses
apart, the safest policy of a front may already lose too much elsewhere; milder forms of it then still can be certified.
"""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
from numpy.typing import NDArray

from policies.levels.answers import PooledAnswers
from policies.levels.reading import running_sureness
from policies.parents.parent_answers import UNREAD
from policies.policy import Decision, Policy, first_open_exit
from policies.pooling.answering import Level
from policies.views.view import RuleView


SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)


def eased(policy: Policy, view: RuleView) -> list[Policy]:
    """Milder forms of a policy, the mildest first.

    At every gate about an eighth, a quarter, and so on of those that leave there on ``search`` still do: those of the
    highest scores. Where samples are read until an answer is sure, so are the stops.

    Args:
        policy: A policy that was chosen on a table.
        view: What the policy's rule sees there, as if the table were new.
    """
    if not policy.leaves_early:
        return []
    decision = policy.decide_on(view)
    found: dict[str, Policy] = {}
    for share in SHARES:
        thresholds = _raised(policy, view, decision.exits, share)
        answering = policy.answering
        if answering.level is Level.READING:
            answering = answering.model_copy(update={"read_until": _surer(view, policy, decision, share)})
        own = replace(policy, thresholds=thresholds, answering=answering)
        if own.leaves_early:
            found.setdefault(own.policy_hash, own)
    found.pop(policy.policy_hash, None)
    return list(found.values())


def _raised(policy: Policy, view: RuleView, exits: NDArray[np.int64], share: float) -> tuple[tuple[float, ...], ...]:
    """Thresholds that a share of those reach that leave at each exit, shape (E - 1, S)."""
    rows = []
    for k, own in enumerate(policy.thresholds):
        left = view.scores[exits == k, k]
        rows.append(tuple(_reached_by(left[:, s], threshold, share) for s, threshold in enumerate(own)))
    return tuple(rows)


def _reached_by(scores: NDArray[np.float64], threshold: float, share: float) -> float:
    """The score that a share of those scores reach that reach a threshold; infinity where none does."""
    reaching = scores[scores >= threshold]
    if threshold == math.inf or not reaching.size:
        return math.inf
    return float(np.quantile(reaching, 1 - share, method="higher"))


def _surer(view: RuleView, policy: Policy, decision: Decision, share: float) -> float:
    """The sureness that a share of the parents reach where they are read no further."""
    answers = view.parents
    if not isinstance(answers, PooledAnswers) or policy.answering.read_until == math.inf:
        return math.inf
    parents, is_read = answers.parents, decision.exits[answers.parents.rows] != UNREAD
    n_read = np.add.reduceat(is_read, parents.starts[:-1])
    stopped = np.flatnonzero(n_read < parents.sizes)
    sureness = running_sureness(answers, first_open_exit(view, np.asarray(policy.thresholds)))
    return _reached_by(sureness[parents.starts[stopped] + n_read[stopped] - 1], policy.answering.read_until, share)
