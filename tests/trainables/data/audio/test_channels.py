import numpy as np
import pytest

from trainables.data.audio.channels import Band, ChannelEnergies


RATE = 8000
TIME = np.arange(RATE) / RATE
TONE = np.sin(2 * np.pi * 500 * TIME)
HUM = 3 * np.sin(2 * np.pi * 50 * TIME)


def noise(seed, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=RATE)


ALL = Band()


def energies(*channels, band=ALL, n_blocks=1):
    found = ChannelEnergies(len(channels), RATE, band)
    for block in np.array_split(np.stack(channels, axis=1), n_blocks):
        found.add(block)
    return found


@pytest.mark.parametrize(
    ("channels", "loudest"),
    [
        ((TONE, -TONE), 0),
        ((TONE, -1.01 * TONE), 1),
        ((TONE + noise(0, 1e-3), -TONE + noise(1, 1e-3)), None),
        ((TONE * 1e-300, TONE * -1e-300), 0),
        ((TONE * 1e300, TONE * -1e300), 0),
        ((TONE + 5, -TONE + 5), None),
        ((0.5 * TONE, 0.5 * TONE, -TONE), 2),
    ],
)
@pytest.mark.parametrize("n_blocks", [1, 7])
def test_channels_out_of_phase_cancel(channels, loudest, n_blocks):
    found = energies(*channels, n_blocks=n_blocks)
    assert found.cancel
    assert loudest in (None, found.loudest)


@pytest.mark.parametrize(
    "channels",
    [
        (TONE, TONE),
        (TONE, 0.1 * TONE),
        (TONE, np.zeros(RATE)),
        (np.zeros(RATE), np.zeros(RATE)),
        (TONE, *[np.zeros(RATE)] * 7),
        (noise(0), noise(1)),
        # A wide mix: what is in the middle, and as much on the sides out of phase.
        (noise(0) + noise(1), noise(0) - noise(1)),
        (TONE, np.cos(2 * np.pi * 500 * TIME)),
        (TONE, -0.5 * TONE),
        (TONE,),
    ],
)
@pytest.mark.parametrize("n_blocks", [1, 7])
def test_usual_recordings_do_not(channels, n_blocks):
    assert not energies(*channels, n_blocks=n_blocks).cancel


def test_only_what_is_listened_for_counts():
    channels = (TONE + HUM, -TONE + HUM)
    assert not energies(*channels).cancel
    assert energies(*channels, band=Band(low_hz=100)).cancel
    assert not energies(*channels, band=Band(high_hz=100)).cancel


def test_nothing_was_heard_yet():
    assert not ChannelEnergies(2, RATE, Band()).cancel
