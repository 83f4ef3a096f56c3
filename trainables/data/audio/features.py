"""From segments to log-mel features."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
import torch
from torchaudio.transforms import MelSpectrogram

from trainables.data.audio.options import AudioOptions
from trainables.errors import DataError


# What varies by less over time than this many dB is rounding.
_LEAST_DEVIATION_DB = 1e-3


class LogMel:
    """Log-mel features, normalised per segment and mel band; may be called from several threads.

    Power of the short-time Fourier transform with a centred Hann window (the segment is reflected at its ends), summed
    in triangular mel bands (HTK's scale, not normalised), in dB relative to the segment's maximum with a floor, then
    cepstral mean and variance normalisation (Viikki and Laurila 1998) over time.

    Args:
        options: How long frames are, how many mel bands there are, and the floor in dB.

    Raises:
        DataError: If some mel bands would hold no frequency.
    """

    def __init__(self, options: AudioOptions) -> None:
        self._floor_db = options.floor_db
        with warnings.catch_warnings():
            # It warns of what is refused below.
            warnings.simplefilter("ignore")
            self._mel = MelSpectrogram(
                options.sample_rate,
                n_fft=options.n_fft,
                win_length=options.window_length,
                hop_length=options.hop_length,
                n_mels=options.n_mels,
                power=2.0,
            )
        n_empty = int((self._mel.mel_scale.fb.amax(dim=0) == 0).sum())
        if n_empty:
            raise DataError(
                f"every mel band must hold a frequency but {n_empty} of {options.n_mels} hold none with n_fft "
                f"{options.n_fft}; lower data.audio.n_mels or raise data.audio.n_fft"
            )

    def __call__(self, segments: NDArray[np.float64]) -> NDArray[np.float32]:
        """Features of segments.

        Args:
            segments: ``S`` segments of ``n`` samples each, shape (S, n).

        Returns:
            Shape (S, 1, n_mels, 1 + n // hop_length); every row has mean 0 and standard deviation 1 over time, or is 0
            where it does not change.
        """
        power = self._mel(torch.from_numpy(segments.astype(np.float32))).double().numpy()
        return standardise(relative_db(power, floor_db=self._floor_db))[:, None].astype(np.float32)


def relative_db(power: NDArray[np.float64], *, floor_db: float) -> NDArray[np.float64]:
    """Power in dB relative to each segment's maximum, at least ``-floor_db``.

    Args:
        power: Shape (S, bands, frames), not negative.
        floor_db: Dynamic range that is kept.

    Returns:
        The same shape, in ``[-floor_db, 0]``; 0 where a segment has no power at all.
    """
    loudest = power.max(axis=(1, 2), keepdims=True)
    relative = power / np.where(loudest > 0, loudest, 1)
    db: NDArray[np.float64] = 10 * np.log10(np.maximum(relative, 10 ** (-floor_db / 10)))
    return np.where(loudest > 0, db, 0)


def standardise(bands: NDArray[np.float64]) -> NDArray[np.float64]:
    """To mean 0 and standard deviation 1 over time.

    Args:
        bands: Shape (S, bands, frames), in dB.

    Returns:
        The same shape; 0 in a band that varies by less than 0.001 dB, but for rounding.
    """
    centred = bands - bands.mean(axis=2, keepdims=True)
    standard: NDArray[np.float64] = centred / np.maximum(bands.std(axis=2, keepdims=True), _LEAST_DEVIATION_DB)
    return standard
