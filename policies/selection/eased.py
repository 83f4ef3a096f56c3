"""A path of policies from the full network to a chosen one, of which more and more samples leave early.

A front has no policy that saves less than another and loses no less on ``search``. Where few losses tell its policies
apart, each is fitted to chance, and the safest of them may already lose too much elsewhere. The policies of a path
differ in nothing but how many leave at each gate, so that their true losses grow from one to the next.
"""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np
from numpy.typing import NDArray

from policies.levels.progressive import samples_of
from policies.levels.reading import sureness
from policies.parents.parent_answers import UNREAD
from policies.policy import Decision, Policy
from policies.pooling.answering import Level
from policies.views.view import RuleView


N_STEPS = 32


def eased(policy: Policy, view: RuleView) -> list[Policy]:
    """Milder forms of a policy, the mildest first.

    At every gate a share of those that leave there on ``search`` still do, those of the highest scores; the share grows
    in equal steps. Where samples are read until an answer is sure, so does the share of the stops.

    Args:
        policy: A policy that was chosen on a table.
        view: What the policy's rule sees there, as if the table were new.
    """
    if not policy.leaves_early:
        return []
    decision = policy.decide_on(view)
    leaves = _leaving(policy, view, decision)
    found: dict[str, Policy] = {}
    for step in range(1, N_STEPS):
        share = step / N_STEPS
        thresholds = _raised(policy, view, leaves, share)
        answering = policy.answering
        if answering.level.reads:
            answering = answering.model_copy(update={"read_until": _surer(view, policy, decision, share)})
        own = replace(policy, thresholds=thresholds, answering=answering)
        if own.leaves_early:
            found.setdefault(own.policy_hash, own)
    found.pop(policy.policy_hash, None)
    return list(found.values())


def _leaving(policy: Policy, view: RuleView, decision: Decision) -> NDArray[np.int64]:
    """The exit whose gate each row of a view opens, shape (N,), or ``UNREAD`` where it opens none.

    Of parents that are read exit by exit it is the row of the last sample that was read at their deepest exit.
    """
    if policy.answering.level is not Level.PROGRESSIVE:
        return decision.exits
    parents = samples_of(view).parents
    ordered = decision.exits[parents.rows]
    deepest = np.maximum.reduceat(ordered, parents.starts[:-1])
    n_there = np.add.reduceat(ordered == np.repeat(deepest, parents.sizes), parents.starts[:-1])
    leaving = np.full_like(decision.exits, UNREAD)
    # Those at the deepest exit were read first, so that the last of them is where the parent was answered.
    leaving[parents.rows[parents.starts[:-1] + n_there - 1]] = deepest
    return leaving


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
    """The sureness that a share of the parents reach whose last samples are not read, or not at the last exit."""
    if policy.answering.read_until == math.inf:
        return math.inf
    answers = samples_of(view)
    parents, n_exits = answers.parents, view.eligible.shape[1]
    ordered = decision.exits[parents.rows]
    last = ordered[parents.starts[1:] - 1]
    stopped = last == UNREAD
    if policy.answering.level is Level.PROGRESSIVE:
        stopped = (np.maximum.reduceat(ordered, parents.starts[:-1]) == n_exits - 1) & (last < n_exits - 1)
    sure = sureness(answers.pooled(decision.exits), answers.thresholds)
    return _reached_by(sure[stopped], policy.answering.read_until, share)
