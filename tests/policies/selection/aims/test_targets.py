"""What other targets would take: their numbers, what is aimed at for them, and the policies of the front by count."""

from dataclasses import replace
import math

import numpy as np
import pytest
from scipy.special import softmax

from policies.certificates.claims import Claim
from policies.certificates.power import loss_rate_at_power
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.aims.cost_of_power import in_short
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.aims.targets import MULTIPLES, allowing, certified_targets
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from tests.policies.outcomes import outcome_table
from tests.tables import make_table


QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)
SEARCH = make_table(190, 3, 4)
CERTIFY = make_table(600, 3, 4, seed=7, prefix="c")


def front_for(asked, certify=CERTIFY):
    how = PolicySearch(asked=asked, rules=("confidence",), settings=QUICK)
    return search_network("only", SEARCH, certify, how).front


@pytest.fixture(scope="module")
def front():
    return front_for(Request(target=0.7))


@pytest.fixture(scope="module")
def shared(front):
    """Every threshold that tells samples apart, the same at all exits."""
    temperatures = front.points[0].policy.temperatures
    logits = SEARCH.logits[:, :-1] / np.array(temperatures)[:-1, None]
    scores = np.unique(softmax(logits.astype(float), axis=2).max(axis=2))
    return [Policy("confidence", ((own,), (own,)), temperatures) for own in [*scores, np.inf]]


def done(policies, search=SEARCH):
    """The accuracy, at each site by itself, and the depth of each policy by brute force."""
    decisions = [cross_fitted_decision(policy, search) for policy in policies]
    return [((own.answers == search.labels).reshape(2, -1).mean(axis=1), own.exits.mean() + 1) for own in decisions]


def told(front, asked, certify=CERTIFY):
    return certified_targets(table_target(asked, SEARCH, certify), FrontOnSearch(front, lambda _: SEARCH))


@pytest.mark.parametrize(
    ("claim", "numbers"),
    [
        (Claim(target=0.95), [0.975, 0.9625, 0.95, 0.9, 0.8]),
        (Claim(target=0.85), [0.925, 0.8875, 0.85, 0.7, 0.4]),
        (Claim(target=0.7), [0.85, 0.775, 0.7, 0.4, None]),
        (Claim(target=0.876), [0.938, 0.907, 0.876, 0.752, 0.504]),
        (Claim(target=0.9999), [None, 0.9999, 0.9999, 0.9998, 0.9996]),
        (Claim(target=0.1, quality="hamming"), [0.05, 0.075, 0.1, 0.2, 0.4]),
        (Claim(max_drop=0.01), [0.005, 0.0075, 0.01, 0.02, 0.04]),
        (Claim(max_drop=0.0333), [0.01665, 0.02498, 0.0333, 0.0666, 0.1332]),
        (Claim(max_relative_drop=0.3), [0.15, 0.225, 0.3, 0.6, None]),
    ],
)
def test_numbers_allow_multiples_as_a_person_types_them(claim, numbers):
    claims = [allowing(claim, multiple) for multiple in MULTIPLES]
    assert [own and own.statements[0].required for own in claims] == numbers


def test_a_target_that_is_typed_as_another_is_told_once(front):
    assert [own.multiple for own in told(front, Request(target=0.9999))] == [1, 2, 4]
    # Half and three quarters of 0.00015 are typed alike too.
    assert [own.multiple for own in told(front, Request(target=0.99985))] == [0.5, 1, 2, 4]


def test_all_parts_of_a_claim_allow_more_together():
    claim = Claim(target=0.9, max_drop={"accuracy": 0.02}, class_floor=0.8, by="site")
    assert allowing(claim, 0.5) == Claim(target=0.95, max_drop={"accuracy": 0.01}, class_floor=0.9, by="site")
    assert allowing(claim, 4) == Claim(target=0.6, max_drop={"accuracy": 0.08}, class_floor=0.2, by="site")
    assert allowing(Claim(target=0.9, class_floor=0.7), 4) is None
    assert allowing(Claim(target=0.9, max_drop=0.3), 4) is None


