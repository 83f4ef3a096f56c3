from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import MonitoringError
from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.groups import FinishedUnits, together, unit_codes
from tests.policies.monitoring.streams import answered


def numbered(groups):
    """Samples whose confidence is their place."""
    samples = answered(np.ones(len(groups)), groups=groups)
    places = np.arange(len(groups)) / 100
    return AnsweredSamples(
        samples.predictions, samples.exits, places, samples.labels, samples.full_predictions, samples.groups
    )


def kept_places(groups):
    """Places of the samples that count: those of each group's first run, where what comes back does not end a run."""
    kept, finished, current = [], set(), None
    for place, group in enumerate(groups):
        if group in finished:
            continue
        if current is not None and group != current:
            finished.add(current)
        current = group
        kept.append(place / 100)
    return kept


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=20), st.lists(st.integers(0, 20), max_size=4))
def test_groups_pass_when_they_are_finished_however_they_come(groups, cuts):
    units, passed = FinishedUnits("sample"), []
    samples = numbered(groups)
    edges = [0, *sorted(min(cut, len(groups)) for cut in cuts), len(groups)]
    for start, end in pairwise(edges):
        if start < end:
            given_now = units.update(samples.take(slice(start, end)))
            codes = unit_codes(given_now)
            assert len(codes) == 0 or codes[-1] + 1 == len(set(given_now.groups.tolist()))
            passed.append(given_now)
    passed.append(units.finish())
    assert units.finish() is None
    found = AnsweredSamples.join(passed)
    assert found.confidences.tolist() == kept_places(groups)
    assert units.n_left_out == len(groups) - found.n_samples
    assert units.unit == "group"


def test_samples_without_groups_pass():
    units = FinishedUnits("sample")
    assert units.update(answered([1, 0, 1])).n_samples == 3
    assert units.finish() is None
    assert units.unit == "sample"
    fresh = FinishedUnits("sample")
    fresh.update(AnsweredSamples.none())
    fresh.update(answered([1, 1], groups=list("ab")))
    fresh.finish()
    assert fresh.update(answered([1], groups=["a"])).n_samples == 0
    assert fresh.n_left_out == 1


def test_mixtures_are_refused():
    with pytest.raises(MonitoringError, match="each must name its group"):
        FinishedUnits("group").update(answered([1]))
    units = FinishedUnits("sample")
    units.update(answered([1]))
    with pytest.raises(MonitoringError, match="all samples name their group or none"):
        units.update(answered([1], groups=["a"]))


def test_together_keeps_the_order_of_first_samples_or_shuffles_units():
    samples = numbered(list("bacab"))
    assert together(samples).confidences.tolist() == [0.0, 0.04, 0.01, 0.03, 0.02]
    shuffled = together(samples, seed=3)
    assert sorted(shuffled.confidences.tolist()) == sorted(samples.confidences.tolist())
    assert unit_codes(shuffled)[-1] == 2
    orders = {"".join(together(samples, seed=seed).groups.tolist()) for seed in range(40)}
    assert len(orders) == 6
    alone = answered(np.arange(50) < 25)
    assert together(alone, seed=0).labels.shape == (50,)
    assert not (together(alone, seed=0).predictions == alone.predictions).all()


def test_an_open_group_is_joined_once(monkeypatch):
    """However many samples it has: joining at each of them takes time that grows with the square of their number."""
    joined = []
    join = AnsweredSamples.join

    def counted(parts):
        joined.append(len(parts))
        return join(parts)

    monkeypatch.setattr(AnsweredSamples, "join", counted)
    units = FinishedUnits("group")
    for _ in range(500):
        assert units.update(answered([1], groups=["a"])).n_samples == 0
    passed = units.update(answered([1], groups=["b"]))
    assert passed.n_samples == 500
    assert sum(joined) < 510
