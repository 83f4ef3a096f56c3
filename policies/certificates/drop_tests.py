"""Which test of a drop has more power for a policy, settled before its losses on ``certify`` are looked at."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
import math

import numpy as np

from policies.certificates.bounds.betting import BETTING_SEED, betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.claim_parts import PartTests, measure
from policies.certificates.claims import Claim
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.parts.drop import DropPart, DropTest
from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable


_N_DRAWS = 40


def choose_tests(
    claim: Claim, policy: Policy, table: ExitTable, n_units: int, *, search: ExitTable | None, delta: float
) -> PartTests:
    """How each drop of a claim is tested.

    Args:
        claim: Claim that the policy is to meet.
        policy: Policy that is to be certified.
        table: The ``certify`` table, of which no answer is looked at.
        n_units: Number of its units.
        search: The table of the same network that the policy was chosen on; None where there is none.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    drops = [one for one in claim.statements if one.loss is Loss.DROP]
    if not drops:
        return PartTests()
    own = PartTests(open_share=open_share(policy, table) if any(one.quality == HAMMING for one in drops) else 1.0)
    if search is None:
        largest = {one.name: own.open_share if one.quality == HAMMING else 1.0 for one in drops}
        chosen = {one.name: of_size(one.limit / largest[one.name], n_units, delta=delta) for one in drops}
    else:
        parts = measure(claim, search, policy.decide(search), tests=own)
        drawn_from = [one for one in parts if isinstance(one, DropPart)]
        chosen = {one.name: of_more_power(_with_one_more(one, table), n_units, delta=delta) for one in drawn_from}
    return replace(own, drops=chosen)


def _with_one_more(seen: DropPart, table: ExitTable) -> DropPart:
    """A drop with one unit more that loses: a policy loses less on ``search``, where it was chosen, than elsewhere.

    Of a Hamming loss it is one label.
    """
    size = 1 / table.n_classes if isinstance(table, MultiLabelTable) and seen.quality == HAMMING else 1.0
    return replace(seen, losses=np.append(seen.losses, size))


def of_more_power(seen: DropPart, n_units: int, *, delta: float) -> DropTest:
    """The test that passes more often on units like those of ``search``; of equal ones that of the smaller p-values.

    Args:
        seen: The drop as ``search`` shows it, of at least one unit.
        n_units: Number of units of ``certify``.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    drawn = np.random.default_rng(BETTING_SEED).choice(seen.losses, (_N_DRAWS, n_units))
    standing = {}
    for test in DropTest:
        parts = [replace(seen, losses=losses, test=test) for losses in drawn]
        p_values = np.array([part.p_value(delta) for part in parts])
        standing[test] = (float((p_values <= delta).mean()), -float(np.log(np.maximum(p_values, 1e-300)).mean()))
    return max(DropTest, key=lambda test: standing[test])


@lru_cache(maxsize=256)
def of_size(limit: float, n_units: int, *, delta: float) -> DropTest:
    """The net, but what is lost alone where so few units cannot pass by the net even if they lose nothing.

    Args:
        limit: Largest drop, as a share of the most that a unit can lose.
        n_units: Number of units of ``certify``.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    if limit >= 1 or n_units < 1 or betting_p_value(np.zeros(n_units), limit=limit, delta=delta, least=-1.0) <= delta:
        return DropTest.NET
    return DropTest.LOST if binomial_p_value(0, n_units, limit=limit) <= delta else DropTest.NET


def open_share(policy: Policy, table: ExitTable) -> float:
    """Share of the labels of an answer that can differ from the full network's, whatever the input; 1 if all can.

    So can all where not every sample is read: what is not read tells nothing of any label.
    """
    rule = get_rule(policy.rule)
    if not isinstance(table, MultiLabelTable) or policy.answering.read_until < math.inf:
        return 1.0
    n_open = rule.n_open_labels(rule.parse(policy.params), table.n_classes)
    return max(n_open, 1) / table.n_classes
