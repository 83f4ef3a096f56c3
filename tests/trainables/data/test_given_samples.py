"""What a user's source hands over: the same samples whatever holds them, or one line that names the attribute."""

import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest
import torch

from trainables.data import Samples
from trainables.errors import SamplesError, SamplesWarning


N, CLASSES = 6, ("cat", "dog", "owl")
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 3, 9, 10)).astype(np.uint8)
GREY = np.random.default_rng(1).random((N, 1, 9, 10)).astype(np.float32)
LABELS = np.array([0, 1, 2, 2, 1, 0])
IDS = np.array([f"image-{i}" for i in range(N)])


def samples(**changes):
    return Samples(**{"inputs": PIXELS, "labels": LABELS, "ids": IDS, "class_names": CLASSES} | changes)


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


SAME_INPUTS = {
    "list of arrays": (list(PIXELS), PIXELS),
    "nested lists": (PIXELS.tolist(), PIXELS),
    "tuple": (tuple(PIXELS), PIXELS),
    "generator": ((image for image in PIXELS), PIXELS),
    "map": (map(np.copy, PIXELS), PIXELS),
    "tensor": (torch.from_numpy(PIXELS), PIXELS),
    "list of tensors": (list(torch.from_numpy(PIXELS)), PIXELS),
    "tensor with a gradient": (torch.from_numpy(GREY).requires_grad_(), GREY),
    "bfloat16": (torch.from_numpy(GREY).bfloat16(), torch.from_numpy(GREY).bfloat16().float().numpy()),
    "float64": (GREY.astype(np.float64), GREY),
    "another byte order": (GREY.astype(">f4"), GREY),
    "whole numbers": (PIXELS.astype(np.int64), PIXELS),
    "more than a byte": (PIXELS.astype(np.int64) * 100, PIXELS.astype(np.float32) * 100),
    "truth values": (PIXELS > 9, (PIXELS > 9).astype(np.float32)),
    "array of arrays": (objects(PIXELS), PIXELS),
    "series of arrays": (pd.Series(list(PIXELS)), PIXELS),
    "read-only": (read_only(PIXELS), PIXELS),
    "grey without channels": (GREY[:, 0], GREY),
    "backwards": (PIXELS[::-1][::-1], PIXELS),
}


