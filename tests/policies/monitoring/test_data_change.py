import numpy as np
import pytest

from policies.errors import MonitoringError
from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.data_change import SequentialDataChange, WholeDataChange, data_change
from policies.monitoring.data_tally import DataTally
from policies.monitoring.groups import together
from policies.monitoring.reference import ReferenceStatistics
from tests.policies.monitoring.streams import CERTIFY, POLICY, REFERENCE, grouped
from tests.policies.outcomes import is_near_level
from tests.tables import make_table


POOL = make_table(4000, seed=9, prefix="p")
ANSWERS = AnsweredSamples.of(POOL, POLICY.decide(POOL))


def whole(samples, reference=REFERENCE, **options):
    watch = WholeDataChange(reference, **options)
    watch.update(samples)
    return watch.verdict


def moved(verdict):
    return [one.name for one in verdict.comparisons if one.has_moved]


def drawn(rng, n):
    return ANSWERS.take(rng.integers(0, ANSWERS.n_samples, n))


def reference_of(samples):
    table = POOL.take(samples)
    return ReferenceStatistics.of(table, POLICY.decide(table))


@pytest.mark.parametrize("n", [25, 300])
def test_false_alarms_are_within_the_level(n):
    """Reference and new data are both drawn, whole and by looks: three comparisons have one level together."""
    n_whole = n_looks = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        reference = reference_of(rng.permutation(POOL.n_samples)[: 4 * n])
        samples = drawn(rng, n)
        n_whole += whole(samples, reference).has_changed
        looks = SequentialDataChange(reference)
        looks.update(samples)
        n_looks += looks.verdict.has_changed
    assert is_near_level(n_whole, 200, 0.05)
    assert is_near_level(n_looks, 200, 0.05)


def test_groups_of_like_samples_raise_no_false_alarms():
    """Ten copies of each sample are one origin: as single samples they would look like a change."""
    n_grouped = n_single = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rows = np.repeat(rng.integers(0, ANSWERS.n_samples, 60), 10)
        single = ANSWERS.take(rows)
        groups = np.repeat(np.arange(60), 10).astype(str)
        copies = AnsweredSamples(
            single.predictions, single.exits, single.confidences, single.labels, single.full_predictions, groups
        )
        n_single += whole(single).has_changed
        n_grouped += whole(copies).has_changed
    assert is_near_level(n_grouped, 100, 0.05)
    assert n_single > 50


def test_other_shares_of_classes_are_a_change_of_the_data_and_nothing_else():
    samples = ANSWERS.take(ANSWERS.labels < 2)
    verdict = whole(samples)
    assert "predicted classes" in moved(verdict)
    assert verdict.sentence.startswith("data changed: ")
    assert "accuracy" not in verdict.sentence
    assert "is answered for" in verdict.sentence


def test_confidence_alone():
    rng = np.random.default_rng(0)
    samples = drawn(rng, 400)
    surer = AnsweredSamples(
        samples.predictions,
        samples.exits,
        1 - (1 - samples.confidences) / 3,
        samples.labels,
        samples.full_predictions,
    )
    verdict = whole(surer)
    assert moved(verdict) == ["confidence"]
    assert "confidence: it is at most" in verdict.sentence
    assert verdict.sentence.endswith("in samples 1 to 400")


def test_exit_mix_alone():
    samples = drawn(np.random.default_rng(0), 400)
    late = AnsweredSamples(
        samples.predictions,
        np.maximum(samples.exits, 1),
        samples.confidences,
        samples.labels,
        samples.full_predictions,
    )
    verdict = whole(late)
    assert moved(verdict) == ["exit mix"]
    assert "depth 1 is taken by 0.0% (" in verdict.sentence


def test_confidences_that_differ_by_the_executor_only_are_alike():
    decision = POLICY.decide(CERTIFY)
    samples = AnsweredSamples.of(CERTIFY, decision)
    single = samples.confidences.astype(np.float32).astype(float)
    again = AnsweredSamples(samples.predictions, samples.exits, single, samples.labels, samples.full_predictions)
    assert min(one.p_value for one in whole(again).comparisons) > 0.99


def test_too_few_are_not_compared():
    verdict = whole(ANSWERS.take(slice(0, 19)))
    assert (verdict.comparisons, verdict.has_changed) == ((), False)
    assert verdict.sentence.startswith("too few to tell whether data changed: 19 new samples")
    assert whole(ANSWERS.take(slice(0, 20))).comparisons


def test_looks_are_at_doubling_sizes_and_at_halving_levels():
    looks = SequentialDataChange(REFERENCE, alpha=0.08)
    assert looks.verdict.sentence.startswith("too few")
    looks.update(ANSWERS.take(slice(0, 450)))
    assert [look.last for look in looks.looks] == [50, 100, 200, 400]
    assert [look.n_units for look in looks.looks] == [50, 50, 100, 200]
    assert [look.alpha for look in looks.looks] == [0.04, 0.02, 0.01, 0.005]
    assert looks.n_units == 450
    assert looks.verdict.sentence.startswith("no change of the data seen in samples 201 to 400")


@pytest.mark.parametrize("group_size", [1, 7])
def test_one_by_one_as_at_once(group_size):
    table = POOL if group_size == 1 else grouped(POOL, group_size)
    samples = together(AnsweredSamples.of(table, POLICY.decide(table))).take(slice(0, 210 * group_size))
    at_once, one_by_one = SequentialDataChange(REFERENCE), SequentialDataChange(REFERENCE)
    at_once.update(samples)
    for start in range(0, samples.n_samples, group_size):
        one_by_one.update(samples.take(slice(start, start + group_size)))
    assert at_once.looks[-1].last == 200
    assert [look.sentence for look in at_once.looks] == [look.sentence for look in one_by_one.looks]
    for one, other in zip(at_once.looks, one_by_one.looks, strict=True):
        np.testing.assert_allclose([own.p_value for own in one.comparisons], [own.p_value for own in other.comparisons])


def test_a_change_that_was_found_stays():
    looks = SequentialDataChange(REFERENCE)
    looks.update(ANSWERS.take(ANSWERS.labels == 0).take(slice(0, 100)))
    looks.update(drawn(np.random.default_rng(0), 700))
    assert looks.verdict.has_changed
    assert looks.verdict.last == 50


def test_level_is_refused():
    with pytest.raises(MonitoringError, match="alpha must lie strictly between 0 and 1 but is 0"):
        data_change(REFERENCE, DataTally.of(ANSWERS, REFERENCE), alpha=0.0)
    for kind in (WholeDataChange, SequentialDataChange):
        with pytest.raises(MonitoringError, match="but is 2"):
            kind(REFERENCE, alpha=2.0)


def test_units_are_named_as_they_are_counted():
    """Also where every group has one sample, and before there is anything."""
    alone = grouped(CERTIFY, 1)
    reference = ReferenceStatistics.of(alone, POLICY.decide(alone))
    for change in (WholeDataChange(reference), SequentialDataChange(reference)):
        assert change.verdict.unit == "group"
    for change in (WholeDataChange(REFERENCE), SequentialDataChange(REFERENCE)):
        assert change.verdict.unit == "sample"
        change.update(AnsweredSamples.of(alone, POLICY.decide(alone)))
        assert change.verdict.unit == "group"
