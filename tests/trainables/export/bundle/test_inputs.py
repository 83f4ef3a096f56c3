"""What inputs a bundle takes, and which it refuses in one line."""

import json

import numpy as np
import pytest

from trainables.data.readers import ArrayReader, ImageReader
from trainables.errors import BundleError, DataError, InputRangeWarning
from trainables.export.bundle.inputs import InputSpec


RNG = np.random.default_rng(0)
FLOATS = InputSpec.of(RNG.random((20, 1, 8, 8), dtype=np.float32), ImageReader(1, 8))
BYTES = InputSpec.of(RNG.integers(0, 256, (20, 3, 4, 4), dtype=np.uint8), ArrayReader((3, 4, 4)))


@pytest.mark.parametrize("spec", [FLOATS, BYTES])
def test_it_travels_as_json(spec):
    again = InputSpec.model_validate(json.loads(spec.model_dump_json()))
    assert again == spec
    assert again.make_reader() == spec.make_reader()


def test_its_own_inputs_are_taken_as_they_are(recwarn):
    inputs = RNG.random((5, 1, 8, 8), dtype=np.float32)
    assert FLOATS.checked(inputs) is inputs
    pixels = RNG.integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    assert BYTES.checked(pixels) is pixels
    assert FLOATS.checked(RNG.random((2, 1, 8, 8))).dtype == np.float32
    np.testing.assert_array_equal(BYTES.checked(np.ones((1, 3, 4, 4))), np.ones((1, 3, 4, 4), dtype=np.float32))
    assert not recwarn.list


@pytest.mark.parametrize(
    ("spec", "given", "message"),
    [
        (FLOATS, np.zeros((2, 8, 8)), r"inputs must have shape \(n, 1, 8, 8\) but have \(2, 8, 8\)"),
        (FLOATS, np.zeros((0, 1, 8, 8)), r"but have \(0, 1, 8, 8\)"),
        (FLOATS, np.zeros((2, 3, 8, 8)), r"but have \(2, 3, 8, 8\); reshape or resize"),
        (FLOATS, np.full((2, 1, 8, 8), np.nan), "must be finite but hold NaN"),
        (FLOATS, np.full((2, 1, 8, 8), "a"), "must be numbers but are <U1"),
        (
            BYTES,
            np.full((2, 3, 4, 4), 200.0),
            r"pixels must be uint8 in 0..255 or numbers in 0..1 but are .* in 200..200",
        ),
        (BYTES, np.full((2, 3, 4, 4), -0.5), "pixels must be uint8"),
    ],
)
def test_others_are_refused_in_one_line(spec, given, message):
    with pytest.raises(BundleError, match=message) as caught:
        spec.checked(given)
    assert "\n" not in str(caught.value)


def test_forgotten_scaling_is_named():
    inputs = RNG.random((5, 1, 8, 8), dtype=np.float32)
    inputs[3] *= 16
    with pytest.warns(InputRangeWarning, match=r"1 of 5 inputs hold values in .* was certified on .*; scale them"):
        FLOATS.checked(inputs)


def test_bytes_are_compared_as_the_network_sees_them(recwarn):
    small = InputSpec.of(RNG.random((20, 1, 8, 8), dtype=np.float32) * 0.01, ImageReader(1, 8))
    with pytest.warns(InputRangeWarning, match="1 of 1 inputs hold values"):
        small.checked(np.full((1, 1, 8, 8), 255, dtype=np.uint8))
    assert not recwarn.list
    FLOATS.checked(np.full((1, 1, 8, 8), 255, dtype=np.uint8))


def test_a_reader_of_a_later_version_is_refused():
    with pytest.raises(DataError, match="inputs must be of a kind that can be read"):
        FLOATS.model_copy(update={"reader": {"kind": "lidar"}}).make_reader()
