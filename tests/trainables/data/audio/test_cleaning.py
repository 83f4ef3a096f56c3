import numpy as np
import pytest

from trainables.data import DEFAULT_AUDIO, AudioOptions
from trainables.data.audio.cleaning import (
    band_pass,
    clean,
    cut_segments,
    mix_to_mono,
    normalise_peak,
    remove_mean,
    resample,
    rms_dbfs,
)


RATE = 16_000


def tones(amplitudes, *, rate=RATE, seconds=1.0):
    """A sum of sines: Hz to amplitude."""
    time = np.arange(round(rate * seconds)) / rate
    return sum(amplitude * np.sin(2 * np.pi * hz * time) for hz, amplitude in amplitudes.items())


def test_mono_is_the_mean_of_the_channels():
    assert mix_to_mono(np.array([[1.0, -1.0, 0.6], [0.0, 0.0, 0.3]])) == pytest.approx([0.2, 0.1])


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 192_000])
def test_resampling_keeps_tones(rate):
    wave = resample(tones({440: 0.5}, rate=rate), rate, RATE)
    assert wave.shape == (RATE,)
    np.testing.assert_allclose(wave[1000:-1000], tones({440: 0.5})[1000:-1000], atol=2e-3)


@pytest.mark.parametrize("rate", [160, 167, 15_999, 16_001, 22_257, 191_999, 1_599_999, 1_600_000])
def test_rates_without_a_simple_ratio_are_nearly_right(rate):
    wave = resample(tones({20: 0.5}, rate=rate), rate, RATE)
    assert len(wave) == pytest.approx(RATE, rel=1e-3)
    middle = slice(2000, -2000)
    expected = tones({20: 0.5}, seconds=1.1)[: len(wave)]
    np.testing.assert_allclose(wave[middle], expected[middle], atol=0.1)


def test_resampling_cuts_what_does_not_fit():
    wave = resample(tones({12_000: 0.5}, rate=44_100), 44_100, RATE)
    assert np.abs(wave[1000:-1000]).max() < 2e-3


def test_the_same_rate_changes_nothing():
    wave = tones({440: 0.5})
    assert resample(wave, RATE, RATE) is wave


def test_the_mean_is_removed():
    assert remove_mean(np.array([1.0, 2.0, 6.0])).tolist() == [-2, -1, 3]


@pytest.mark.parametrize(
    ("low", "high", "passing"),
    [
        (100, 3000, {100: 0.1, 1000: 0.3, 3000: 0.2}),
        (101, 2999, {1000: 0.3}),
        (None, 3000, {50: 0.4, 100: 0.1, 1000: 0.3, 3000: 0.2}),
        (100, None, {100: 0.1, 1000: 0.3, 3000: 0.2, 5000: 0.5}),
        (None, None, {50: 0.4, 100: 0.1, 1000: 0.3, 3000: 0.2, 5000: 0.5}),
    ],
)
@pytest.mark.parametrize("seconds", [1.0, 2.0])
def test_the_brick_wall_passes_exactly_what_lies_within(low, high, passing, seconds):
    everything = tones({50: 0.4, 100: 0.1, 1000: 0.3, 3000: 0.2, 5000: 0.5}, seconds=seconds)
    filtered = band_pass(everything, RATE, low_hz=low, high_hz=high)
    np.testing.assert_allclose(filtered, tones(passing, seconds=seconds), atol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 3, 16_001])
def test_the_brick_wall_keeps_the_length(n):
    assert band_pass(np.ones(n), RATE, low_hz=None, high_hz=3000) == pytest.approx(np.ones(n))
    assert band_pass(np.ones(n), RATE, low_hz=100, high_hz=3000) == pytest.approx(np.zeros(n))


def test_the_peak_is_what_was_asked_for():
    assert normalise_peak(np.array([0.1, -0.2]), 0.8913) == pytest.approx([0.44565, -0.8913])
    assert normalise_peak(np.array([1e-11, 0.0]), 0.8913).tolist() == [0, 0]


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1, 1e300])
def test_cleaning_does_not_depend_on_the_level(scale):
    wave = clean(scale * (tones({50: 0.4, 1000: 0.3, 5000: 0.2}) + 0.1), RATE, DEFAULT_AUDIO)
    np.testing.assert_allclose(wave, tones({1000: 0.8913}), atol=1e-3)
    assert np.abs(wave).max() == pytest.approx(0.8913)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("n", [1, 7, 30_000])
def test_nothing_but_a_constant_is_silence_at_any_rate(rate, n):
    for level in (0.0, 0.25):
        wave = clean(np.full(n, level), rate, AudioOptions(low_hz=None, high_hz=None))
        assert len(wave) == -(-n * RATE // rate)
        assert not wave.any()


def test_nothing_in_the_band_is_silence():
    assert not clean(tones({50: 0.4, 5000: 0.2}), RATE, DEFAULT_AUDIO).any()


@pytest.mark.parametrize(
    ("n", "starts"), [(1, [0]), (9, [0]), (10, [0]), (14, [0]), (15, [0, 5]), (19, [0, 5]), (20, [0, 5, 10])]
)
def test_segments(n, starts):
    wave = np.arange(1.0, n + 1)
    segments = cut_segments(wave, length=10, hop=5)
    assert segments.shape == (len(starts), 10)
    assert segments[:, 0].tolist() == [start + 1 for start in starts]
    assert segments[0].tolist() == [*wave[:10], *[0] * (10 - n)]
    assert (np.diff(segments[1:]) == 1).all()


def test_levels_are_relative_to_full_scale():
    segments = np.stack([tones({1000: 1.0}), tones({1000: 0.1}), np.ones(RATE), np.zeros(RATE)])
    assert rms_dbfs(segments) == pytest.approx([-3.0103, -23.0103, 0, -np.inf], abs=1e-3)
