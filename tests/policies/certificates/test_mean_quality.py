"""Claims about qualities that are means over samples, of detectors and of a kind of answers from outside."""

from dataclasses import asdict
import json
from typing import ClassVar

import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value, betting_upper_bound
from policies.certificates.certifying import certify_policy
from policies.certificates.claim_parts import measure
from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.certificates.parts.base import MeanTest
from policies.errors import ClaimError, ExitSearchError, MonitoringError
from policies.monitoring.claim_losses import ClaimLosses
from policies.policy import Policy
from policies.qualities import MeanQuality, get_quality
from tests.detection_tables import make_detection_table
from tests.policies.outcomes import GATE, is_near_level, outcome_table
from tests.toys.ordinal import OrdinalTable, make_ordinal_table


class Nearness(MeanQuality):
    """How near a grade is to the true one: 1 where it is the same, 0 from a distance of 1 on."""

    name: ClassVar[str] = f"{__name__}:NEARNESS"
    task: ClassVar[str | None] = OrdinalTable.task

    def of_answers(self, answers, truth):
        return np.clip(1 - np.abs(answers - truth.grades), 0, 1)


NEARNESS = Nearness()
DETECTOR = Policy("top-scores", (0.7, 0.7), (1.0, 1.0, 1.0))
TABLE = make_detection_table(200, 3, 3)
CLAIM = Claim(target=0.6, max_relative_drop=0.3, quality="image_f1", bounds={"found_objects": 0.6}, exit_floor=0.3)


def measured(claim=CLAIM, table=TABLE):
    return {part.name: part for part in measure(claim, table, DETECTOR.decide(table))}


def test_losses_are_what_answers_lack_and_what_the_full_network_had():
    decision, parts = DETECTOR.decide(TABLE), measured()
    f1, found = (get_quality(name).of_answers(decision.answers, TABLE.truth) for name in ("image_f1", "found_objects"))
    full = get_quality("image_f1").of_answers(decision.exit_answers[:, -1], TABLE.truth)
    order = np.argsort(TABLE.ids)
    np.testing.assert_allclose(parts["image_f1"].losses, (1 - f1)[order])
    np.testing.assert_allclose(parts["found_objects"].losses, (1 - found)[order])
    kept = parts["image_f1 below 0.7 of the full network's"]
    np.testing.assert_allclose(kept.losses, (0.7 * full - f1)[order])
    assert (kept.limit, kept.loss.least) == (0.0, -1.0)
    assert parts["image_f1 at depth 1"].n == (decision.exits == 0).sum()
    assert {part.method for part in parts.values()} == {MeanTest.BETTING}
    absolute = measured(Claim(max_drop=0.2, quality="image_f1"))["drop of image_f1"]
    np.testing.assert_allclose(absolute.losses, (full - f1)[order])


def test_parts_are_bet_on():
    parts = measured()
    own = parts["image_f1"]
    assert own.p_value(0.05) == betting_p_value(own.losses, limit=0.4, delta=0.05)
    assert own.bound(0.05) == 1 - betting_upper_bound(own.losses, delta=0.05)
    assert own.observed == pytest.approx(1 - own.losses.mean())
    kept = parts["image_f1 below 0.7 of the full network's"]
    assert kept.bound(0.05) == betting_upper_bound(kept.losses, delta=0.05, least=-1)
    text = measured(Claim(target=0.99, quality="image_f1"))["image_f1"].shortfall(0.05)
    assert text.startswith("image_f1 on certify is 0.") and text.endswith("but must be above 0.99")


def test_groups_count_by_their_means():
    groups = np.array([f"g{i // 4}" for i in range(200)])
    grouped = make_detection_table(200, 3, 3, groups=groups)
    part = measured(table=grouped)["image_f1"]
    f1 = get_quality("image_f1").of_answers(DETECTOR.decide(grouped).answers, grouped.truth)
    assert (part.n, part.unit) == (50, "group")
    np.testing.assert_allclose(np.sort(part.losses), np.sort(1 - f1.reshape(50, 4).mean(axis=1)))


def test_a_certificate_says_what_it_is_about(tmp_path):
    certificate = certify_policy(DETECTOR, TABLE, CLAIM)
    assert certificate.certified
    assert str(certificate.claim) == (
        "image_f1 is at least 0.6, the share of the full network's image_f1 that is lost is at most 0.3, "
        "the image_f1 of those that leave at each exit is at least 0.3, found_objects is at least 0.6"
    )
    certificate.save(tmp_path / "c.json")
    data = json.loads((tmp_path / "c.json").read_text())
    assert data["loss"] == "lack"
    assert data["parts"][0]["relation"] == ">="
    assert Claim.from_dict(data["claim"]) == CLAIM


