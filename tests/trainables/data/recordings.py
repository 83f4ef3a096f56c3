"""Small folders of real recordings for tests."""

import numpy as np
import pytest
import soundfile

from trainables.data import SOURCES, AudioOptions, DataOptions
from trainables.errors import DataError


RATE = 8000


def source():
    return SOURCES["audio-folder"]


def audio(**options):
    """Data options that read a few small features, and do not mind damage."""
    small = {"sample_rate": RATE, "n_mels": 8, "n_fft": 256, "segment_seconds": 0.1, "hop_seconds": 0.05}
    return DataOptions(max_damaged=0.9, audio=AudioOptions(**small | options))


def voice(seed, *, seconds=0.3, rate=RATE, channels=1, hz=500):
    """A tone with noise, shape (n, channels)."""
    n = round(seconds * rate)
    tone = np.sin(2 * np.pi * hz * np.arange(n) / rate)[:, None]
    return 0.3 * tone + np.random.default_rng(seed).normal(0, 0.03, (n, channels))


def write_recording(path, samples=None, *, seed=1000, rate=RATE, **options):
    """Write samples, or a voice of 0.3 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, voice(seed, rate=rate) if samples is None else samples, rate, **options)
    return path


def write_recordings(folder, classes=("cat", "dog"), n_recordings=6, *, seconds=0.3):
    """Write a folder of recordings per class, none equal to another; classes differ in pitch."""
    for k, name in enumerate(classes):
        for i in range(n_recordings):
            samples = voice((k, i), seconds=seconds, hz=400 + 300 * k)
            write_recording(folder / name / f"{i:03d}.wav", samples)
    return folder


def write_spoken_digits(folder, *, n_takes, speakers=("ann", "bob", "cid", "dan")):
    """Write what stands for spoken digits, ``{digit}_{speaker}_{take}.wav``: a pitch for each digit, of 0.2 s."""
    for digit in range(10):
        for k, name in enumerate(speakers):
            for take in range(n_takes):
                samples = voice((digit, k, take), seconds=0.2, hz=300 + 150 * digit)
                write_recording(folder / f"{digit}_{name}_{take}.wav", samples)
    return folder


def refused(folder, message, options=None):
    """The one line with which an audio folder is refused; it must match the message."""
    with pytest.raises(DataError, match=message) as caught:
        source().load(folder, options or audio())
    assert "\n" not in str(caught.value)
    return str(caught.value)
