"""Classes in the order of a network's outputs."""

import numpy as np
import pytest

from trainables.data import Samples
from trainables.data.class_order import in_class_order
from trainables.errors import DataError


SAMPLES = Samples(
    inputs=np.zeros((4, 1, 8, 8), dtype=np.float32),
    labels=np.array([0, 1, 2, 0]),
    ids=list("wxyz"),
    class_names=("bee", "cat", "dog"),
)


def test_labels_are_those_of_the_network():
    ordered = in_class_order(SAMPLES, ["dog", "bee", " cat "])
    assert ordered.class_names == ("dog", "bee", "cat")
    assert ordered.labels.tolist() == [1, 2, 0, 1]


def test_a_network_may_know_more_classes():
    ordered = in_class_order(SAMPLES, ["ant", "cat", "bee", "eel", "dog"])
    assert ordered.labels.tolist() == [2, 1, 4, 2]


@pytest.mark.parametrize(
    ("names", "message"),
    [(["dog", "bee"], "must hold every class of the data, .* lack 'cat'"), (["dog", "Dog", "bee", "cat"], "differ")],
)
def test_other_names_are_refused(names, message):
    with pytest.raises(DataError, match=message):
        in_class_order(SAMPLES, names)
