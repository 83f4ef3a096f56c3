"""Boxes that a user's source hands over: padded to one array, or one line that says what is wrong."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from policies.tables.boxes import LABEL, NO_BOX, is_box
from trainables.data import DetectionSamples
from trainables.data.class_order import in_class_order
from trainables.errors import SamplesError


CLASSES = ("cat", "dog", "owl")
BOX = [0.1, 0.2, 0.5, 0.6, 1, 0]


def samples(labels, *, n=None, class_names=CLASSES):
    n = len(labels) if n is None else n
    return DetectionSamples(
        inputs=np.zeros((n, 3, 8, 8), dtype=np.uint8),
        labels=labels,
        ids=[f"image {k}" for k in range(n)],
        class_names=class_names,
    )


SAME = {
    "lists": [[BOX, BOX], [], [BOX]],
    "arrays": [np.array([BOX, BOX]), np.empty((0, 6)), np.array([BOX])],
    "tensors": [torch.tensor([BOX, BOX]), torch.empty(0, 6), torch.tensor([BOX])],
    "no column of crowds": [[BOX[:5], BOX[:5]], [], [BOX[:5]]],
    "padded": np.array([[BOX, BOX], [[0, 0, 0, 0, -1, 0]] * 2, [[9, 9, 9, 9, -1, 9], BOX]]),
}


@pytest.mark.parametrize("handed", SAME.values(), ids=SAME)
def test_boxes_of_every_kind(handed):
    labels = samples(handed).labels
    assert labels.dtype == np.float32
    none = [0, 0, 0, 0, NO_BOX, 0]
    np.testing.assert_array_equal(labels, np.array([[BOX, BOX], [none, none], [BOX, none]], dtype=np.float32))


def test_generators_are_lists():
    assert samples(([BOX] for _ in range(2)), n=2).labels.shape == (2, 1, 6)


def test_images_without_any_box_have_room_for_one():
    assert samples([[], []]).labels.shape == (2, 1, 6)


def test_one_class_alone_will_do():
    assert samples([[[0, 0, 1, 1, 0, 0]]], class_names=("chair",)).class_names == ("chair",)


def box(**changes):
    columns = ("left", "top", "right", "bottom", "label", "crowd")
    values = dict(zip(columns, BOX, strict=True)) | changes
    return [values[column] for column in columns]


WRONG = {
    "pixels": (box(right=240), "shares of the image's width and height, in 0..1 but image 1 has .0.1, 0.2, 240"),
    "negative": (box(left=-0.2), "shares of the image's width and height"),
    "width instead of right": (box(left=0.6), "must have left < right and top < bottom"),
    "no area": (box(top=0.6), "must have left < right and top < bottom"),
    "no area once clipped": (box(left=1.0, right=1.000005), "must have left < right and top < bottom"),
    "class too large": (box(label=3), r"class in 0..2 in the fifth column, for 3 class_names"),
    "class negative": (box(label=-2), r"class in 0..2"),
    "half a class": (box(label=0.5), r"class in 0..2"),
    "NaN": (box(left=np.nan), "must be finite numbers"),
    "NaN class": (box(label=np.nan), "must be finite numbers"),
    "crowd": (box(crowd=0.5), "0 or 1 in the sixth column"),
}


@pytest.mark.parametrize(("wrong", "message"), WRONG.values(), ids=WRONG)
def test_wrong_boxes_are_refused(wrong, message):
    with pytest.raises(SamplesError, match=message) as caught:
        samples([[], [BOX, wrong]])
    assert "(1 such boxes)" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(3, dtype=np.int64), "labels of image 0 must be an array or a list"),
        (np.zeros((3, 6)), r"shape \(boxes, 6\).* but those of image 0 are float64 of shape \(6,\)"),
        ([[BOX[:4]]], r"of shape \(1, 4\)"),
        ([[["a"] * 6]], "must be numbers"),
        ("boxes", "must be boxes for each image"),
        (None, "must be boxes for each image"),
    ],
)
def test_other_layouts_are_refused(labels, message):
    with pytest.raises(SamplesError, match=message):
        samples(labels, n=len(labels) if isinstance(labels, np.ndarray | list) else 1)


def test_there_must_be_boxes_for_each_image():
    with pytest.raises(SamplesError, match="for each of 3 images but are for 2"):
        samples([[], []], n=3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), max_size=4), min_size=1, max_size=6), st.integers(0, 999))
def test_whatever_is_padded_comes_out_as_it_went_in(classes, seed):
    rng = np.random.default_rng(seed)
    images = []
    for own in classes:
        corners = np.sort(rng.random((len(own), 2, 2)), axis=1).reshape(-1, 4)
        images.append(np.column_stack([corners, own, rng.integers(0, 2, len(own))]).reshape(-1, 6))
    one = samples(images)
    for rows, image in zip(one.labels, images, strict=True):
        np.testing.assert_allclose(rows[: len(image)], image, atol=1e-6)
        assert not is_box(rows[len(image) :]).any()
    again = samples(one.labels)
    np.testing.assert_array_equal(again.labels, one.labels)
    held = [[label in own for label in range(3)] for own in classes]
    assert one.memberships.tolist() == held


def test_classes_in_the_order_of_a_network():
    one = samples([[box(label=0), box(label=2)], [], [box(label=1)]])
    ordered = in_class_order(one, ["owl", "eel", "dog", "cat"])
    assert isinstance(ordered, DetectionSamples)
    assert ordered.class_names == ("owl", "eel", "dog", "cat")
    assert ordered.labels[..., LABEL].tolist() == [[3, 0], [NO_BOX, NO_BOX], [2, NO_BOX]]
