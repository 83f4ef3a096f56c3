"""Laying recordings over each other, with noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


LEAST_SECONDS, MOST_SECONDS = 2.0, 3.0
"""How long a mixture is."""
_TAKES = 3
# Of what one voice says at once; longer recordings are cut.
_LONGEST_SECONDS = 0.9
# Perturbation of speed, as in Ko et al. (2015).
_SLOWEST, _FASTEST = 0.95, 1.05
_SOFTEST_DB = -6.0
_LEAST_SNR_DB, _MOST_SNR_DB = 6.0, 20.0


def mix(waves: Sequence[NDArray[np.float64]], rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A mixture of 2 to 3 s in which every voice is heard three times, once in each third, faster or slower and louder.

    Noise lies over it whose power falls with frequency, 6 to 20 dB softer than the voices. What one of them covers in
    one third may be heard in another, so that a piece of the mixture seldom tells all that is said.

    Args:
        waves: What each voice says, one channel, in [-1, 1].
        rate: Samples per second.
        rng: Decides where, how fast and how loud each voice is, and the noise.

    Returns:
        One channel, not normalised.
    """
    n_samples = round(rng.uniform(LEAST_SECONDS, MOST_SECONDS) * rate)
    mixture = np.zeros(n_samples)
    for wave in waves:
        for take in range(_TAKES):
            said = _another_take(wave, rate, rng)
            first, last = take * n_samples // _TAKES, (take + 1) * n_samples // _TAKES - len(said)
            start = min(int(rng.integers(first, max(first, last) + 1)), n_samples - len(said))
            mixture[start : start + len(said)] += said
    noise = pink_noise(n_samples, rng)
    snr_db = rng.uniform(_LEAST_SNR_DB, _MOST_SNR_DB)
    loudness = np.sqrt(np.square(mixture).mean() / np.square(noise).mean()) * 10 ** (-snr_db / 20)
    return np.asarray(mixture + loudness * noise)


def pink_noise(n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise whose power falls as 1 / frequency, of mean 0, shape (n,)."""
    spectrum = np.fft.rfft(rng.normal(size=n_samples))
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return np.asarray(np.fft.irfft(spectrum, n=n_samples), dtype=np.float64)


def _another_take(wave: NDArray[np.float64], rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The same at another speed, and so another pitch, and loudness; interpolated between samples."""
    kept = wave[: round(_LONGEST_SECONDS * rate)]
    speed = rng.uniform(_SLOWEST, _FASTEST)
    times = np.arange(0, len(kept) - 1, speed)
    loudness = 10 ** (rng.uniform(_SOFTEST_DB, 0.0) / 20)
    return np.asarray(loudness * np.interp(times, np.arange(len(kept)), kept), dtype=np.float64)
