"""Channels that cancel each other when mixed: one is taken, and it is told; usual stereo is mixed as ever."""

import csv
import warnings

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import soundfile

from tests.trainables.data.recordings import audio, source, voice, write_recording
from trainables.data.audio import reading as audio_reading
from trainables.data.audio.channels import Band, ChannelEnergies
from trainables.data.audio.reading import read_chunks
from trainables.errors import CancellingChannelsWarning


RATE = 8000
N = RATE
T = np.arange(N) / RATE
BAND = Band(100, 3000)


def sound(hz=500):
    return 0.4 * np.sin(2 * np.pi * hz * T) * (0.3 + 0.7 * (np.sin(2 * np.pi * 3 * T) > 0))


def noise(channels=2, *, dbfs=-70.0):
    return 10 ** (dbfs / 20) * np.random.default_rng(0).normal(size=(N, channels))


def stack(*channels):
    return np.stack(channels, axis=1)


X, Y = sound(), sound(900)

CANCELLING = {
    "exactly": stack(X, -X),
    "but for noise": stack(X, -X) + noise(),
    "but for much noise": stack(X, -X) + noise(dbfs=-40),
    "one softer": stack(0.8 * X, -X) + noise(),
    "two pairs": stack(X, -X, Y, -Y) + noise(4),
    "under hum that is in phase": stack(X, -X) + 0.5 * np.sin(2 * np.pi * 50 * T)[:, None] + noise(),
    "under a constant": stack(X, -X) + 0.3,
    "of any size": stack(X, -X) * 1e300,
    "so small": stack(X, -X) * 1e-300,
}
# Which is louder is decided by chance, or out of the band.
ALIKE = {"but for noise", "but for much noise", "two pairs", "under hum that is in phase", "under a constant"}
USUAL = {
    "in phase": stack(X, X),
    "one silent": stack(X, 0 * X),
    "seven silent": stack(X, *[0 * X] * 7),
    "unrelated": noise(dbfs=-20),
    "wide": stack(X + 0.8 * Y, X - 0.8 * Y),
    "constants that cancel": stack(X + 0.4, X - 0.4),
    "hum that cancels": stack(X, X) + 0.5 * np.sin(2 * np.pi * 50 * T)[:, None] * np.array([1, -1]),
    "much softer inverted": stack(X, -0.3 * X),
    "three of which one is inverted": stack(X, X, -X),
    "nothing": np.zeros((N, 2)),
    "only one": X[:, None],
}


def read(path, samples, **options):
    soundfile.write(path, samples, RATE, subtype="DOUBLE")
    return list(read_chunks(path, **{"chunk_seconds": None, "band": BAND} | options))


@pytest.mark.parametrize("name", CANCELLING)
@pytest.mark.parametrize("block", [2**20, 3000])
def test_one_channel_is_taken_where_all_cancel(tmp_path, monkeypatch, name, block):
    monkeypatch.setattr(audio_reading, "_BLOCK_VALUES", block)
    samples = CANCELLING[name]
    ((mono, _, channel),) = read(tmp_path / "x.wav", samples)
    assert channel == 1 + np.square(samples / np.abs(samples).max()).sum(axis=0).argmax() or name in ALIKE
    np.testing.assert_array_equal(mono, samples[:, channel - 1])


@pytest.mark.parametrize("name", USUAL)
def test_usual_channels_are_mixed(tmp_path, name):
    ((mono, _, channel),) = read(tmp_path / "x.wav", USUAL[name])
    assert channel is None
    np.testing.assert_allclose(mono, USUAL[name].mean(axis=1), atol=1e-12)


def test_a_soft_channel_is_not_the_one_that_is_taken(tmp_path):
    samples = stack(0.02 * X, X, -1.05 * X)
    ((mono, _, channel),) = read(tmp_path / "x.wav", samples)
    assert channel == 3
    np.testing.assert_array_equal(mono, samples[:, 2])


def test_each_chunk_is_looked_at(tmp_path):
    samples = np.concatenate([stack(X, X), stack(X, -X)])
    chunks = read(tmp_path / "x.wav", samples, chunk_seconds=1.0)
    assert [chunk.channel_used for chunk in chunks] == [None, 1]
    np.testing.assert_array_equal(np.concatenate([chunk.mono for chunk in chunks]), np.tile(X, 2))


@settings(max_examples=50, deadline=None)
@given(correlation=st.floats(-1, 1), scale=st.sampled_from([1e-200, 1e-3, 1.0, 1e200]), cut=st.integers(0, 400))
@example(correlation=-0.89987, scale=1.0, cut=0)  # so near that half the sample rate decides
def test_it_is_the_correlation_that_decides(correlation, scale, cut):
    draw = np.random.default_rng(1).normal(size=(400, 2))
    one, other = np.linalg.qr(draw - draw.mean(axis=0))[0].T
    both = stack(one, correlation * one + np.sqrt(1 - correlation**2) * other) * scale
    energies = ChannelEnergies(2, RATE, Band())
    energies.add(both)
    if abs(correlation + 0.9) > 1e-6:
        assert energies.cancel == (correlation < -0.9)
    # In blocks, means and edges differ, but not what is far from the limit.
    pieces = ChannelEnergies(2, RATE, Band())
    for piece in (both[:cut], both[cut:]):
        pieces.add(piece)
    if correlation == -1 or correlation > 0:
        assert pieces.cancel == (correlation < 0)


@pytest.fixture
def folder(tmp_path):
    """Two classes; of one, every recording cancels, exactly or but for noise."""
    for i in range(4):
        own = voice(i, seconds=0.3)[:, 0]
        write_recording(tmp_path / "data" / "low" / f"{i}.wav", stack(own, own), subtype="DOUBLE")
        inverted = stack(own, -own) + (i % 2) * noise()[: len(own)]
        write_recording(tmp_path / "data" / "high" / f"{i}.wav", inverted, subtype="DOUBLE")
    return tmp_path / "data"


def test_features_are_those_of_the_sound_and_not_of_what_is_left(folder, cache):
    for _ in range(2):
        with pytest.warns(CancellingChannelsWarning) as caught:
            samples = source().load(folder, audio())
        (message,) = [str(one.message) for one in caught]
        assert message.startswith(
            f"{folder}: the channels of 4 of 8 recordings (50.00%) cancel each other when mixed, as those of a "
            f"microphone wired the wrong way round do, so that only the loudest is used: 'high/0.wav' (channel 1 is "
        )
        assert message.count("'high/") == 3
        assert "silence_db" not in message
        assert "\n" not in message
        (listed,) = cache.rglob("cancelling.csv")
        assert str(listed) in message
        with listed.open(newline="") as stream:
            rows = {row["path"]: row["reason"] for row in csv.DictReader(stream)}
        assert rows.keys() == {f"high/{i}.wav" for i in range(4)}
        assert set(rows.values()) <= {"channel 1 is used", "channel 2 is used"}
        listed.unlink()
        high, low = samples.inputs[samples.labels == 0], samples.inputs[samples.labels == 1]
        assert np.corrcoef(high.ravel(), low.ravel())[0, 1] > 0.99


def test_features_of_before_are_not_reused(folder, cache, monkeypatch):
    monkeypatch.setattr("trainables.data.audio.cache._VERSION", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source().load(folder, audio())
        (before,) = (cache / "recordings").iterdir()
        monkeypatch.undo()
        monkeypatch.setenv("EXITSEARCH_CACHE", str(cache))
        source().load(folder, audio())
    assert len(list((cache / "recordings").iterdir())) == 2
    assert before.is_dir()
