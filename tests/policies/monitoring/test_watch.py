from dataclasses import asdict, replace
import json

import numpy as np
import pytest

from policies.certificates.claim_parts import measure
from policies.certificates.claims import Claim
from policies.errors import MonitoringError
from policies.monitoring.answers import UNKNOWN, AnsweredSamples, answer_confidences
from policies.monitoring.groups import together
from policies.monitoring.json_lines import read_line
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.watch import CertificateWatch
from policies.monitoring.watched_table import watch_table
from policies.policy import Policy
from policies.tables.origin import Origin
from tests.policies.monitoring.streams import CERTIFY, POLICY, REFERENCE, answered, grouped
from tests.policies.outcomes import is_near_level
from tests.tables import make_table


NEW = make_table(900, seed=11, prefix="n")
WHOLE_CLAIM = Claim(target=0.95, max_drop=0.02, max_degradation=0.05, class_floor=0.8, exit_floor=0.7)


def followed(claim, samples, *, pieces=1, **options):
    watch = CertificateWatch(claim, REFERENCE, **options)
    for rows in np.array_split(np.arange(samples.n_samples), pieces):
        watch.update(samples.take(rows))
    watch.finish()
    return watch


@pytest.mark.parametrize("size", [1, 6])
def test_parts_are_those_of_the_certificate(size):
    """The figures of each part on a table are what a certificate would say of it."""
    table = NEW if size == 1 else grouped(NEW, size)
    watch = watch_table(POLICY, table, WHOLE_CLAIM, REFERENCE, is_ordered=True)
    found = watch.report().certificate.parts
    expected = measure(WHOLE_CLAIM, table, POLICY.decide(table))
    assert [part.name for part in found] == [part.name for part in expected]
    assert [part.n for part in found] == [part.n for part in expected]
    np.testing.assert_allclose([part.observed for part in found], [part.observed for part in expected])
    np.testing.assert_allclose([part.required for part in found], [part.required for part in expected])


def test_a_certified_claim_that_holds_and_one_that_fails():
    good = watch_table(POLICY, NEW, Claim(target=0.9), REFERENCE).report()
    assert (good.is_refuted, good.has_alarm) == (False, False)
    assert good.sentences[0].startswith("nothing speaks against the certified claim in 900 samples")
    bad = watch_table(POLICY, NEW, Claim(target=0.999), REFERENCE).report()
    assert (bad.is_refuted, bad.has_alarm) == (True, True)
    assert "happens with probability at most 0.05 where it holds; accuracy is 0." in bad.sentences[0]
    assert bad.certificate.alarm_at <= 900


@pytest.mark.parametrize("size", [1, 6])
def test_in_pieces_as_at_once(size):
    table = NEW if size == 1 else grouped(NEW, size)
    samples = together(AnsweredSamples.of(table, POLICY.decide(table)))
    one = followed(WHOLE_CLAIM, samples, knows_full_network=True, keeps_history=True)
    other = followed(WHOLE_CLAIM, samples, pieces=200, knows_full_network=True, keeps_history=True)
    np.testing.assert_allclose(one.history().log_wealth, other.history().log_wealth, atol=1e-9)
    np.testing.assert_allclose(one.history().log_detector, other.history().log_detector, atol=1e-9)
    assert one.report().sentences == other.report().sentences
    assert one.report().certificate.n_units == 900 / size


def test_a_table_sorted_by_class_is_shuffled():
    """The first class is beyond the limit, the whole is not: in the table's order the bets would win."""
    right = np.ones(1200, dtype=bool)
    right[:40] = False
    n_alarms = 0
    for seed in range(40):
        samples = together(answered(right), seed=seed)
        n_alarms += followed(Claim(target=0.95), samples, follows=False).report().is_refuted
    assert followed(Claim(target=0.95), answered(right)).report().is_refuted
    assert is_near_level(n_alarms, 40, 0.05)


def test_a_set_without_order_has_no_detector():
    watch = watch_table(POLICY, NEW, Claim(target=0.9), REFERENCE, keeps_history=True)
    assert watch.report().change is None
    assert watch.history().log_detector is None
    assert watch_table(POLICY, NEW, Claim(target=0.9), REFERENCE).history() is None
    ordered = watch_table(POLICY, NEW, Claim(target=0.9), REFERENCE, is_ordered=True, keeps_history=True)
    assert len(ordered.history().log_detector) == 900


