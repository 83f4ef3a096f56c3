import pytest

from policies.errors import MonitoringError
from policies.monitoring.answers import UNKNOWN
from policies.monitoring.json_lines import read_line


def read(text):
    return read_line(text, place="line 3", class_names=("cat", "dog"))


def test_whole_line():
    samples = read(
        '{"label": "dog", "depth": 2, "probability": 0.75, "truth": 0, "group": 17, "full_label": 1, "ms": 3}'
    )
    assert (samples.predictions[0], samples.exits[0], samples.confidences[0], samples.labels[0]) == (1, 1, 0.75, 0)
    assert (samples.groups[0], samples.full_predictions[0]) == ("17", 1)


def test_what_is_not_known():
    samples = read('{"label": 0, "depth": 1, "probability": 1, "truth": null}')
    assert (samples.labels[0], samples.full_predictions[0], samples.groups) == (UNKNOWN, UNKNOWN, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 3: each line must be a JSON object"),
        ("{", "line 3: each line must be a JSON object"),
        ("[1]", r"line 3: each line must be a JSON object but is '\[1\]'"),
        ("[" * 100_000, "line 3: each line must be a JSON object"),
        ('{"label": 1, "depth": 1}', "line 3: each line must have .* but probability is not there"),
        ('{"label": "cow", "depth": 1, "probability": 1}', r"must be one of \['cat', 'dog'\] or its number but is"),
        ('{"label": 1, "depth": 0, "probability": 1}', "line 3: depth must be at least 1 but 0 was given"),
        ('{"label": 1, "depth": 1.5, "probability": 1}', "line 3: depth must be a whole number but 1.5 was given"),
        ('{"label": 1, "depth": 1, "probability": 50}', "probability must be at least 0 and at most 1 but 50"),
        ('{"label": 1, "depth": 1, "probability": NaN}', "probability"),
        ('{"label": 1, "depth": 1, "probability": "high"}', "probability must be a number but 'high' was given"),
        ('{"label": 1, "depth": 1, "probability": 1, "truth": [2]}', "line 3: truth"),
    ],
)
def test_damage_is_told_in_one_line(text, message):
    with pytest.raises(MonitoringError, match=message) as raised:
        read(text)
    assert "\n" not in str(raised.value)
