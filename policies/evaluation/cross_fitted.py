"""What a policy that was chosen on a table does there, as if the table were new."""

from __future__ import annotations

import numpy as np

from policies.levels.label_thresholds import cross_fitted_thresholds
from policies.levels.seen import Seen
from policies.policy import Decision, Policy
from policies.rules import RuleView, get_rule
from policies.rules.crossfit import cross_fitted_view
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable


def judged_table(policy: Policy, table: ExitTable, *, seed: int = 0) -> ExitTable:
    """A table that a policy was chosen on, answered as the policy does, for judging what it does there.

    Label thresholds that were fitted on the whole table are replaced by cross-fitted ones, where it has none of these
    yet: it has while it is searched, and has not when it is read from its file again. Arguments as for
    :func:`chosen_view`.
    """
    answered = table.answered(policy.answering)
    is_fitted = policy.answering.label_thresholds is not None
    if not is_fitted or not isinstance(answered, MultiLabelTable) or answered.thresholds is not None:
        return answered
    return cross_fitted_thresholds(answered, np.asarray(policy.temperatures), seed=seed)


def chosen_view(policy: Policy, table: ExitTable, *, seed: int = 0) -> RuleView:
    """What the rule of a policy that was chosen on a table sees there, as if the table were new.

    Args:
        policy: Policy as a search on the table gave it.
        table: Exit table of the ``search`` split, on which the policy was chosen.
        seed: Seed of the folds, the one that the search used.
    """
    rule, table = get_rule(policy.rule), judged_table(policy, table, seed=seed)
    if not rule.is_fitted:
        return policy.view(table)
    seen = Seen.of(table, np.asarray(policy.temperatures))
    own = {name: policy.params[name] for name in rule.choices(seen.table) if name in policy.params}
    return seen.lift(cross_fitted_view(rule, seen.table, seen.temperatures, own, seed=seed))


class ChosenViews:
    """:func:`chosen_view` of policies on one table, made once for those that differ in nothing but thresholds."""

    def __init__(self, table: ExitTable, *, seed: int = 0) -> None:
        self._table = table
        self._seed = seed
        self._made: dict[str, RuleView] = {}

    def of(self, policy: Policy) -> RuleView:
        """What the rule of a policy that was chosen on the table sees there, as if the table were new."""
        if policy.kind not in self._made:
            self._made[policy.kind] = chosen_view(policy, self._table, seed=self._seed)
        return self._made[policy.kind]

    def decision(self, policy: Policy) -> Decision:
        """What the policy does there: its :func:`cross_fitted_decision`."""
        return policy.decide_on(self.of(policy))


def cross_fitted_decision(policy: Policy, table: ExitTable, *, seed: int = 0) -> Decision:
    """What a policy that was chosen on a table does with it, as if the table were new.

    Each sample is decided by parameters, and by fitted thresholds of labels, that were learnt without it and without
    its group; the thresholds of exits are the policy's own. These are the figures that a search ranks by. Applied to
    the table as it is, a policy that learns would judge the very samples that it learnt from. Arguments as for
    :func:`chosen_view`.
    """
    return policy.decide_on(chosen_view(policy, table, seed=seed))
