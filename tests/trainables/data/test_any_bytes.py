"""Whatever bytes a file has, it is read or it is damaged; nothing is raised, and no other file is lost."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from tests.trainables.data.image_sets import write_image
from tests.trainables.data.recordings import audio, write_recording
from trainables.data.audio.decoding import decode_recordings
from trainables.data.images.decoding import decode_images


FUZZED = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
IMAGES = {
    ".tif": {},
    ".tiff": {"compression": "tiff_lzw"},
    ".jpe": {"format": "TIFF", "compression": "jpeg"},
    ".gif": {},
    ".ppm": {},
    ".webp": {},
}
RECORDINGS = {".mp3": "MP3", ".aiff": "AIFF", ".au": "AU"}


def harmed(data, at, values, keep):
    """Some bytes overwritten from a place on, and the end cut off."""
    harm = bytearray(data)
    start = int(at * len(harm))
    harm[start : start + len(values)] = values
    return bytes(harm[: int(keep * len(harm)) + 1])


HARM = {
    "at": st.floats(0, 1, exclude_max=True),
    "values": st.binary(min_size=1, max_size=8),
    "keep": st.sampled_from([1.0, 1.0, 0.97, 0.4, 0.02]),
}


@pytest.mark.parametrize("suffix", IMAGES)
@FUZZED
@given(**HARM)
def test_images(tmp_path, suffix, at, values, keep):
    write_image(tmp_path / "good.png")
    path = write_image(tmp_path / f"x{suffix}", size=(24, 20), **IMAGES[suffix])
    path.write_bytes(harmed(path.read_bytes(), at, values, keep))
    decoded = decode_images(tmp_path, [path.name, "good.png"], size=8)
    assert 1 in decoded.readable_rows
    assert all(decoded.reasons)


@pytest.mark.parametrize("suffix", RECORDINGS)
@FUZZED
@given(**HARM)
def test_recordings(tmp_path, suffix, at, values, keep):
    write_recording(tmp_path / "good.wav")
    path = write_recording(tmp_path / f"x{suffix}", format=RECORDINGS[suffix])
    path.write_bytes(harmed(path.read_bytes(), at, values, keep))
    decoded = decode_recordings(tmp_path, [path.name, "good.wav"], audio().audio)
    assert 1 in decoded.rows
    assert np.isfinite(decoded.features).all()
    assert all(decoded.reasons)
