import io

import numpy as np
import pytest
import soundfile

from tests.trainables.data.recordings import voice, write_recording
from trainables.data.audio.mp3_frames import is_mp3, require_whole_mp3
from trainables.data.audio.reading import read_chunks


RATE = 44_100


def mp3(mode, *, channels=1, seconds=2, rate=RATE):
    stream = io.BytesIO()
    samples = voice(0, seconds=seconds, rate=rate, channels=channels)
    soundfile.write(stream, samples, rate, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return stream.getvalue()


def without_count(data):
    """The same without its first frame, which holds the number of frames."""
    return data[data.index(b"\xff", 4 + data.index(b"\xff")) :] if b"Xing" not in data[:64] else _behind_first(data)


def _behind_first(data):
    header = data[:2]
    return data[data.index(header, 100) :]


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_whole_files_are_whole_whatever_tags_they_have(tmp_path, mode, rate, channels):
    data = mp3(mode, rate=rate, channels=channels)
    assert is_mp3(data[:24])
    tag = b"ID3\x04\x00\x00\x00\x00\x07\x68" + bytes(1000)
    for whole in (data, tag + data, tag + tag + data, data + b"TAG" + bytes(125), data + bytes(500)):
        require_whole_mp3(whole)
    (tmp_path / "x.mp3").write_bytes(tag + data + b"TAG" + bytes(125))
    ((mono, found, _),) = read_chunks(tmp_path / "x.mp3", chunk_seconds=None)
    assert (len(mono), found) == (2 * rate, rate)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_truncated_files_say_how_much_is_missing(tmp_path, mode, share):
    data = mp3(mode)
    with pytest.raises(ValueError, match=r"truncated: \d+ frames were announced but the file has \d+"):
        require_whole_mp3(data[: int(len(data) * share)])


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("harm", ["zeros", "noise", "gap", "insert"])
def test_broken_frames_in_the_middle_are_damage(tmp_path, mode, harm):
    data, at = mp3(mode), 9000
    junk = np.random.default_rng(0).integers(0, 255, 2000, dtype=np.uint8).tobytes()
    broken = {
        "zeros": data[:at] + bytes(2000) + data[at + 2000 :],
        "noise": data[:at] + junk + data[at + 2000 :],
        "gap": data[:at] + data[at + 1500 :],
        "insert": data[:at] + junk + data[at:],
    }[harm]
    (tmp_path / "x.mp3").write_bytes(broken)
    with pytest.raises(ValueError, match=r"damaged: byte \d+ should begin an MPEG frame but does not"):
        list(read_chunks(tmp_path / "x.mp3", chunk_seconds=None))


def test_a_length_that_nobody_knows_is_damage_and_a_constant_rate_tells_it(tmp_path):
    # libsndfile would read half of it without a word.
    with pytest.raises(ValueError, match="its bit rate varies but no Xing header says how long it is"):
        require_whole_mp3(without_count(mp3("VARIABLE")))
    constant = without_count(mp3("CONSTANT"))
    for end in (b"", b"TAG" + bytes(125)):
        (tmp_path / "x.mp3").write_bytes(constant + end)
        ((mono, _, _),) = read_chunks(tmp_path / "x.mp3", chunk_seconds=None)
        assert 2 * RATE <= len(mono) < 2.1 * RATE


def test_pieces_are_the_recording(tmp_path):
    (tmp_path / "x.mp3").write_bytes(mp3("VARIABLE"))
    ((whole, _, _),) = read_chunks(tmp_path / "x.mp3", chunk_seconds=None)
    pieces = [mono for mono, _, _ in read_chunks(tmp_path / "x.mp3", chunk_seconds=0.7)]
    assert [len(piece) for piece in pieces] == [30_870, 30_870, 26_460]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


@pytest.mark.parametrize("data", [b"text" * 100, bytes(5000), b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)])
def test_other_files_that_are_called_mp3_are_no_recordings(tmp_path, data):
    (tmp_path / "x.mp3").write_bytes(data)
    with pytest.raises(ValueError, match="not a WAV, FLAC, OGG, MP3, AIFF or AU file"):
        list(read_chunks(tmp_path / "x.mp3", chunk_seconds=None))


@pytest.mark.parametrize(("suffix", "kind"), [(".aiff", "AIFF"), (".au", "AU"), (".opus", "OGG"), (".mp3", "MP3")])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_truncated_files_of_other_kinds_are_damaged(tmp_path, suffix, kind, share):
    subtype = "OPUS" if suffix == ".opus" else None
    path = write_recording(tmp_path / f"x{suffix}", voice(0, seconds=3), format=kind, subtype=subtype)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match="truncated|damaged"):
        list(read_chunks(path, chunk_seconds=None))
