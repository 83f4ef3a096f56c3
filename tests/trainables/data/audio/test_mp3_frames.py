import numpy as np
import pytest

from tests.trainables.data.recordings import voice, write_recording
from trainables.data.audio.mp3_frames import is_mp3, require_whole_mp3


ID3 = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)


@pytest.fixture
def mp3(tmp_path):
    """Three seconds, of constant bit rate, with a header that says how many frames there are."""
    return write_recording(tmp_path / "x.mp3", voice(0, seconds=3)).read_bytes()


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_files_of_an_encoder_are_whole(tmp_path, rate, channels):
    path = write_recording(tmp_path / "x.mp3", voice(0, rate=rate, channels=channels), rate=rate)
    assert is_mp3(path.read_bytes()[:24])
    require_whole_mp3(path.read_bytes())


@pytest.mark.parametrize(
    ("front", "behind"),
    [(ID3, b""), (ID3 + bytes(50), b""), (ID3 + ID3, b""), (b"", b"TAG" + bytes(125)), (b"", bytes(9))],
)
def test_tags_are_no_damage(mp3, front, behind):
    require_whole_mp3(front + mp3 + behind)


def test_what_is_missing_or_broken_is_said(mp3):
    cases = (
        (mp3[:4], "truncated within its first MPEG frame"),
        (mp3[: len(mp3) // 2], r"truncated: \d+ frames were announced but the file has \d+$"),
        (mp3[: len(mp3) // 2] + bytes(100) + mp3[len(mp3) // 2 :], r"damaged: byte \d+ should begin an MPEG frame"),
        (ID3[:50], "truncated within its ID3 tag"),
    )
    for data, reason in cases:
        with pytest.raises(ValueError, match=reason):
            require_whole_mp3(data)


def test_every_beginning_is_whole_or_refused(mp3):
    for n in np.arange(4, 1000):
        with pytest.raises(ValueError, match="truncated"):
            require_whole_mp3(mp3[:n])


@pytest.mark.parametrize("head", [b"RIFF", b"\xff\xd8\xff\xe0", b"fLaC", b"\xff\xfb", b""])
def test_other_files_are_none(head):
    assert not is_mp3(head)
    require_whole_mp3(head)