def test_change_after_a_good_time():
    right = np.concatenate([np.ones(600), np.random.default_rng(0).random(200) > 0.2])
    change = followed(Claim(target=0.95), answered(right)).report().change
    assert change.has_alarm
    assert 600 < change.alarms[0] < 660
    assert change.sentence.startswith("the claim may have stopped holding: the change detector raised ")
    assert "while the claim holds there is one in 1000 samples or more on average" in change.sentence


def test_without_labels_only_the_data_are_compared():
    watch = watch_table(POLICY, NEW, Claim(target=0.9), REFERENCE, has_labels=False)
    report = watch.report()
    assert (report.certificate, report.change, watch.history()) == (None, None, None)
    assert report.data.n_units == 900
    assert "no true classes were given, so that nothing can be said about the certificate" in report.notes


def test_labels_of_some_samples():
    samples = answered(np.ones(60))
    told = np.arange(60) % 3 == 0
    half = AnsweredSamples(
        samples.predictions,
        samples.exits,
        samples.confidences,
        np.where(told, samples.labels, -1),
        samples.full_predictions,
        samples.groups,
    )
    report = followed(Claim(target=0.95), half).report()
    assert report.certificate.n_units == 20
    assert report.data.n_units == 50


def test_a_drop_needs_the_full_network():
    lines = ['{"label": 0, "depth": 1, "probability": 0.9, "truth": 0}'] * 5
    note = "the drop against the full network cannot be watched where its answers are not known; give a table "
    note += "with all exits, or full_label in every JSON line"
    for claim, is_watched in ((Claim(max_drop=0.01), False), (Claim(target=0.9, max_drop=0.01), True)):
        watch = CertificateWatch(claim, REFERENCE)
        for number, line in enumerate(lines):
            watch.update(read_line(line, place=f"line {number}"))
        report = watch.report()
        assert (report.certificate is not None) == is_watched
        assert report.notes[0] == note
        assert report.not_watched == ("drop",)
    watched = followed(Claim(max_drop=0.01), answered(np.zeros(90), full_right=np.ones(90)), knows_full_network=True)
    assert watched.report().is_refuted
    assert watched.report().notes == ()
    assert "drop is 1.0000 here and was to be at most 0.01" in watched.report().sentences[0]


def test_groups_of_a_stream():
    samples = answered([1, 1, 0, 1, 1, 1], groups=list("aabbca"))
    watch = CertificateWatch(Claim(target=0.9), REFERENCE)
    for row in range(6):
        watch.update(samples.take(slice(row, row + 1)))
    assert watch.report().certificate.n_units == 2
    watch.finish()
    report = watch.report()
    assert report.certificate.n_units == 3
    assert report.certificate.parts[0].observed == pytest.approx(1 - 0.5 / 3)
    assert report.notes[0].startswith("certified over samples and watched over groups")
    assert report.notes[1].startswith("1 samples were left out")


def test_a_certificate_of_groups_needs_groups():
    table = grouped(CERTIFY, 6)
    reference = ReferenceStatistics.of(table, POLICY.decide(table))
    with pytest.raises(MonitoringError, match="each must name its group"):
        watch_table(POLICY, NEW, Claim(target=0.9), reference)


def test_reports_are_json():
    report = watch_table(POLICY, NEW, WHOLE_CLAIM, REFERENCE, is_ordered=True).report()
    again = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert again["certificate"]["n_units"] == 900
    assert again["has_alarm"] == report.has_alarm
    overwhelmed = followed(Claim(target=0.95), answered(np.zeros(3000))).report()
    json.dumps(overwhelmed.to_dict(), allow_nan=False)
    assert asdict(overwhelmed.certificate)["alarm_at"] == 3


def test_what_is_not_new_is_refused():
    with pytest.raises(MonitoringError, match="samples that the policy was certified on"):
        watch_table(POLICY, CERTIFY, Claim(target=0.9), REFERENCE)
    chosen = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0), origin=Origin.of(NEW))
    with pytest.raises(MonitoringError, match="was chosen on all 900 samples"):
        watch_table(chosen, NEW, Claim(target=0.9), REFERENCE)
    with pytest.raises(MonitoringError, match="has 3 exits and 5 classes but the reference statistics have 3 and 4"):
        watch_table(POLICY, make_table(50, 3, 5), Claim(target=0.9), REFERENCE)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"label": 4, "depth": 1, "probability": 1}', "a predicted class must be 0 to 3 but is 4"),
        ('{"label": 0, "depth": 4, "probability": 1}', "a depth must be 1 to 3 but is 4"),
        ('{"label": 0, "depth": 1, "probability": 1, "truth": 9}', "a label must be 0 to 3 but is 9"),
        ('{"label": 0, "depth": 1, "probability": 1, "truth": -2}', "a label must be 0 to 3 but is -2"),
    ],
)
def test_answers_of_another_network_are_refused(line, message):
    with pytest.raises(MonitoringError, match=message):
        CertificateWatch(Claim(target=0.9), REFERENCE).update(read_line(line, place="line 1"))