@pytest.mark.parametrize("power", [0.5, 0.9])
def test_each_target_has_the_aim_and_the_policy_that_are_its_own(front, shared, power):
    found = told(front, Request(target=0.7, power=power))
    assert [own.asked for own in found] == [f"accuracy {number:g}" for number in (0.85, 0.775, 0.7, 0.4)]
    for own in found:
        aim = 1 - loss_rate_at_power(600, limit=0.3 * own.multiple, delta=0.05, power=power)
        policies = [*front.policies, *(shared if aim < 0.7 else [])]
        reached = [(depth, -right.mean()) for right, depth in done(policies) if right.mean() >= aim]
        depth, error = min(reached, default=(None, None))
        assert own.aim == f"accuracy {aim:.4g}"
        assert own.mean == (None if depth is None else pytest.approx(depth))
        assert own.quality == (None if error is None else pytest.approx(-error))
        assert own.is_at_most == (aim < 0.7)
        assert (own.power, own.needed, own.why_not) == (power, None, "")
    assert [own.is_at_most for own in found] == [False, False, False, True]
    assert found[-1].mean < min(depth for _, depth in done(front.policies))


def test_what_cannot_be_certified_with_so_few_is_told_with_how_many_could(front):
    certify = make_table(10, 3, 4, seed=7, prefix="c")
    found = told(front, Request(target=0.7), certify)
    for own in found:
        needed = math.ceil(math.log(0.05) / math.log(1 - 0.3 * own.multiple))
        assert own.needed == (needed if needed > 10 else None)
        few = f"certify needs at least about {needed} samples"
        assert own.why_not == (few if needed > 10 else "")
        assert (own.aim == "") == (needed > 10)
    assert [own.needed for own in found] == [19, 12, None, None]


def test_of_several_parts_it_is_the_one_that_needs_most(front):
    few = make_table(10, 3, 4, seed=7, prefix="c")
    strict = told(front, Request(target=0.7, max_drop=0.1), few)[0]
    assert strict.asked == "accuracy 0.85, a drop of at most 0.05 against the full network"
    assert strict.needed == math.ceil(math.log(0.05) / math.log(0.95))


def test_what_no_number_would_certify_is_told_so(front):
    (own,) = told(front, Request(max_drop=0.0))
    assert (own.multiple, own.needed, own.why_not) == (1, None, "no number of samples would do")


def test_where_nothing_is_to_be_certified_there_are_none(front):
    assert told(front, Request(target=0.7), None) == ()
    assert told(front, Request(budget=2.0), CERTIFY) == ()


def test_nothing_but_the_size_of_certify_counts(front):
    answered = outcome_table(np.zeros(600), np.ones(600))
    asked = Request(target=0.7, max_drop=0.05)
    assert told(front, asked) == told(front, asked, answered)


def test_where_no_policy_met_what_was_asked_looser_targets_are_told_by_the_nearest():
    asked = Request(target=0.999)
    nearest = front_for(asked)
    assert not nearest.is_feasible
    found = {own.multiple: own for own in told(nearest, asked, make_table(20_000, 2, 3, prefix="c"))}
    assert all(own.mean is None for own in found.values())
    (loose,) = (own for own in told(nearest, Request(target=0.9)) if own.multiple == 4)
    assert loose.is_at_most
    assert loose.mean <= nearest.points[0].figures["mean_depth"]


