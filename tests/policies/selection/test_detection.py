"""Choosing a detector's policy: what can be certified is, and the rest is estimated."""

import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.errors import ExitSearchError
from policies.estimates.estimate import BOOTSTRAP
from policies.evolution.settings import EvolveSettings
from policies.goals.figures import quality_of
from policies.goals.request import Request
from policies.qualities import MeanQuality
from policies.qualities.drop import DropLimit
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import full_network_quality, goal_on, references
from policies.selection.search_target import search_target
from policies.selection.select import select_policy
from policies.selection.split_size import SplitSize
from policies.tasks import get_task
from tests.detection_tables import make_detection_table


class Always(MeanQuality):
    """A mean over samples of classes, of a kind that somebody may bring."""

    name = f"{__name__}:ALWAYS"

    def of_answers(self, answers, truth):
        return np.ones(len(answers))


ALWAYS = Always()
QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)
SEARCH = make_detection_table(120, 3, 2, prefix="s")
CERTIFY = make_detection_table(400, 3, 2, prefix="c", seed=1)
FULL = full_network_quality("map_50", SEARCH)
RULES = ("top-scores", "box-gate")


def selected(asked, certify=CERTIFY):
    sizes = [None if table is None else SplitSize.of(table, table.truth) for table in (SEARCH, certify)]
    target = search_target(asked, search=sizes[0], certify=sizes[1])
    how = PolicySearch(asked=target.tightened, rules=RULES, settings=QUICK)
    return select_policy([search_network("a", SEARCH, certify, how)], target, front_size=20)


def of_chosen(chosen, name, table=SEARCH):
    return quality_of(name, table, chosen.policy.decide(table))


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        (Request(quality="map_50", max_drop=0.1), FULL - 0.1),
        (Request(quality="map_50", max_relative_drop=0.15), 0.85 * FULL),
        (Request(quality="map_50", max_relative_drop=0.15, target=0.95), 0.95),
    ],
)
def test_drops_are_counted_in_what_is_asked_for(asked, limit):
    assert goal_on(asked, SEARCH).target == pytest.approx(limit)


def test_a_drop_against_the_greedy_policy_is_counted_in_it_too():
    asked = Request(quality="map_50", target=0.5, max_drop_greedy=0.0)
    (greedy,) = references(asked, SEARCH, get_task("detection").fit_temperatures(SEARCH))
    reached = quality_of("map_50", SEARCH, greedy.decide(SEARCH))
    assert goal_on(asked, SEARCH).target == pytest.approx(reached)
    assert 0.5 <= reached < FULL


@pytest.mark.parametrize(
    ("asked", "claim", "rest"),
    [
        (Request(quality="image_f1", target=0.7), Claim(target=0.7, quality="image_f1"), None),
        (
            Request(quality="map_50", target=0.6, bounds={"image_f1": 0.7}),
            Claim(target=0.7, quality="image_f1"),
            Request(quality="map_50", target=0.6),
        ),
        (
            Request(quality="image_f1", max_relative_drop=0.1, bounds={"found_objects": 0.8, "map": 0.3}),
            Claim(max_relative_drop=0.1, quality="image_f1", bounds={"found_objects": 0.8}),
            Request(quality="map", target=0.3),
        ),
        (Request(quality="map_50", max_drop=0.1), None, Request(quality="map_50", max_drop=0.1)),
        (
            Request(quality="macro_f1", target=0.8, max_relative_drop=0.1),
            Claim(max_relative_drop=0.1),
            Request(quality="macro_f1", target=0.8),
        ),
        (
            Request(quality="macro_f1", target=0.8, bounds={ALWAYS.name: 0.5}),
            Claim(target=0.5, quality=ALWAYS.name),
            Request(quality="macro_f1", target=0.8),
        ),
        (
            Request(target=0.8, bounds={ALWAYS.name: 0.5}),
            Claim(target=0.8, bounds={ALWAYS.name: 0.5}),
            None,
        ),
        (
            Request(target=0.8, bounds={"flip_rate_to_exit": 0.0}),
            Claim(target=0.8),
            Request(target=0.8, bounds={"flip_rate_to_exit": 0.0}),
        ),
    ],
)
def test_what_is_claimed_and_what_is_left(asked, claim, rest):
    assert asked.claim == claim
    assert asked.rest == rest
    assert claim is None or asked.with_claim(claim) == asked


def test_the_bound_is_certified_and_the_drop_estimated_by_bootstrap():
    asked = Request(quality="map_50", max_relative_drop=0.3, bounds={"image_f1": 0.5})
    chosen = selected(asked)
    assert chosen.is_certified
    assert chosen.certificate.parts[0].name == "image_f1"
    estimate = chosen.estimate
    assert (estimate.quality, estimate.side, estimate.limit) == ("relative drop of map_50", "at most", 0.3)
    assert estimate.method == BOOTSTRAP
    assert estimate.sentence.startswith("estimated by bootstrap, not certified: on new data relative drop of map_50")
    assert estimate.meets
    assert estimate.observed <= estimate.bound <= 0.3
    assert of_chosen(chosen, "map_50", CERTIFY) > 0.7 * full_network_quality("map_50", CERTIFY) - 0.05


def test_without_certify_everything_is_estimated():
    chosen = selected(Request(quality="image_f1", target=0.6), certify=None)
    assert chosen.certificate is None
    assert chosen.estimate.quality == "image_f1"
    assert chosen.estimate.method != BOOTSTRAP
    assert chosen.estimate.meets
    assert of_chosen(chosen, "image_f1") > chosen.estimate.bound >= 0.6


def test_the_full_network_is_the_last_resort():
    asked = Request(quality="map_50", max_drop=0.0)
    chosen = selected(asked, certify=None)
    assert np.isinf([value for row in chosen.policy.thresholds for value in row]).all()
    assert chosen.estimate.meets


def test_the_margin_of_a_mean_is_on_the_safe_side():
    size = SplitSize.of(CERTIFY, CERTIFY.truth)
    claim = Claim(target=0.7, max_relative_drop=0.2, quality="image_f1", bounds={"found_objects": 0.6})
    tightened = tightened_claim(claim, size, delta=0.05)
    assert 0.7 < tightened.target < 0.8
    assert 0.6 < tightened.bounds["found_objects"] < 0.7
    assert 0 < tightened.max_relative_drop < 0.2
    few = SplitSize.of(CERTIFY.take(np.arange(5)), CERTIFY.truth.take(np.arange(5)))
    assert tightened_claim(claim, few, delta=0.05) is None
    target = search_target(Request(quality="image_f1", target=0.7), search=size, certify=few)
    assert "5 samples, too few to certify image_f1 0.7 even without an error" in target.why_not


def test_limits_of_one_loss_are_not_both_asked_for():
    with pytest.raises(ExitSearchError, match="max_relative_drop limits the same loss as max_drop"):
        Request(max_drop=0.1, max_relative_drop=0.1)
    with pytest.raises(ExitSearchError, match="of which more is better but less"):
        Request(quality="tests.toys.ordinal:ERROR", max_relative_drop=0.1)


def test_in_words():
    asked = Request(quality="map_50", target=0.5, max_relative_drop=0.15, max_drop_greedy=0.02)
    assert str(asked) == (
        "map_50 0.5, a relative drop of map_50 of at most 0.15 against the full network, "
        "a drop of map_50 of at most 0.02 against the greedy shared threshold"
    )
    assert asked.drops == (DropLimit(0.15, "map_50", is_relative=True), DropLimit(0.02, "map_50"))
