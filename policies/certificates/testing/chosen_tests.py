"""Which test of each part has more power for a policy, settled before its losses on ``certify`` are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
import math

import numpy as np

from policies.certificates.bounds.betting import BETTING_SEED, betting_p_value
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.bounds.paired import paired_passes
from policies.certificates.bounds.sums import is_quick, sum_p_value
from policies.certificates.claim_parts import PartTests, measure, units_of
from policies.certificates.claims import Claim
from policies.certificates.losses import HAMMING, Loss
from policies.certificates.parts.base import ClaimPart, MeanTest
from policies.certificates.parts.drop import DropPart
from policies.certificates.statements import Statement
from policies.policy import Policy
from policies.qualities.base import RIGHT_OR_WRONG
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tables.units import Units


_N_DRAWS = 100


def choose_tests(
    claim: Claim, policy: Policy, table: ExitTable, units: Units, *, search: ExitTable | None, delta: float
) -> PartTests:
    """How each part of a claim is tested that there are several tests of.

    Drops of single right and wrong answers have the paired test, which passes no less often than what is lost alone
    whatever is gained, so that ``search`` has nothing to settle there.

    Args:
        claim: Claim that the policy is to meet.
        policy: Policy that is to be certified.
        table: The ``certify`` table, of which no answer is looked at.
        units: Its independent units.
        search: The table of the same network that the policy was chosen on; None where there is none.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    hamming_drops = [one for one in claim.statements if one.loss is Loss.DROP and one.quality == HAMMING]
    own = PartTests(open_share=open_share(policy, table) if hamming_drops else 1.0)
    if not units.hold_several and all(one.loss.is_binary for one in claim.statements):
        return own
    tests = {one: found for one in claim.statements if (found := _tests_of(one, units))}
    by_size = {
        one.name: of_size(found, one.limit / _largest(one, own), units.n, delta=delta) for one, found in tests.items()
    }
    settled = {one.name for one, found in tests.items() if MeanTest.PAIRED in found}
    is_settled = not units.hold_several and all(one.loss.is_binary or one.name in settled for one in claim.statements)
    if search is None or is_settled:
        return replace(own, chosen=by_size)
    decision = policy.decide(search)
    n_search = units_of(search, decision).n
    chosen = dict(by_size)
    for seen in measure(claim, search, decision, tests=own):
        part = _as_on(seen, units)
        if len(part.tests) < 2 or not part.n or part.name in settled:
            continue
        n = max(round(part.n * units.n / n_search), 1)
        chosen[part.name] = of_more_power(_with_one_more(part, table), n, delta=delta)
    return replace(own, chosen=chosen)


def of_more_power(seen: ClaimPart, n_units: int, *, delta: float) -> MeanTest:
    """The test that passes more often on units like those of ``search``; of equal ones that of the smaller p-values.

    Args:
        seen: The part as ``search`` shows it, of at least one unit.
        n_units: Number of its units on ``certify``.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    drawn = np.random.default_rng(BETTING_SEED).choice(seen.losses, (_N_DRAWS, n_units))
    standing = {}
    for test in _quick(seen.tests, seen.limit, n_units):
        p_values = replace(seen, test=test).p_values(drawn, delta)
        sureness = -float(np.log(np.maximum(p_values, 1e-300)).mean())
        standing[test] = (float((p_values <= delta).mean()), sureness)
    return max(standing, key=lambda test: standing[test])


@lru_cache(maxsize=256)
def of_size(tests: tuple[MeanTest, ...], limit: float, n_units: int, *, delta: float) -> MeanTest:
    """The usual test, but another where so few units cannot pass by the usual one even if nothing is lost.

    Args:
        tests: The tests that there are, the usual one first.
        limit: Largest mean loss, of a drop as a share of the most that a unit can lose.
        n_units: Number of units of ``certify``.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    if limit >= 1 or n_units < 1:
        return tests[0]
    nothing = np.zeros(n_units)

    def passes(test: MeanTest) -> bool:
        if test is MeanTest.LOST:
            return binomial_p_value(0, n_units, limit=limit) <= delta
        if test is MeanTest.PAIRED:
            return paired_passes(0, 0, n_units, limit=limit, delta=delta)
        if test is MeanTest.SUM:
            return sum_p_value(nothing, limit=limit) <= delta
        least = -1.0 if test is MeanTest.NET else 0.0
        return betting_p_value(nothing, limit=limit, delta=delta, least=least) <= delta

    return next((test for test in _quick(tests, limit, n_units) if passes(test)), tests[0])


def open_share(policy: Policy, table: ExitTable) -> float:
    """Share of the labels of an answer that can differ from the full network's, whatever the input; 1 if all can.

    So can all where not every sample is read: what is not read tells nothing of any label.
    """
    rule = get_rule(policy.rule)
    if not isinstance(table, MultiLabelTable) or policy.answering.read_until < math.inf:
        return 1.0
    n_open = rule.n_open_labels(rule.parse(policy.params), table.n_classes)
    return max(n_open, 1) / table.n_classes


def _tests_of(one: Statement, units: Units) -> tuple[MeanTest, ...]:
    """The tests that there are for a statement on units of a kind; none where there is no choice."""
    if one.loss in (Loss.SHORTFALL, Loss.RELATIVE_DROP):
        return ()
    empty = ClaimPart(one.name, "main", one.loss, one.limit, np.zeros(0), units.kind, _is_binary(one.loss, units))
    if one.loss is Loss.DROP:
        is_paired = not units.hold_several and one.quality in RIGHT_OR_WRONG
        return DropPart(**{**vars(empty), "test": MeanTest.NET}, is_paired=is_paired).tests
    return empty.tests


def _largest(one: Statement, own: PartTests) -> float:
    """The most that a unit can lose."""
    return own.open_share if one.loss is Loss.DROP and one.quality == HAMMING else 1.0


def _is_binary(loss: Loss, units: Units) -> bool:
    return loss.is_binary and not units.hold_several


def _as_on(seen: ClaimPart, units: Units) -> ClaimPart:
    """A part that ``search`` shows, with the tests that there are for units of ``certify``."""
    if isinstance(seen, DropPart):
        return replace(seen, is_paired=False)
    return replace(seen, is_binary=_is_binary(seen.loss, units))


def _with_one_more(seen: ClaimPart, table: ExitTable) -> ClaimPart:
    """A part with one unit more that loses: a policy loses less on ``search``, where it was chosen, than elsewhere.

    Of a drop of the Hamming loss it is one label; of losses that are means or shares as much as any unit lost.
    """
    size = 1.0
    if not isinstance(seen, DropPart):
        size = float(seen.losses.max()) or 1.0
    elif isinstance(table, MultiLabelTable) and seen.quality == HAMMING:
        size = 1 / table.n_classes
    return replace(seen, losses=np.append(seen.losses, size))


def _quick(tests: Sequence[MeanTest], limit: float, n_units: int) -> list[MeanTest]:
    """The tests that do not take long; betting never does."""
    return [test for test in tests if test is not MeanTest.SUM or is_quick(n_units, limit=limit)]
