import io
import itertools

import numpy as np
import pytest
import soundfile

from tests.trainables.data.recordings import RATE, voice, write_recording
from trainables.data.audio.container import require_whole
from trainables.data.audio.reading import read_chunks
from trainables.errors import DataError


_FORMATS = {".oga": "OGG", ".opus": "OGG", ".aif": "AIFF", ".aifc": "AIFF", ".snd": "AU"}


def read(path, chunk_seconds=None):
    return list(read_chunks(path, chunk_seconds=chunk_seconds))


def damaged(path, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        (".wav", "PCM_U8", 2**-7),
        (".wav", "PCM_16", 2**-14),
        (".wav", "PCM_24", 2**-22),
        (".wav", "PCM_32", 2**-30),
        (".wav", "FLOAT", 1e-7),
        (".wav", "DOUBLE", 0),
        (".WAV", "ULAW", 0.05),
        (".flac", "PCM_16", 2**-14),
        (".flac", "PCM_24", 2**-22),
        (".ogg", "VORBIS", 0.2),
        (".oga", "VORBIS", 0.2),
        (".aiff", "PCM_16", 2**-14),
        (".aifc", "FLOAT", 1e-7),
        (".aif", "DOUBLE", 0),
        (".snd", "PCM_24", 2**-22),
        (".au", "ULAW", 0.05),
    ],
)
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_formats_subtypes_and_channels(tmp_path, suffix, subtype, tolerance, channels):
    samples = voice(0, channels=channels)
    path = write_recording(tmp_path / f"x{suffix}", samples, format=_FORMATS.get(suffix), subtype=subtype)
    ((mono, rate, channel),) = read(path)
    assert (rate, channel) == (RATE, None)
    np.testing.assert_allclose(mono, samples.mean(axis=1), atol=tolerance)


@pytest.mark.parametrize(("suffix", "subtype"), [(".mp3", "MPEG_LAYER_III"), (".opus", "OPUS")])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_formats(tmp_path, suffix, subtype, channels):
    samples = voice(0, channels=channels, seconds=1)
    path = write_recording(tmp_path / f"x{suffix}", samples, format=_FORMATS.get(suffix), subtype=subtype)
    ((mono, rate, channel),) = read(path)
    assert (len(mono), rate, channel) == (RATE, RATE, None)
    assert np.corrcoef(mono, samples.mean(axis=1))[0, 1] > 0.99


@pytest.mark.parametrize("file_format", ["WAVEX", "RF64"])
def test_wav_has_variants(tmp_path, file_format):
    ((mono, _, _),) = read(write_recording(tmp_path / "x.wav", format=file_format))
    assert len(mono) == 0.3 * RATE


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 192_000])
def test_any_rate(tmp_path, rate):
    ((mono, found, _),) = read(write_recording(tmp_path / "x.wav", rate=rate))
    assert (len(mono), found) == (round(0.3 * rate), rate)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".au"])
def test_chunks_are_the_recording_in_pieces(tmp_path, suffix):
    path = write_recording(tmp_path / f"x{suffix}")
    ((whole, _, _),) = read(path)
    pieces = [mono for mono, _, _ in read(path, chunk_seconds=0.08)]
    assert [len(piece) for piece in pieces] == [640, 640, 640, 480]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


def test_long_recordings_are_mixed_block_by_block(tmp_path, monkeypatch):
    samples = voice(0, channels=3)
    path = write_recording(tmp_path / "x.wav", samples, subtype="DOUBLE")
    monkeypatch.setattr("trainables.data.audio.reading._BLOCK_VALUES", 1000)
    ((mono, _, _),) = read(path)
    np.testing.assert_allclose(mono, samples.mean(axis=1), atol=1e-15)