def test_parts_at_the_edge_are_left_out_and_the_rest_is_watched():
    claim = Claim(target=1.0, max_degradation=0.0, class_floor=0.8)
    samples = answered(np.arange(300) % 3 > 0, full_right=np.ones(300))
    report = followed(claim, samples, knows_full_network=True).report()
    assert report.not_watched == ("accuracy", "degradation")
    assert report.notes[0].startswith("not watched: 'accuracy', 'degradation', since the claim allows no loss there")
    assert report.is_refuted
    assert report.certificate.part.name == report.certificate.parts[0].name == "recall of class 0"
    assert report.data.has_changed
    assert json.loads(json.dumps(report.to_dict()))["not_watched"] == ["accuracy", "degradation"]


def test_where_nothing_of_a_claim_can_be_watched_the_data_are():
    report = followed(Claim(target=1.0), answered(np.zeros(100))).report()
    assert (report.certificate, report.change) == (None, None)
    assert report.data.n_units == 50
    assert report.has_alarm
    assert len(report.notes) == 1


def test_what_was_not_certified_is_not_called_so():
    for right in (np.ones(90), np.zeros(90)):
        sure = followed(Claim(target=0.9), answered(right)).report()
        report = followed(Claim(target=0.9), answered(right), is_certified=False).report()
        assert "the certified claim" in sure.sentences[0]
        assert "the claim, which was NOT certified, " in report.sentences[0]
        assert "the certified claim" not in " ".join(report.sentences)
        assert report.notes == (
            "the claim could not be shown on certify, so that nothing was promised: new data are tested against what "
            "was hoped for",
        )
        assert sure.notes == ()
    assert report.change.sentence.startswith("the claim, which was NOT certified, may have stopped holding")
    assert report.to_dict()["certificate"]["is_certified"] is False


def test_cheap_answers_are_those_of_the_report():
    right = np.concatenate([np.ones(600), np.random.default_rng(0).random(200) > 0.4])
    watch = CertificateWatch(Claim(target=0.95), REFERENCE)
    seen = set()
    for rows in np.array_split(np.arange(len(right)), 60):
        watch.update(answered(right).take(rows))
        report = watch.report()
        assert watch.is_refuted == report.is_refuted
        assert watch.n_alarms == len(report.change.alarms)
        assert watch.has_changed == report.data.has_changed
        seen.add((watch.is_refuted, watch.n_alarms > 0, watch.has_changed))
    assert len(seen) > 2


def test_a_truth_without_the_full_networks_answer_is_told():
    samples = answered(np.ones(40), full_right=np.ones(40))
    full = np.where(np.arange(40) < 7, UNKNOWN, samples.full_predictions)
    report = followed(Claim(target=0.9), replace(samples, full_predictions=full), knows_full_network=True).report()
    assert report.certificate.n_units == 33
    assert report.notes[0].startswith("the truth of 7 samples was not used, since it came without the full network's")


def test_notes_that_were_given_come_with_the_report():
    watch = CertificateWatch(None, REFERENCE, notes=("each file was counted as a group of its own",))
    assert watch.report().notes[-1] == "each file was counted as a group of its own"


class Backwards:
    """Distributions in blocks that are not in the order of the rows."""

    def __init__(self, probabilities):
        self.probabilities = probabilities

    def blocks(self):
        for rows in (np.arange(200, len(self.probabilities)), np.arange(200)):
            yield rows, self.probabilities[rows]


def test_confidences_are_put_where_their_rows_are():
    decision = POLICY.decide(NEW)
    every = np.concatenate([block for _, block in decision.distributions.blocks()])
    turned = replace(decision, distributions=Backwards(every))
    np.testing.assert_array_equal(answer_confidences(turned), answer_confidences(decision))
    np.testing.assert_allclose(answer_confidences(decision), decision.probabilities.max(axis=1))
