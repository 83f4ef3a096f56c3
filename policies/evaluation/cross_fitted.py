"""What a policy that was chosen on a table does there, as if the table were new."""

from __future__ import annotations

import numpy as np

from policies.levels.seen import Seen
from policies.policy import Decision, Policy
from policies.rules import RuleView, get_rule
from policies.rules.crossfit import cross_fitted_view
from policies.tables.base import ExitTable


def chosen_view(policy: Policy, table: ExitTable, *, seed: int = 0) -> RuleView:
    """What the rule of a policy that was chosen on a table sees there, as if the table were new.

    Args:
        policy: Policy as a search on the table gave it.
        table: Exit table of the ``search`` split, on which the policy was chosen.
        seed: Seed of the folds, the one that the search used.
    """
    rule = get_rule(policy.rule)
    if not rule.is_fitted:
        return policy.view(table)
    seen = Seen.of(table.answered(policy.answering), np.asarray(policy.temperatures))
    own = {name: policy.params[name] for name in rule.choices(seen.table) if name in policy.params}
    return seen.lift(cross_fitted_view(rule, seen.table, seen.temperatures, own, seed=seed))


def cross_fitted_decision(policy: Policy, table: ExitTable, *, seed: int = 0) -> Decision:
    """What a policy that was chosen on a table does with it, as if the table were new.

    Each sample is decided by parameters that were learnt without it and without its group; the thresholds are the
    policy's own. These are the figures that a search ranks by. Applied to the table as it is, a policy whose rule
    learns would judge the very samples that it learnt from. Arguments as for :func:`chosen_view`.
    """
    return policy.decide_on(chosen_view(policy, table, seed=seed))
