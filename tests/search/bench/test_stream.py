"""The samples that a bundle is timed with."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from search.bench.stream import drawn_stream, whole_shares
from search.errors import BenchWarning


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda shares: sum(shares) > 0.1), st.integers(1, 500))
def test_whole_shares_are_as_near_as_can_be(shares, total):
    exact = total * np.array(shares) / sum(shares)
    counts = whole_shares(np.array(shares), total)
    assert counts.sum() == total
    assert (np.abs(counts - exact) < 1 + 1e-9).all()
    assert (counts[exact == 0] == 0).all()


def bundle_of(exits, **figures):
    inputs = np.arange(len(exits), dtype=np.float32)[:, None, None, None]
    check = SimpleNamespace(inputs=inputs, exits=np.array(exits))
    return SimpleNamespace(check=check, manifest=SimpleNamespace(figures=figures))


def test_check_inputs_are_repeated_to_the_mix():
    bundle = bundle_of([0, 0, 1, 2], search={"exit_mix": [1, 0, 0]}, test={"exit_mix": [0.5, 0.4, 0.1]})
    stream = drawn_stream(bundle, n_samples=20)
    counts = np.bincount(stream.inputs.ravel().astype(int))
    assert counts.tolist() == [5, 5, 8, 2]
    assert stream.source == "20 inputs repeated from the check inputs to the exit mix on test, 50.0 / 40.0 / 10.0 %"


def test_an_exit_without_check_inputs_is_told():
    bundle = bundle_of([0, 0, 1], certify={"exit_mix": [0.5, 0.25, 0.25]})
    with pytest.warns(BenchWarning, match="no check input takes exit 3, which 0.25 of certify take"):
        stream = drawn_stream(bundle, n_samples=30)
    assert np.bincount(stream.inputs.ravel().astype(int)).tolist() == [10, 10, 10]