@pytest.mark.parametrize(
    ("suffix", "share"),
    [
        *itertools.product((".wav", ".flac", ".ogg", ".aiff", ".au"), (0.005, 0.3, 0.6, 0.9, 0.99)),
        # Of an MP3 file the last frame may be cut off.
        *itertools.product((".mp3",), (0.005, 0.3, 0.6, 0.9)),
    ],
)
def test_truncated_files_are_damaged(tmp_path, suffix, share):
    path = write_recording(tmp_path / f"x{suffix}", voice(0, seconds=3))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    damaged(path, "truncated|damaged|not a WAV")


@pytest.mark.parametrize(("share", "reason"), [(0.5, "truncated: 4844 bytes were announced but the file has 2422")])
def test_truncated_wav_says_how_much_is_missing(tmp_path, share, reason):
    path = write_recording(tmp_path / "x.wav")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    damaged(path, reason)


@pytest.mark.parametrize("announced", [0, 0x7FFFFFFF, 0xFFFFFFFF, 4835, 4837, 4844])
def test_sizes_that_a_writer_did_not_know_or_count_right_are_no_damage(tmp_path, announced):
    path = write_recording(tmp_path / "x.wav")
    data = path.read_bytes()
    path.write_bytes(data[:4] + announced.to_bytes(4, "little") + data[8:])
    assert len(read(path)[0][0]) == 2400


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("chunk_seconds", [None, 0.1])
def test_samples_that_are_no_numbers_are_damage(tmp_path, value, chunk_seconds):
    samples = voice(0, channels=2)
    samples[2000, 1] = value
    path = write_recording(tmp_path / "x.wav", samples, subtype="DOUBLE")
    with pytest.raises(ValueError, match="NaN or infinite samples"):
        read(path, chunk_seconds)


def test_channels_that_cancel_are_read_as_the_loudest_of_each_chunk(tmp_path):
    left = voice(0)[:, 0]
    samples = np.stack([left, -1.1 * left], axis=1)
    samples[1200:] = left[1200:, None]
    path = write_recording(tmp_path / "x.wav", samples, subtype="DOUBLE")
    (one, other) = read(path, chunk_seconds=0.15)
    assert (one.channel_used, other.channel_used) == (2, None)
    np.testing.assert_allclose(np.concatenate([one.mono, other.mono]), [*(-1.1 * left[:1200]), *left[1200:]])


def test_infinities_of_opposite_sign_are_damage(tmp_path):
    samples = np.array([[np.inf, -np.inf], [1e308, 1e308]])
    damaged(write_recording(tmp_path / "x.wav", samples, subtype="DOUBLE"), "NaN or infinite")


def test_other_damage(tmp_path):
    path = tmp_path / "x.wav"
    for data, reason in (
        (b"", "empty file"),
        (b"no audio at all", "not a WAV, FLAC, OGG, MP3, AIFF or AU file$"),
        (bytes(5000), "not a"),
    ):
        path.write_bytes(data)
        damaged(path, reason)
    damaged(write_recording(path, np.zeros((0, 2))), "no samples")
    damaged(write_recording(path, format="W64"), "not a WAV, FLAC, OGG, MP3, AIFF or AU file but W64")


def test_a_flac_file_that_announces_more_than_it_has_is_truncated(tmp_path):
    path = write_recording(tmp_path / "x.flac")
    data = bytearray(path.read_bytes())
    # The last four bytes of the total number of samples in STREAMINFO.
    data[22:26] = (2401).to_bytes(4, "big")
    path.write_bytes(data)
    damaged(path, "truncated|damaged")


def test_files_that_cannot_be_read_are_not_taken_for_damaged(tmp_path):
    with pytest.raises(DataError, match="gone.wav: cannot be read .No such file or directory.; make it readable or"):
        read(tmp_path / "gone.wav")


def test_every_cut_of_a_small_ogg_is_seen():
    stream = io.BytesIO()
    soundfile.write(stream, voice(0), RATE, format="OGG")
    data = stream.getvalue()
    require_whole(io.BytesIO(data))
    last_page = data.rfind(b"OggS")
    for n in range(last_page + 4, len(data)):
        with pytest.raises(ValueError, match="the last page is not whole"):
            require_whole(io.BytesIO(data[:n]))
