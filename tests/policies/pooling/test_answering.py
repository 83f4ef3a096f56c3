"""How a policy answers: what can be, and what its file says of it."""

import json
import math

import numpy as np
import pytest

from policies.errors import ExitTableError, PolicyError
from policies.policy import Policy
from policies.pooling.answering import Answering
from tests.multilabel_tables import make_label_table


@pytest.mark.parametrize(
    "answering",
    [
        Answering(),
        Answering(level="parent", pooling="top-3", parent_labels="majority"),
        Answering(level="reading", pooling="p75", read_until=0.25),
        Answering(level="reading", pooling="mean"),
        Answering(pooling="noisy-or", label_thresholds=(0.1, np.nextafter(0, 1), np.nextafter(1, 0))),
    ],
)
def test_files_say_how_a_policy_answers_and_nothing_that_goes_without_saying(tmp_path, answering):
    policy = Policy("label-margin", (math.inf,), (1.0, 1.0), answering=answering)
    policy.save(tmp_path / "policy.json")
    told = json.loads((tmp_path / "policy.json").read_text(), parse_constant=pytest.fail)
    assert ("answering" in told) == (answering != Answering())
    again = Policy.load(tmp_path / "policy.json")
    assert again == policy and again.policy_hash == policy.policy_hash
    assert again.leaves_early == (answering.read_until < math.inf)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"level": "parent"}, "level parent needs a pooling but has none"),
        ({"level": "clip", "pooling": "mean"}, r"'answering\.level' cannot be 'clip'"),
        ({"pooling": "median"}, "there is no pooling 'median'; known are mean, max"),
        ({"pooling": "top-0"}, "there is no pooling 'top-0'"),
        ({"pooling": "p101"}, "there is no pooling 'p101'"),
        ({"pooling": "mean", "level": "reading", "read_until": math.nan}, "read_until must be a number, or infinity"),
        ({"pooling": "mean", "level": "reading", "read_until": -math.inf}, "read_until must be a number, or infinity"),
        (
            {"pooling": "mean", "read_until": 0.5},
            "read_until is for levels reading and progressive but the level is sample",
        ),
        ({"label_thresholds": [0.5, 1.0]}, r"'answering\.label_thresholds\.1' cannot be '1\.0'"),
        ({"parent_labels": "all"}, r"'answering\.parent_labels' cannot be 'all'"),
        ({"levels": "parent"}, r"'answering\.levels' cannot be"),
        (None, "'answering' cannot be 'None'"),
    ],
)
def test_what_no_policy_can_do_is_refused_in_one_line(tmp_path, given, message):
    form = Policy("label-margin", (0.5,), (1.0, 1.0)).to_dict()
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({**form, "answering": given}))
    with pytest.raises(PolicyError, match=message) as caught:
        Policy.load(path)
    assert "\n" not in str(caught.value)


def test_labels_are_not_pooled_as_classes_that_exclude_each_other():
    with pytest.raises(ExitTableError, match="'evidence' is for classes that exclude each other .*; take another"):
        make_label_table(20, parents_of=4).answered(Answering(pooling="evidence"))
