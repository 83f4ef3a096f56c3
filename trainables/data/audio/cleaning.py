"""From a recording's samples to clean segments: one function a step."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
from numpy.typing import NDArray
import torch
from torchaudio.functional import resample as change_rate

from trainables.data.audio.options import AudioOptions


# 200 dB under full scale, which is above the rounding errors of the Fourier transform and below every recording.
_NOTHING = 1e-10
# torchaudio's filter has one kernel per sample of the new rate's period, each as long as the old rate's period.
_LONGEST_PERIOD, _MOST_COEFFICIENTS = 1000, 4_000_000


def mix_to_mono(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the channels.

    Args:
        samples: The recording, shape (n, channels).

    Returns:
        Shape (n,).
    """
    mono: NDArray[np.float64] = samples.mean(axis=1)
    return mono


def resample(wave: NDArray[np.float64], rate: int, new_rate: int) -> NDArray[np.float64]:
    """Band-limited interpolation with a windowed sinc (torchaudio; Smith 1984); frequencies that do not fit are cut.

    All usual rates are exact. Where the ratio of the rates is no fraction of small numbers, as of 22257 and 16000 Hz,
    the nearest such fraction is taken, which is off by less than 0.1 %.

    Args:
        wave: One channel, shape (n,).
        rate: Its samples per second, at most 100 times more or less than the new rate.
        new_rate: Sample rate of the result, in Hz.

    Returns:
        Shape (ceil(n * new_rate / rate),), with the ratio that was taken.
    """
    ratio = Fraction(rate, new_rate)
    longest = min(_LONGEST_PERIOD, isqrt(int(_MOST_COEFFICIENTS / ratio)))
    ratio = ratio.limit_denominator(longest)
    if ratio == 1:
        return wave
    return np.asarray(change_rate(torch.from_numpy(wave), ratio.numerator, ratio.denominator), dtype=np.float64)


def remove_mean(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the mean, shape (n,)."""
    centred: NDArray[np.float64] = wave - wave.mean()
    return centred


def band_pass(
    wave: NDArray[np.float64], rate: int, *, low_hz: float | None, high_hz: float | None
) -> NDArray[np.float64]:
    """Brick-wall filter: the Fourier transform is set to zero outside [low_hz, high_hz].

    Args:
        wave: One channel, shape (n,).
        rate: Sample rate of the wave, in Hz.
        low_hz: Lower edge, which passes; None for no edge.
        high_hz: Upper edge, which passes; None for no edge.

    Returns:
        Shape (n,).
    """
    spectrum = torch.fft.rfft(torch.from_numpy(wave))
    hz = torch.arange(len(spectrum), dtype=torch.float64) * rate / len(wave)
    if low_hz is not None:
        spectrum[hz < low_hz] = 0
    if high_hz is not None:
        spectrum[hz > high_hz] = 0
    return np.asarray(torch.fft.irfft(spectrum, n=len(wave)), dtype=np.float64)


def normalise_peak(wave: NDArray[np.float64], peak: float) -> NDArray[np.float64]:
    """Scale so that the largest absolute value is ``peak``; what is under 1e-10 is taken for zero.

    Args:
        wave: One channel, shape (n,).
        peak: Largest absolute value of the result.

    Returns:
        Shape (n,); zeros where there is nothing to scale.
    """
    largest = np.abs(wave).max()
    return np.zeros_like(wave) if largest <= _NOTHING else wave * (peak / largest)


def clean(mono: NDArray[np.float64], rate: int, options: AudioOptions) -> NDArray[np.float64]:
    """All steps on one channel: resampled, mean removed, band-passed, peak-normalised.

    The recording is brought to full scale first, so that floats of any size are told from rounding errors, and its mean
    is removed before it is resampled too, since a constant would ring at both ends.

    Args:
        mono: Finite, shape (n,), n at least 1.
        rate: Sample rate of the wave, in Hz.
        options: Which steps are done, and with which frequencies and levels.

    Returns:
        At the options' sample rate; zeros where nothing is left in the band.
    """
    largest = np.abs(mono).max()
    if largest == 0:
        return resample(mono, rate, options.sample_rate)
    wave = remove_mean(resample(remove_mean(mono / largest), rate, options.sample_rate))
    wave = band_pass(wave, options.sample_rate, low_hz=options.low_hz, high_hz=options.high_hz)
    return normalise_peak(wave, options.peak)


def cut_segments(wave: NDArray[np.float64], *, length: int, hop: int) -> NDArray[np.float64]:
    """Segments of equal length at equal distances; a tail that is shorter is dropped.

    Args:
        wave: Shape (n,); padded with zeros at the end where it is shorter than one segment.
        length: Length of a segment, in samples.
        hop: Samples from the start of a segment to that of the next.

    Returns:
        Shape (1 + (n - length) // hop, length), at least one.
    """
    padded = np.pad(wave, (0, max(0, length - len(wave))))
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop]


def rms_dbfs(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square in dB relative to full scale, 1.0: ``20 log10(sqrt(mean(x^2)))``.

    Args:
        segments: ``S`` segments of ``n`` samples each, shape (S, n).

    Returns:
        Shape (S,); minus infinity for zeros. A sine at full scale has -3.01.
    """
    with np.errstate(divide="ignore"):
        level: NDArray[np.float64] = 10 * np.log10(np.square(segments).mean(axis=1))
    return level
