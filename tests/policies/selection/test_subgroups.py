"""Searching for what can be claimed for every value of a column: each has its margin, the smallest the largest."""

from dataclasses import replace
import math

import numpy as np
import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.power import loss_rate_at_power
from policies.certificates.sample_size import certifiable_accuracy
from policies.errors import ClaimError
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.options import RequestError
from policies.pooling.answering import Answering, Level
from policies.selection.choose import choose_policy
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.plan import plan_for, plan_of
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import search_target, table_target
from policies.selection.split_size import SplitSize
from tests.policies.outcomes import GATE, outcome_table
from tests.tables import make_table


CLAIM = Claim(target=0.9, by="site")


def sites(*sizes):
    return np.repeat(np.array(list("ABC")[: len(sizes)]), sizes)


def sized(*sizes, groups=None):
    n = sum(sizes)
    return outcome_table(np.ones(n), np.ones(n), groups=groups).with_columns({"site": sites(*sizes)})


def test_the_smallest_subgroup_decides_the_margin_and_just_certifies():
    size = SplitSize.of_table(sized(500, 120, 300), by="site")
    assert (size.smallest_subgroup.name, size.smallest_subgroup.units.n) == ("site = B", 120)
    tightened = tightened_claim(CLAIM, size, delta=0.05)
    each = 0.8 ** (1 / 3)
    assert 1 - tightened.target == pytest.approx(loss_rate_at_power(120, limit=0.1, delta=0.05, power=each))
    assert tightened.target > tightened_claim(CLAIM.overall, size, delta=0.05, power=each).target
    for more, passes in ((0, True), (1, False)):
        row, wrong = np.arange(120), round((1 - certifiable_accuracy(120, target=0.9, delta=0.05)) * 120) + more
        first = np.concatenate([np.ones(500), row >= wrong, np.ones(300)])
        table = outcome_table(first, np.ones(920)).with_columns({"site": sites(500, 120, 300)})
        assert certify_policy(GATE, table, CLAIM).certified is passes


def test_class_floors_keep_their_own_margin():
    claim = Claim(target=0.9, class_floor=0.8, by="site")
    size = replace(SplitSize.of_table(sized(500, 120), by="site"), smallest_class=50)
    tightened = tightened_claim(claim, size, delta=0.05)
    each = 0.8 ** (1 / 3)
    assert 1 - tightened.class_floor == pytest.approx(loss_rate_at_power(50, limit=0.2, delta=0.05, power=each))
    assert 1 - tightened.target == pytest.approx(loss_rate_at_power(120, limit=0.1, delta=0.05, power=each))


