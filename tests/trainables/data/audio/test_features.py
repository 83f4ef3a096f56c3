from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import get_window

from trainables.data import DEFAULT_AUDIO, AudioOptions
from trainables.data.audio.features import LogMel, relative_db, standardise
from trainables.errors import DataError


def reference(segment, *, rate, n_fft, window, hop, n_mels, floor_db):
    """Log-mel features by their definition, a frame and a band at a time, without torchaudio."""
    hann = np.zeros(n_fft)
    start = (n_fft - window) // 2
    hann[start : start + window] = get_window("hann", window, fftbins=True)
    padded = np.pad(segment, n_fft // 2, mode="reflect")
    frames = [padded[i : i + n_fft] * hann for i in range(0, len(padded) - n_fft + 1, hop)]
    power = np.abs(np.array([np.fft.rfft(frame) for frame in frames])) ** 2

    def to_hz(mel):
        return 700 * (10 ** (mel / 2595) - 1)

    edges = to_hz(np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), n_mels + 2))
    hz = np.arange(n_fft // 2 + 1) * rate / n_fft
    bands = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))
        bands.append(power @ np.maximum(triangle, 0))
    mel = np.array(bands)
    db = np.maximum(10 * np.log10(mel / mel.max() + 1e-30), -floor_db)
    deviation = db.std(axis=1, keepdims=True)
    return np.where(deviation > 1e-3, (db - db.mean(axis=1, keepdims=True)) / np.maximum(deviation, 1e-3), 0)


def voices(rate, n_samples):
    """Chirps with noise, loud and soft in turn."""
    time = np.arange(n_samples) / rate
    noise = np.random.default_rng(0).normal(0, 0.02, (3, n_samples))
    chirp = np.sin(2 * np.pi * (200 * time + 600 * time**2)) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * time))
    return np.stack([chirp, 0.01 * chirp, np.zeros(n_samples)]) * 0.5 + noise


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"n_mels": 20, "n_fft": 512, "window_ms": 32.0, "hop_ms": 12.5, "floor_db": 40.0},
        {"sample_rate": 8000, "high_hz": None, "segment_seconds": 0.5, "n_mels": 32},
    ],
)
def test_features_are_those_of_an_independent_computation(changes):
    options = AudioOptions(**changes)
    segments = voices(options.sample_rate, options.segment_samples)
    features = LogMel(options)(segments)
    assert features.shape == (3, 1, options.n_mels, options.n_frames)
    assert features.dtype == np.float32
    for segment, found in zip(segments, features[:, 0], strict=True):
        expected = reference(
            segment,
            rate=options.sample_rate,
            n_fft=options.n_fft,
            window=options.window_length,
            hop=options.hop_length,
            n_mels=options.n_mels,
            floor_db=options.floor_db,
        )
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_one_second_is_101_frames_of_64_bands():
    assert LogMel(DEFAULT_AUDIO)(voices(16_000, 16_000)).shape == (3, 1, 64, 101)


def test_every_band_is_standardised_over_time():
    bands = LogMel(DEFAULT_AUDIO)(voices(16_000, 16_000))[0, 0]
    np.testing.assert_allclose(bands.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(bands.std(axis=1), 1, atol=1e-5)


def test_bands_without_change_are_zero():
    features = LogMel(DEFAULT_AUDIO)(np.zeros((2, 16_000)))
    assert not features.any()
    np.testing.assert_allclose(standardise(np.full((1, 2, 101), -80.0)), 0, atol=1e-6)


def test_decibels_are_relative_to_the_segments_maximum():
    power = np.array([[[100.0, 1.0], [1e-9, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_allclose(relative_db(power, floor_db=80), [[[0, -20], [-80, -80]], [[0, 0], [0, 0]]], atol=1e-12)


def test_segments_do_not_depend_on_each_other():
    segments = voices(16_000, 16_000)
    log_mel = LogMel(DEFAULT_AUDIO)
    np.testing.assert_allclose(log_mel(segments)[1:2], log_mel(segments[1:2]), atol=1e-4)


def test_bands_without_a_frequency_are_refused(recwarn):
    message = "every mel band must hold a frequency but .* of 300 hold none with n_fft 256; lower data.audio.n_mels or"
    with pytest.raises(DataError, match=message):
        LogMel(replace(DEFAULT_AUDIO, n_mels=300, n_fft=256, window_ms=10.0))
    assert len(recwarn) == 0