def test_claims_of_older_files_are_about_accuracy():
    older = {"target": 0.9, "max_drop": None, "max_degradation": None, "class_floor": None, "exit_floor": 0.5}
    assert Claim.from_dict(older) == Claim(target=0.9, exit_floor=0.5)
    assert asdict(Claim.from_dict(older))["quality"] == "accuracy"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"target": 0.5, "class_floor": 0.5},
            "class_floor is about right and wrong answers but",
        ),
        ({"max_degradation": 0.5}, "max_degradation is about right and wrong answers"),
        ({"max_drop": 0.1, "max_relative_drop": 0.1}, "two limits of one loss"),
        ({"target": 0.5, "bounds": {"found_objects": 2.0}}, "the bound of found_objects must be above 0"),
        ({"class_floor": 0.5}, "a claim needs a target"),
    ],
)
def test_claims_that_cannot_be(values, message):
    with pytest.raises(ClaimError, match=message):
        Claim(quality="image_f1", **values)


@pytest.mark.parametrize(
    "data",
    [
        {"target": 0.5, "quality": 3},
        {"target": 0.5, "bounds": [0.5]},
        {"target": 0.5, "bounds": {"found_objects": "high"}},
        {"target": 0.5, "bounds": {"found_objects": None}},
    ],
)
def test_damaged_claims_are_refused(data):
    with pytest.raises(ClaimError):
        Claim.from_dict(data)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim(target=0.5, quality="map_50"), "must be accuracy, a mean of each answer's own figure"),
        (Claim(target=0.5, quality="image_f1", bounds={"map_50": 0.5}), "but is 'map_50'"),
        (Claim(target=0.5, quality="beauty"), "there is no quality 'beauty'"),
        (Claim(target=0.5), "neither right nor wrong"),
    ],
)
def test_what_cannot_be_certified_of_a_detector(claim, message):
    with pytest.raises(ExitSearchError, match=message):
        certify_policy(DETECTOR, TABLE, claim)


def test_a_detectors_quality_is_not_for_classes():
    table = outcome_table(np.ones(9), np.ones(9))
    with pytest.raises(ExitSearchError, match="judges answers of task 'detection'"):
        certify_policy(GATE, table, Claim(target=0.5, quality="image_f1"))


def test_a_share_of_the_full_accuracy_is_bet_on():
    """Of 100 right answers of the full network, 10 are lost and none is gained: nine tenths are kept, just."""
    table = outcome_table(np.arange(200) >= 110, np.arange(200) >= 100)
    (part,) = measure(Claim(max_relative_drop=0.1), table, GATE.decide(table))
    assert part.loss is Loss.RELATIVE_DROP
    assert part.observed == pytest.approx(0.0)
    assert sorted(set(part.losses.round(9))) == [pytest.approx(-0.1), 0.0, pytest.approx(0.9)]


def test_new_answers_cannot_be_watched_for_another_quality():
    with pytest.raises(MonitoringError, match="this one is about image_f1 and found_objects; certify"):
        ClaimLosses(CLAIM, 2, np.arange(1), knows_full_network=True)


POLICY = Policy("tests.toys.ordinal:NARROW", (-0.6, -0.6, -0.6), (1.0,) * 4)


@pytest.mark.parametrize("kind", ["target", "max_drop", "max_relative_drop"])
def test_at_the_boundary_at_most_delta_certify_falsely(kind):
    """Claims are set at what holds in the world, estimated on 100,000 samples; certificates are of 150 each."""
    world = make_ordinal_table(100_000, seed=3)
    decision = POLICY.decide(world)
    own = NEARNESS.of_answers(decision.answers, world.truth)
    full = NEARNESS.of_answers(decision.exit_answers[:, -1], world.truth)
    claim = {
        "target": Claim(target=float(own.mean()), quality=NEARNESS.name),
        "max_drop": Claim(max_drop=float((full - own).mean()), quality=NEARNESS.name),
        "max_relative_drop": Claim(max_relative_drop=1 - float(own.mean() / full.mean()), quality=NEARNESS.name),
    }[kind]
    rng, n_draws = np.random.default_rng(0), 400
    draws = [world.take(rng.integers(0, world.n_samples, 150)) for _ in range(n_draws)]
    for delta in (0.05, 0.2):
        n_false = sum(
            max(part.p_value(delta) for part in measure(claim, draw, POLICY.decide(draw))) <= delta for draw in draws
        )
        assert is_near_level(n_false, n_draws, delta)
        assert n_false > 0