def test_units_of_a_subgroup_are_its_groups_or_its_parents():
    groups = np.char.add("g", np.concatenate([np.arange(60), 60 + np.arange(40) // 4]).astype(str))
    size = SplitSize.of_table(sized(60, 40, groups=groups), by="site")
    assert (size.units.n, size.smallest_subgroup.units.n) == (70, 10)
    assert size.smallest_subgroup.units.hold_several
    clips = np.char.add("c", (np.arange(100) // 4).astype(str))
    pooled = replace(sized(60, 40), parents=clips).answered(Answering(pooling="mean", level=Level.SAMPLE))
    size = SplitSize.of_table(pooled, by="site")
    assert (size.units.kind, size.smallest_subgroup.units.n) == ("parent", 10)
    assert not size.smallest_subgroup.units.hold_several


def test_too_few_of_one_value_are_told_before_the_search():
    target = table_target(Request(target=0.9, by="site"), sized(200, 100), sized(500, 20))
    assert target.why_not.startswith("certify has 20 samples where site = B, too few to certify accuracy 0.9 even")
    assert not target.is_certifiable
    overall = table_target(Request(target=0.9), make_table(300), sized(500, 20))
    assert overall.is_certifiable


def test_the_plan_is_that_of_the_smallest_subgroup():
    size = SplitSize.of_table(sized(500, 120, 300), by="site")
    plan = plan_of(CLAIM, size, delta=0.05)
    assert plan.subgroup == "site = B"
    assert plan.statements == plan_of(CLAIM.overall, size.deciding(CLAIM), delta=0.05).statements
    assert plan.lines[0].startswith(
        "120 samples where site = B, the fewest of any value, prove at best, at confidence 95%, where nothing is lost:"
    )
    target = search_target(Request(target=0.9, by="site"), search=SplitSize.of_table(sized(9, 9)), certify=size)
    assert plan_for(target) == plan
    assert target.tightened.of_values["B"].target == tightened_claim(CLAIM, size, delta=0.05).target


def test_every_value_has_a_margin_for_its_own_number_and_all_share_the_power():
    size = SplitSize.of_table(sized(500, 120, 300), by="site")
    search = SplitSize.of_table(sized(90, 80, 70), by="site")
    aimed = search_target(Request(target=0.9, max_drop=0.05, by="site"), search=search, certify=size).tightened
    each = 0.8 ** (1 / 6)
    for value, n in (("A", 500), ("B", 120), ("C", 300)):
        own = aimed.of_values[value]
        assert 1 - own.target == pytest.approx(loss_rate_at_power(n, limit=0.1, delta=0.05, power=each))
        assert own.max_drop == pytest.approx(loss_rate_at_power(n, limit=0.05, delta=0.05, power=each))
    assert 1 - aimed.target == pytest.approx(loss_rate_at_power(920, limit=0.1, delta=0.05, power=each))
    told = ", ".join(f"{value}: {own.target:.4g}, {own.max_drop:.4g}" for value, own in aimed.of_values.items())
    assert str(aimed).endswith(f", for every value of site ({told})")


def test_values_that_search_cannot_tell_of_are_named_with_their_numbers():
    size = SplitSize.of_table(sized(500, 120, 300), by="site")
    search = SplitSize.of_table(sized(90, 20), by="site", is_claimed=False)
    target = search_target(Request(target=0.9, by="site"), search=search, certify=size)
    needed = {value: math.ceil(1 / (1 - own.target)) for value, own in target.tightened.of_values.items()}
    assert needed["A"] < 90
    assert target.too_few == (
        f"search has too few samples of 2 of 3 values of site to tell whether policies reach the search target there: "
        f"B (20, {needed['B']} needed), C (0, {needed['C']} needed); what is chosen may fail at these"
    )
    enough = SplitSize.of_table(sized(90, needed["B"], needed["C"]), by="site")
    assert search_target(Request(target=0.9, by="site"), search=enough, certify=size).too_few == ""


def test_what_cannot_be_claimed_of_subgroups_is_refused():
    with pytest.raises(RequestError, match="by is for what can be certified, of which nothing is asked for"):
        Request(quality="macro_f1", target=0.8, by="site")
    with pytest.raises(ClaimError, match="'site' there must be a column of that name but there is none"):
        table_target(Request(target=0.9, by="site"), make_table(300), make_table(200, prefix="c"))


def test_what_is_left_to_an_estimate_is_about_all_samples():
    asked = Request(target=0.9, bounds={"macro_f1": 0.8}, by="site")
    assert asked.claim.by == "site"
    assert asked.rest.by is None
    assert Request(quality="macro_f1", budget=2, bounds={"accuracy": 0.9}, by="site").rest is None


def test_a_policy_is_chosen_and_certified_for_every_value():
    def table(prefix, seed, n=900):
        made = make_table(n, seed=seed, prefix=prefix)
        return made.with_columns({"site": np.array(["A", "B", "B"])[np.arange(n) % 3]})

    how = PolicySearch(
        asked=Request(target=0.7, by="site"),
        rules=("confidence",),
        settings=EvolveSettings(max_evaluations=3000),
    )
    chosen = choose_policy(table("s", 0), table("c", 1), how)
    certificate = chosen.certificate
    assert certificate.certified and certificate.worst_subgroup in "AB"
    assert [part.subgroup for part in certificate.parts] == [None, "A", "B"]
    again = certify_policy(chosen.policy, table("c", 1), certificate.claim)
    assert [part.p_value for part in again.parts] == [part.p_value for part in certificate.parts]