def test_every_value_of_a_column_has_an_aim_and_the_column_is_named_once(front, shared):
    site = np.array(["A", "B"])
    search, certify = (
        table.with_columns({"site": np.repeat(site, table.n_samples // 2)}) for table in (SEARCH, CERTIFY)
    )
    target = table_target(Request(target=0.7, by="site"), search, certify)
    found = certified_targets(target, FrontOnSearch(front, lambda _: search))
    for own in found:
        aim = tightened_claim(Claim(target=1 - 0.3 * own.multiple, by="site"), target.certify, delta=0.05).target
        overall = 1 - loss_rate_at_power(600, limit=0.3 * own.multiple, delta=0.05, power=0.8**0.5)
        assert own.aim == f"accuracy {overall:.4g}, for every value of site ({aim:.4g})"
        assert own.is_at_most == (aim < 0.7)
        policies = [*front.policies, *(shared if aim < 0.7 else [])]
        reached = [depth for right, depth in done(policies, search) if (right >= aim).all()]
        assert own.mean == (pytest.approx(min(reached)) if reached else None)
    assert sum(own.mean is not None for own in found) > 1


def test_of_values_of_several_sizes_the_aim_tells_the_range_of_each_number():
    aim = Request(target=0.8, max_drop=0.05, by="site")
    claim = aim.claim
    limits = {"A": (0.85, 0.01), "B": (0.9, 0.01), "C": (0.875, 0.01)}
    own = {value: replace(claim.overall, target=target, max_drop=drop) for value, (target, drop) in limits.items()}
    assert in_short(aim.with_claim(claim.overall, own)) == f"{aim} (0.85 to 0.9, 0.01)"
    assert in_short(aim) == str(aim)


def test_the_numbers_of_a_target_are_told_part_by_part(front):
    asked = Request(target=0.7, max_drop=0.1, bounds={"worst_class_recall": 0.5})
    for own in told(front, asked, make_table(2000, 3, 4, seed=7, prefix="c")):
        assert [part.name for part in own.parts] == ["accuracy", "drop", "worst_class_recall"]
        lost = [0.3 * own.multiple, 0.1 * own.multiple, 0.5 * own.multiple]
        assert [part.asked for part in own.parts] == pytest.approx([1 - lost[0], lost[1], 1 - lost[2]])
        accuracy, drop, recall = (part.aim for part in own.parts)
        assert accuracy > own.parts[0].asked and drop < own.parts[1].asked and recall > own.parts[2].asked
        assert own.aim == (
            f"accuracy {accuracy:.4g}, worst_class_recall {recall:.4g}, a drop of at most {drop:.4g} "
            "against the full network"
        )
        assert {part.of_values for part in own.parts} == {None}


def test_an_accuracy_that_a_floor_of_classes_implies_is_no_part(front):
    asked = Request(bounds={"worst_class_recall": 0.5}, budget=2.9)
    found = told(front, asked, make_table(2000, 3, 4, seed=7, prefix="c"))
    assert len(found) > 1
    assert {part.name for own in found for part in own.parts} == {"worst_class_recall"}


def test_the_aims_of_values_are_told_as_a_range(front):
    few = np.arange(600) < 150
    certify = CERTIFY.with_columns({"site": np.where(few, "A", "B")})
    search = SEARCH.with_columns({"site": np.where(np.arange(SEARCH.n_samples) % 2, "A", "B")})
    target = table_target(Request(target=0.7, by="site"), search, certify)
    for own in certified_targets(target, FrontOnSearch(front, lambda _: search)):
        (part,) = own.parts
        each = math.sqrt(0.8)
        least, largest = (
            1 - loss_rate_at_power(n, limit=0.3 * own.multiple, delta=0.05, power=each) for n in (450, 150)
        )
        assert own.by == "site"
        assert part.of_values == pytest.approx((least, largest))


@pytest.mark.parametrize(
    ("beside", "told_so"),
    [
        ({}, ""),
        ({"budget": 2.0}, "mean depth 2"),
        ({"max_drop_greedy": 0.02}, "a drop of at most 0.02 against the greedy shared threshold"),
        ({"bounds": {"macro_f1": 0.5}, "budget": 2.0}, "macro_f1 0.5, mean depth 2"),
    ],
)
def test_what_cannot_be_certified_is_told_beside(front, beside, told_so):
    assert {own.beside for own in told(front, Request(target=0.7, **beside))} == {told_so}
