"""What is said of inputs whose answers are sets of labels."""

import json

import numpy as np

from policies.runtime.answers import Answers
from search.prediction.answering import AnsweredInput
from search.prediction.label_sets import LabelSet


NAMES = ("dog", "rain", "a; b")


def said(answered, probabilities, group=None):
    answers = Answers(
        exits=np.array([1]),
        answers=np.array([answered]),
        probabilities=np.array([probabilities]),
        scores=np.array([[0.3]]),
        thresholds=np.array([[0.2]]),
        closeness=np.array([0.1]),
    )
    pixels = np.zeros((1, 2, 2), dtype=np.float32)
    return LabelSet.of(AnsweredInput("x.png", "x.png", pixels, (2, 2), answers, 0, 1.23456, group), NAMES)


def test_labels_are_named_the_likeliest_first():
    one = said([True, False, True], [0.6, 0.2, 0.9])
    assert one.labels == ("a; b", "dog")
    assert one.cells == ("a; b 0.90, dog 0.60",)
    assert json.loads(one.to_json()) == {
        "input": "x.png",
        "labels": ["a; b", "dog"],
        "probabilities": {"dog": 0.6, "rain": 0.2, "a; b": 0.9},
        "depth": 2,
        "milliseconds": 1.2346,
        "reason": "score 0.3 >= 0.2",
    }


def test_no_label_is_an_answer_too():
    one = said([False] * 3, [0.1, 0.2, 0.3], group="talk")
    assert one.labels == ()
    assert one.cells == ("none",)
    assert json.loads(one.to_json())["group"] == "talk"


def test_a_row_has_a_column_for_the_probability_of_each_label():
    (row,) = said([True, False, True], [0.6, 0.2, 0.9]).to_rows()
    assert set(row) == set(LabelSet.columns(NAMES))
    assert row["labels"] == "a; b; dog"
    assert row["probability[rain]"] == 0.2
