import json

import numpy as np
import pytest

from policies.errors import MonitoringError
from policies.monitoring.reference import ReferenceStatistics
from tests.policies.monitoring.streams import CERTIFY, POLICY, REFERENCE, grouped


def test_it_is_what_the_policy_did():
    decision = POLICY.decide(CERTIFY)
    np.testing.assert_array_equal(REFERENCE.exit_counts, np.bincount(decision.exits, minlength=3))
    np.testing.assert_array_equal(REFERENCE.class_counts, np.bincount(decision.answers, minlength=4))
    confidences = np.round(decision.probabilities.max(axis=1), 5)
    # numpy's inverted_cdf multiplies by 0.07 and lands beside whole numbers.
    places = [max(-(-percent * 600 // 100), 1) - 1 for percent in range(101)]
    np.testing.assert_array_equal(REFERENCE.confidence_quantiles, np.sort(confidences)[places])
    assert REFERENCE.error_rate == pytest.approx((decision.answers != CERTIFY.labels).mean())
    assert (REFERENCE.unit, REFERENCE.n_units, REFERENCE.n_samples) == ("sample", 600, 600)
    assert REFERENCE.split_hash == CERTIFY.split_hash


def test_groups_count_alike_however_large_they_are():
    """A group of three and one of one sample: each of the three counts a third."""
    small = CERTIFY.take(np.arange(4))
    small = type(small)(**{**small.arrays(), "groups": np.array(["a", "a", "a", "b"])})
    reference, decision = ReferenceStatistics.of(small, POLICY.decide(small)), POLICY.decide(small)
    weights = np.array([1, 1, 1, 3]) / 3
    assert (reference.unit, reference.n_units, reference.n_samples) == ("group", 2, 4)
    np.testing.assert_allclose(reference.exit_counts, np.bincount(decision.exits, weights=weights, minlength=3))
    assert reference.error_rate == pytest.approx(np.average(decision.answers != small.labels, weights=weights))
    half = np.sort(np.round(decision.probabilities.max(axis=1), 5))
    assert reference.confidence_quantiles[0] == half[0]
    assert reference.confidence_quantiles[-1] == half[-1]


def test_json_and_back(tmp_path):
    path = tmp_path / "reference.json"
    for table in (CERTIFY, grouped(CERTIFY, 7)):
        reference = ReferenceStatistics.of(table, POLICY.decide(table))
        reference.save(path)
        assert ReferenceStatistics.load(path) == reference
        assert ReferenceStatistics.from_dict(json.loads(json.dumps(reference.to_dict()))) == reference


def damaged(**changes):
    return {**REFERENCE.to_dict(), **changes}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "must be a JSON object that states schema 1"),
        (damaged(schema=2), "states schema 1 but state 2; take those that this version has made"),
        (damaged(n_units="many"), "'n_units'"),
        (damaged(n_units=599), "exit_counts add up to 600, not to n_units, 599"),
        (damaged(n_samples=10), "n_samples, 10, is less than n_units, 600"),
        (damaged(exit_counts=[700.0, -100.0, 0.0]), "'exit_counts.1'"),
        (damaged(class_counts=[600.0, float("nan")]), "class_counts"),
        (damaged(confidence_quantiles=[0.5] * 100), "'confidence_quantiles'"),
        (damaged(confidence_quantiles=[0.5] * 100 + [0.4]), "confidence_quantiles do not ascend"),
        (damaged(error_rate=2), "'error_rate'"),
        (damaged(unit="recording"), "'unit'"),
        (damaged(class_names=["cat"]), "1 class_names and 4 class_counts"),
        ({"schema": 1}, "'unit' \\(Field required\\)"),
    ],
)
def test_damage_is_told_in_one_line(data, message):
    with pytest.raises(MonitoringError, match=message) as raised:
        ReferenceStatistics.from_dict(data)
    assert "\n" not in str(raised.value)


def test_damaged_files(tmp_path):
    path = tmp_path / "reference.json"
    with pytest.raises(MonitoringError, match=r"reference\.json: there are no such"):
        ReferenceStatistics.load(path)
    for content in (b"{", b"\xff\xfe\x00", b"[" * 100_000, json.dumps(damaged(n_units=1)).encode()):
        path.write_bytes(content)
        with pytest.raises(MonitoringError, match=r"reference\.json") as raised:
            ReferenceStatistics.load(path)
        assert "\n" not in str(raised.value)
