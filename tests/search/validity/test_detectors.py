"""Detectors whose training cannot work: each sweep ends with the right reason, and nothing downstream runs."""

import json

import pytest

from search.errors import ValidityError


PLACE = "tests.search.validity.rectangles"
GATE = (
    "full_network.epochs=3",
    "search.first_trials=[]",
    "space.name=detection",
    "training.batch_size=32",
    "policy.quality=map_50",
    "target=0.2",
    "policy.rules=[top-scores]",
    "splits={train: 0.4, search: 0.2, certify: 0.2, test: 0.2}",
)


def stopped(runner, name, workload, *assignments):
    """The report and the message of a sweep that does not pass."""
    with pytest.raises(ValidityError) as raised:
        runner(name, *GATE, f"workload={PLACE}:{workload}", *assignments)
    folder = runner.folder / "runs" / name
    names = {path.name for path in folder.iterdir()}
    assert {"summary.json", "policy.json", "tune"}.isdisjoint(names)
    return json.loads((folder / "validity.json").read_text()), str(raised.value)


def test_anchors_that_match_nothing_end_it_before_training(runner):
    report, message = stopped(runner, "dots", "DOTS")
    assert report["curve"] == []
    first = report["reasons"][0]
    assert first["ends"]
    assert "objects of train are matched by one of" in first["reason"]
    assert "(IoU at least 0.5): objects are 0.0156 x 0.0156 of the image (median), anchors" in first["reason"]
    assert "data.image_size" in first["advice"]
    assert "was not trained: " in message


def test_a_learning_rate_of_zero(runner):
    report, message = stopped(runner, "still", "GOOD", "full_network.params={learning_rate_adamw: 0}")
    loss = report["loss"]
    assert report["reasons"][0]["reason"] == (
        f"the loss went from {loss['first']:.4g} to {loss['last']:.4g}: the learning rate is 0"
    )
    assert "reaches 0.0000: the loss went from" in message


def test_swapped_coordinates(runner):
    report, message = stopped(runner, "swapped", "SWAPPED", "full_network.params={learning_rate_adamw: 0.005}")
    assert report["reasons"][0]["reason"].startswith("boxes fit what is seen better with x and y swapped (contrast")
    assert "left, top, right, bottom" in report["reasons"][0]["advice"]
    assert "with x and y swapped" in message