@pytest.mark.parametrize(("handed", "expected"), SAME_INPUTS.values(), ids=SAME_INPUTS)
def test_inputs_of_every_kind(handed, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inputs = samples(inputs=handed).inputs
    assert inputs.dtype == expected.dtype
    np.testing.assert_array_equal(inputs, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_are_last_are_put_first_and_said(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (N, channels, 9, 9)).astype(np.uint8)
    with pytest.warns(SamplesWarning, match=f"9, 9, {channels}. are taken as 9x9 pixels with the channels last"):
        inputs = samples(inputs=pixels.transpose(0, 2, 3, 1)).inputs
    np.testing.assert_array_equal(inputs, pixels)


@pytest.mark.parametrize("shape", [(N, 64, 20, 1), (N, 3, 9, 3), (N, 64, 1, 1), (N, 4, 4, 3)])
def test_shapes_that_may_be_meant_as_they_stand_stay(shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert samples(inputs=np.zeros(shape, dtype=np.float32)).inputs.shape == shape


SAME_LABELS = {
    "list": LABELS.tolist(),
    "generator": (int(label) for label in LABELS),
    "range of bytes": LABELS.astype(np.uint8),
    "unsigned": LABELS.astype(np.uint64),
    "whole floats": LABELS.astype(np.float32),
    "tensor": torch.from_numpy(LABELS),
    "list of tensors": list(torch.from_numpy(LABELS)),
    "column": LABELS[:, None],
    "one-hot": np.eye(3)[LABELS],
    "truth table": np.eye(3, dtype=bool)[LABELS],
    "names": np.array(CLASSES)[LABELS],
    "list of names": [CLASSES[label] for label in LABELS],
    "bytes": np.array(CLASSES)[LABELS].astype("S"),
    "series": pd.Series(LABELS),
    "series of names": pd.Series(np.array(CLASSES)[LABELS]),
    "categories": pd.Series(pd.Categorical(np.array(CLASSES)[LABELS])),
    "nullable": pd.Series(LABELS, dtype="Int64"),
    "data frame": pd.DataFrame({"label": LABELS}),
    "objects": LABELS.astype(object),
}


@pytest.mark.parametrize("handed", SAME_LABELS.values(), ids=SAME_LABELS)
def test_labels_of_every_kind(handed):
    labels = samples(labels=handed).labels
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, LABELS)


def test_labels_that_are_truth_values():
    assert samples(labels=LABELS > 1, class_names=("no", "yes")).labels.tolist() == [0, 0, 1, 1, 0, 0]


def test_labels_numbered_from_1_are_numbered_from_0_and_said():
    with pytest.warns(SamplesWarning, match="labels are numbered 1 to 3 and are taken as 0 to 2"):
        np.testing.assert_array_equal(samples(labels=LABELS + 1).labels, LABELS)


def test_names_and_marks_of_every_kind():
    numbers = [str(i) for i in range(N)]
    for one in (range(N), list(range(N)), np.arange(N), torch.arange(N), objects(range(N)), pd.RangeIndex(N)):
        assert samples(ids=one).ids.tolist() == numbers
        assert samples(groups=one).groups.tolist() == numbers
    assert samples(ids=IDS.astype("S")).ids.tolist() == IDS.tolist()
    for one in (None, [None] * N, objects([None] * N), np.full(N, np.nan), pd.Series([pd.NA] * N)):
        assert samples(groups=one).groups is None
    for one in ([True, False] * 3, [1, 0] * 3, np.array([1.0, 0.0] * 3), torch.tensor([True, False] * 3)):
        assert samples(official_test=one).official_test.tolist() == [True, False] * 3
    for one in (list(CLASSES), np.array(CLASSES), pd.Index(CLASSES), (name for name in CLASSES)):
        assert samples(class_names=one).class_names == CLASSES
    assert samples(class_names=range(3)).class_names == ("0", "1", "2")
    metadata = samples(metadata={"segment_seconds": np.float32(0.5), "sizes": np.arange(2)}).metadata
    assert metadata == {"segment_seconds": 0.5, "sizes": [0, 1]}


NAN = GREY.copy()
NAN[4, 0, 2, 3] = np.nan
RAGGED = [*PIXELS[:2], PIXELS[2, :, :5], *PIXELS[3:]]
WRONG = {
    "no inputs": ({"inputs": None}, "inputs must be an array or a list, .* but none are given"),
    "a name": ({"inputs": "images"}, "inputs must be an array .* but str 'images' was given"),
    "a function": ({"inputs": lambda: iter(PIXELS)}, "inputs must be an array .* but function <function .* was given"),
    "by name": ({"inputs": dict(enumerate(PIXELS))}, "inputs must be an array .* but dict"),
    "ragged": (
        {"inputs": RAGGED},
        r"inputs must all have one shape but row 0 has \(3, 9, 10\) and row 2 has \(3, 5, 10\)",
    ),
    "ragged objects": (
        {"inputs": objects(RAGGED)},
        r"inputs must all have one shape but row 0 .* row 2 has \(3, 5, 10\)",
    ),
    "ragged tensors": ({"inputs": list(map(torch.from_numpy, RAGGED))}, "inputs must all have one shape but"),
    "flat": ({"inputs": PIXELS.reshape(N, -1)}, r"have \(6, 270\); reshape each sample to one channel"),
    "five axes": ({"inputs": PIXELS[None]}, r"inputs must have shape \(N, channels, height, width\)"),
    "no pixels": ({"inputs": PIXELS[:, :, :0]}, r"none of them 0, but have \(6, 3, 0, 10\)"),
    "nobody": ({"inputs": PIXELS[:0]}, "inputs must have shape .* none of them 0"),
    "an empty generator": ({"inputs": iter(())}, "inputs must have shape"),
    "text": ({"inputs": IDS}, "inputs must be numbers but are text"),
    "complex": ({"inputs": PIXELS * 1j}, "inputs must be numbers but are complex128"),
    "other objects": ({"inputs": [object()] * N}, "inputs must be numbers but are objects such as object"),
    "NaN": ({"inputs": NAN}, r"inputs must be finite but hold NaN or infinity in row 4 \(1 such rows\)"),
    "beyond float32": ({"inputs": np.full((N, 1, 9, 9), 1e300)}, "inputs must be finite"),
    "masked": ({"inputs": np.ma.masked_less(GREY, 0.1)}, "inputs must have no masked values but have"),
    "too few labels": ({"labels": LABELS[:-1]}, r"labels must have shape \(6,\), one per sample, but have \(5,\)"),
    "two columns": ({"labels": np.zeros((N, 2), int)}, r"labels must have shape \(6,\), .* but have \(6, 2\)"),
    "negative": ({"labels": LABELS - 1}, r"labels must lie in 0..2, .* but row 0 is -1 \(2 such rows\)"),
    "too large": (
        {"labels": LABELS + 5},
        r"labels must lie in 0..2, for 3 class_names, but row 0 is 5 \(6 such rows\)",
    ),
    "halves": ({"labels": LABELS / 2}, r"labels must be whole numbers but row 1 is 0.5 \(2 such rows\)"),
    "missing labels": (
        {"labels": np.where(LABELS > 1, np.nan, LABELS)},
        "labels must be whole numbers but row 2 is nan",
    ),
    "none among labels": (
        {"labels": [0, 1, None, 2, 1, 0]},
        "labels must be numbers or names of classes but row 2 is NoneType",
    ),
    "names and numbers": ({"labels": [0, 1, "dog", 2, 1, 0]}, "labels must be .* but row 2 is str 'dog'"),
    "other names": (
        {"labels": ["cat", "cow", *["dog"] * 4]},
        r"labels must be among class_names, .*'owl'.*, but row 1 is 'cow' \(1",
    ),
    "dates": ({"labels": pd.date_range("2024", periods=N)}, "labels must be numbers or names of classes"),
    "too few ids": ({"ids": IDS[:2]}, r"ids must have shape \(6,\)"),
    "no ids": ({"ids": None}, "ids must be an array or a list, .* none are given"),
    "one id": ({"ids": "image"}, "ids must be an array or a list"),
    "unordered": ({"ids": set(IDS)}, "ids must be an array or a list, .* but set"),
    "none among ids": (
        {"ids": ["a", None, "c", None, "e", "f"]},
        r"ids must name every sample but row 1 has none \(2 such",
    ),
    "NaN among ids": ({"ids": pd.Series(["a", np.nan, *"cdef"])}, "ids must name every sample but row 1 has none"),
    "NaN in a list": ({"ids": ["a", float("nan"), *"cdef"]}, "ids must name every sample but row 1 has none"),
    "no Unicode": ({"ids": ["\ud800", *"bcdef"]}, "ids must be Unicode text but row 0 is not"),
    "bytes of another code": ({"ids": [b"\xff"] * N}, "ids must be text but are bytes that are not UTF-8"),
    "some groups": ({"groups": ["a", None, *"abab"]}, "groups must name every sample but row 1 has none"),
    "too few groups": ({"groups": ["a"]}, r"groups must have shape \(6,\)"),
    "row numbers": ({"official_test": [3, 4]}, r"official_test must have shape \(6,\)"),
    "words": ({"official_test": ["yes"] * N}, "official_test must be true or false for each sample but row 0 is str"),
    "missing marks": ({"official_test": [True, None] * 3}, "official_test must be true or false .* row 1 is NoneType"),
    "one class name": ({"class_names": "cat"}, "class_names must be a list of names, .* but is str 'cat'"),
    "how many classes": ({"class_names": 3}, "class_names must be a list of names, .* but is int 3"),
    "classes by name": ({"class_names": {"cat": 0}}, "class_names must be a list of names"),
    "twice": ({"class_names": ("cat", "dog", "cat")}, "class_names must be two names or more, each its own"),
    "alone": ({"class_names": ("cat",), "labels": LABELS * 0}, "class_names must be two names or more"),
    "metadata": ({"metadata": {"when": object()}}, "metadata must be JSON values by name but 'when' is object"),
    "a list of metadata": ({"metadata": [1]}, "metadata must be values by name"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_is_one_line_with_the_attribute(changes, message):
    with pytest.raises(SamplesError, match=message) as refused:
        samples(**changes)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
_anything = st.recursive(
    _scalars | st.sampled_from([np.nan, pd.NA, pd.NaT, np.float16(2), np.ma.masked, object(), torch.zeros(2)]),
    lambda inner: st.lists(inner, max_size=N) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    key=st.sampled_from(["inputs", "labels", "ids", "class_names", "groups", "official_test", "metadata"]), it=_anything
)
def test_whatever_is_given_it_is_taken_or_refused(key, it):
    with warnings.catch_warnings():
        warnings.simplefilter("error", category=SamplesWarning)
        try:
            taken = samples(**{key: it})
        except (SamplesError, SamplesWarning) as refused:
            assert "\n" not in str(refused)
            return
    assert len(taken.labels) == len(taken.ids) == len(taken.inputs) == N
