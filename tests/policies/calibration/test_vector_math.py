"""Small functions of compiled loops, against numpy."""

from numba import njit
import numpy as np
import pytest

from policies.calibration.vector_math import exp_of_negative, half_as_float


@njit
def exponentials(values):
    found = np.empty_like(values)
    for i in range(len(values)):
        found[i] = exp_of_negative(values[i])
    return found


@njit
def floats(bits):
    found = np.empty(len(bits), dtype=np.float32)
    for i in range(len(bits)):
        found[i] = half_as_float(bits[i])
    return found


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 3e-7)])
def test_exponentials_are_those_of_numpy(dtype, tolerance):
    values = np.concatenate([-np.geomspace(1e-6, 80, 5000), [0.0]]).astype(dtype)
    np.testing.assert_allclose(exponentials(values), np.exp(values.astype(np.float64)), rtol=tolerance)
    assert exponentials(np.array([-1e4, -1e30], dtype=dtype)) == pytest.approx(0, abs=1e-37)


def test_every_finite_half_is_read_as_it_is():
    bits = np.arange(1 << 16, dtype=np.uint16)
    halves = bits.view(np.float16)
    is_finite = np.isfinite(halves)
    np.testing.assert_array_equal(floats(bits)[is_finite], halves[is_finite].astype(np.float32))
