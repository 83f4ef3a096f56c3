"""Whether the channels of a recording cancel each other when they are mixed."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
import torch


# Of the energy that the mix of unrelated channels would have; 10 dB under it are stereo channels with a correlation of
# less than -0.9, which no usual recording has.
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Band:
    """Which frequencies count.

    Attributes:
        low_hz: Lower edge, which counts; None for no edge.
        high_hz: Upper edge, which counts; None for no edge.
    """

    low_hz: float | None = None
    high_hz: float | None = None


class ChannelEnergies:
    """Energies of channels and of their products, summed block by block, within a band and without their means.

    Hum or wind that all channels share would otherwise hide that what is listened for cancels.

    Args:
        n_channels: Number of channels of the recording, 1 for mono.
        rate: Sample rate of the recording, in Hz.
        band: Lowest and highest frequency that counts, in Hz.
    """

    def __init__(self, n_channels: int, rate: int, band: Band) -> None:
        self._rate = rate
        self._band = band
        self._scale = 0.0
        self._products = np.zeros((n_channels, n_channels))

    def add(self, block: NDArray[np.float64]) -> None:
        """Add finite samples, shape (n, channels)."""
        largest = float(np.abs(block).max(initial=0.0))
        if largest == 0:
            return
        # Relative to the largest sample so far, since squares of floats of any size are out of range.
        scale = max(self._scale, largest)
        self._products *= (self._scale / scale) ** 2
        self._scale = scale
        self._products += self._energies(block / scale)

    def _energies(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        spectra = torch.fft.rfft(torch.from_numpy(block), dim=0)
        if len(block) % 2 == 0:
            # Half the sample rate stands once in a spectrum, other frequencies twice, of which the second half is left.
            spectra[-1] *= math.sqrt(0.5)
        hz = torch.arange(len(spectra), dtype=torch.float64) * self._rate / len(block)
        counts = hz > 0
        if self._band.low_hz is not None:
            counts &= hz >= self._band.low_hz
        if self._band.high_hz is not None:
            counts &= hz <= self._band.high_hz
        heard = spectra[counts]
        return np.asarray((heard.conj().T @ heard).real, dtype=np.float64) / len(block)

    @property
    def cancel(self) -> bool:
        """Whether the energy of the mix is far below that which unrelated channels would have.

        A silent channel beside one that is not, or several, do not make it so: their products are zero.
        """
        return bool(self._products.sum() < _LEAST_SHARE * np.trace(self._products))

    @property
    def loudest(self) -> int:
        """Index of the channel with the most energy; the first of those that are alike."""
        return int(np.diag(self._products).argmax())
