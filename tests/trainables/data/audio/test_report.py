import csv

import numpy as np
import pytest

from tests.trainables.data.recordings import audio, source, voice, write_recording, write_recordings
from trainables.errors import CancellingChannelsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")


def features_of(samples, path):
    return samples.inputs[[name.startswith(f"{path}#") for name in samples.ids]]


@pytest.mark.parametrize("noise", [0.0, 10 ** (-70 / 20)])
def test_recordings_out_of_phase_are_heard_by_one_channel_and_told(tmp_path, cache, noise):
    folder = write_recordings(tmp_path / "data")
    sound = voice(7)
    hiss = np.random.default_rng(8).normal(0, noise, (len(sound), 2))
    write_recording(folder / "cat" / "alone.wav", sound, subtype="DOUBLE")
    for i in range(4):
        write_recording(folder / "cat" / f"wired{i}.wav", sound * [0.9, -1] + hiss, subtype="DOUBLE")
    for _ in range(2):
        with pytest.warns(CancellingChannelsWarning) as caught:
            samples = source().load(folder, audio(low_hz=None, high_hz=None))
        (message,) = [str(warning.message) for warning in caught]
        assert message.startswith(f"{folder}: the channels of 4 of 17 recordings (23.53%) cancel each other when mixed")
        assert "only the loudest is used: 'cat/wired0.wav' (channel 2 is used), 'cat/wired1.wav'" in message
        assert "wired3" not in message
        assert "\n" not in message
    (listed,) = cache.rglob("cancelling.csv")
    assert str(listed) in message
    with listed.open(newline="") as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == [f"cat/wired{i}.wav" for i in range(4)]
    # Log-mel features do not depend on the sign.
    found, expected = features_of(samples, "cat/wired0.wav"), features_of(samples, "cat/alone.wav")
    np.testing.assert_allclose(found, expected, atol=0.2 if noise else 1e-4)


@pytest.mark.parametrize("channels", [(1, 0), (0, 1), (1, 1), (1, 0.1), (1, -0.3)])
def test_usual_stereo_is_mixed_without_a_word(tmp_path, channels):
    folder = write_recordings(tmp_path / "data", n_recordings=1)
    write_recording(folder / "cat" / "stereo.wav", voice(0) * channels, subtype="DOUBLE")
    write_recording(folder / "dog" / "wide.wav", np.random.default_rng(0).normal(0, 0.1, (4000, 2)))
    assert {"cat/stereo.wav", "dog/wide.wav"} < set(source().load(folder, audio()).groups)
