import csv

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from tests.trainables.data.recordings import (
    RATE,
    audio,
    refused,
    source,
    voice,
    write_recording,
    write_recordings,
)
from trainables.data import DataOptions, SplitFractions, split_samples
from trainables.data.audio import decoding as audio_decoding
from trainables.data.audio.cleaning import clean, cut_segments
from trainables.data.audio.features import LogMel
from trainables.errors import DataError, UnusedRecordingsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".au")


@pytest.fixture
def folder(tmp_path):
    """Two classes of six recordings, 0.3 s each."""
    return write_recordings(tmp_path / "data")


def listed_in(cache):
    (path,) = cache.rglob("damaged.csv")
    with path.open(newline="") as stream:
        return {row["path"]: row["reason"] for row in csv.DictReader(stream)}


def test_every_segment_is_a_sample(folder):
    samples = source().load(folder, audio())
    # Segments of 0.1 s every 0.05 s: five fit into 0.3 s.
    assert samples.ids.tolist() == [
        f"{k}/{i:03d}.wav#{n:03d}" for k in ("cat", "dog") for i in range(6) for n in range(5)
    ]
    assert samples.labels.tolist() == [0] * 30 + [1] * 30
    assert samples.groups.tolist() == [name[:-4] for name in samples.ids]
    assert samples.official_test is None
    assert samples.inputs.dtype == np.float32


def test_the_documents_shape(folder):
    assert source().load(folder).inputs.shape == (12, 1, 64, 101)


def test_features_are_those_of_the_steps_in_a_row(folder):
    write_recording(folder / "cat" / "own.wav", voice(7), subtype="DOUBLE")
    options = audio()
    samples = source().load(folder, options)
    wave = clean(voice(7)[:, 0], RATE, options.audio)
    expected = LogMel(options.audio)(cut_segments(wave, length=800, hop=400))
    own = [name.startswith("cat/own.wav#") for name in samples.ids]
    np.testing.assert_allclose(samples.inputs[own], expected, atol=1e-5)


def test_features_do_not_depend_on_how_many_are_computed_at_once(folder, monkeypatch):
    one = source().load(folder, audio())
    monkeypatch.setattr(audio_decoding, "_BATCH", 2)
    monkeypatch.setenv("EXITSEARCH_CACHE", str(folder.parent / "another"))
    other = source().load(folder, audio())
    assert one.ids.tolist() == other.ids.tolist()
    np.testing.assert_allclose(one.inputs, other.inputs, atol=1e-4)


def test_a_recording_lies_in_one_split(folder):
    splits = split_samples(source().load(folder, audio()), SplitFractions(), seed=0)
    assert sum(len(set(splits[name].groups)) for name in ("train", "search", "certify", "test")) == 12


def test_chunks_are_groups_and_no_segment_crosses_them(tmp_path):
    folder = write_recordings(tmp_path / "data", n_recordings=1, seconds=0.75)
    samples = source().load(folder, audio(chunk_seconds=0.2))
    # Three whole chunks of three segments; the rest of 0.15 s has two.
    own = [f"cat/000.wav#chunk-{chunk:03d}" for chunk in (0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3)]
    assert samples.groups[:11].tolist() == own
    assert samples.ids[:11].tolist() == [f"cat/000.wav#{n:03d}" for n in range(11)]
    alone = write_recordings(tmp_path / "alone", n_recordings=1, seconds=0.75)
    for name, hz in (("cat", 400), ("dog", 700)):
        second = voice((int(name == "dog"), 0), seconds=0.75, hz=hz)[1600:3200]
        write_recording(alone / name / "000.wav", second)
    np.testing.assert_allclose(source().load(alone, audio()).inputs[:3], samples.inputs[3:6], atol=1e-4)


def test_a_last_chunk_shorter_than_a_segment_is_dropped(tmp_path):
    folder = write_recordings(tmp_path / "data", n_recordings=1, seconds=0.25)
    assert set(source().load(folder, audio(chunk_seconds=0.2)).groups) == {
        "cat/000.wav#chunk-000",
        "dog/000.wav#chunk-000",
    }
    write_recording(folder / "cat" / "short.wav", voice(0, seconds=0.05))
    assert "cat/short.wav#000" in source().load(folder, audio(chunk_seconds=0.2)).ids


@pytest.mark.parametrize("rate", [RATE, 11_025, 44_100])
def test_chunks_may_be_as_short_as_segments(tmp_path, rate):
    folder = tmp_path / "data"
    for name in ("cat", "dog"):
        write_recording(folder / name / "0.wav", voice(0, seconds=1.05, rate=rate), rate=rate)
    samples = source().load(folder, audio(segment_seconds=0.3333, chunk_seconds=0.3333))
    assert samples.groups[:3].tolist() == [f"cat/0.wav#chunk-{chunk:03d}" for chunk in range(3)]
    assert len(samples.ids) == 6


def test_silent_segments_are_dropped_and_counted(folder):
    samples = np.concatenate([voice(0), np.zeros((RATE // 2, 1)), voice(1)])
    write_recording(folder / "cat" / "pause.wav", samples)

    def numbers(options):
        ids = source().load(folder, options).ids
        return [int(name.split("#")[1]) for name in ids if name.startswith("cat/pause.wav")]

    heard = numbers(audio(low_hz=None, high_hz=None))
    assert heard == [0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 19, 20]
    assert numbers(audio(low_hz=None, high_hz=None, silence_db=None)) == list(range(21))


def test_silent_recordings_are_left_out_and_listed(folder, cache):
    write_recording(folder / "cat" / "zeros.wav", np.zeros(RATE))
    write_recording(folder / "dog" / "click.wav", np.eye(1, RATE)[0])
    with pytest.warns(UnusedRecordingsWarning) as caught:
        samples = source().load(folder, DataOptions(max_damaged=0.0, audio=audio(silence_db=-35).audio))
    assert "cat/zeros.wav" not in samples.groups
    message = str(caught[0].message)
    assert message.startswith(
        f"{folder}: 1 of 14 recordings (7.14%) are left out: 'cat/zeros.wav' (silent: its loudest segment has -inf "
    )
    assert "\n" not in message
    assert listed_in(cache) == {"cat/zeros.wav": "silent: its loudest segment has -inf dBFS"}
    assert "dog/click.wav" in samples.groups


def test_a_class_with_nothing_to_hear_says_which_setting_helps(folder):
    for i in range(3):
        write_recording(folder / "owl" / f"{i}.wav", np.zeros(RATE))
    with pytest.warns(UnusedRecordingsWarning, match=r"3 of 15 recordings \(20.00%\) are left out"):
        refused(
            folder,
            r"at least data.audio.silence_db \(-40.0 dBFS\) but the loudest of 'owl' has -inf dBFS; lower "
            r"data.audio.silence_db or leave it null, or widen the band",
        )
    assert "owl/0.wav#000" in source().load(folder, audio(silence_db=None)).ids


def test_nothing_above_the_silence_level_says_so(folder):
    with pytest.warns(UnusedRecordingsWarning):
        message = refused(folder, "the loudest of 'cat' has", audio(silence_db=-0.001))
    assert -30 < float(message.split("has ")[1].split(" dBFS")[0]) < -1


def test_a_class_with_nothing_but_damage_is_refused(folder):
    (folder / "owl").mkdir()
    (folder / "owl" / "bad.wav").write_bytes(b"")
    with pytest.warns(UnusedRecordingsWarning):
        refused(folder, "every class needs recordings but all of 'owl' are damaged; repair or remove them")


def test_too_much_damage_is_refused(folder):
    for i in range(3):
        (folder / "cat" / f"bad{i}.wav").write_text("no audio")
    write_recording(folder / "cat" / "zeros.wav", np.zeros(RATE))
    refused(
        folder,
        r"3 of 16 recordings \(18.75%\) are damaged but at most 10.00% may be: 'cat/bad0.wav' \(not a WAV, FLAC, OGG, "
        r"MP3, AIFF or AU file\), .*; delete or repair them, or raise data.max_damaged; the full list is /",
        DataOptions(max_damaged=0.1, audio=audio().audio),
    )


def odd_files(folder):
    """Files of all kinds in class ``cat``: those that are fine, silent, and damaged."""
    samples = voice(0)
    where = folder / "cat"
    fine = {
        "192khz.wav": {"rate": 192_000},
        "8-channels.wav": {"samples": voice(0, channels=8)},
        "8-bit.wav": {"subtype": "PCM_U8"},
        "float64.wav": {"subtype": "DOUBLE"},
        "int24.wav": {"subtype": "PCM_24"},
        "huge.wav": {"samples": samples * 1e300, "subtype": "DOUBLE"},
        "tiny.wav": {"samples": samples * 1e-300, "subtype": "DOUBLE"},
        "11khz.flac": {"rate": 11_025},
        "44khz.ogg": {"rate": 44_100},
        "odd-rate.wav": {"rate": 22_257},
    }
    silent = {
        "one-sample.wav": {"samples": samples[:1]},
        "zeros.wav": {"samples": np.zeros(RATE)},
        "constant.wav": {"samples": np.full(RATE, 0.25), "rate": 44_100},
    }
    damaged = {
        "nan.wav": {"samples": np.full(RATE, np.nan), "subtype": "FLOAT"},
        "infinite.wav": {"samples": np.array([0.1, np.inf, 0.1]), "subtype": "FLOAT"},
        "no-samples.wav": {"samples": np.zeros((0, 1))},
        "slow.wav": {"rate": 7},
        "fast.wav": {"samples": samples, "rate": 900_000},
    }
    for name, values in (fine | silent | damaged).items():
        options = {"samples": None, "rate": RATE} | values
        write_recording(where / name, **(options if name != "slow.wav" else options | {"samples": samples}))
    (where / "empty.wav").write_bytes(b"")
    (where / "text.wav").write_text("not a recording")
    half = write_recording(where / "half.wav").read_bytes()
    (where / "half.wav").write_bytes(half[: len(half) // 2])
    damaged |= {"empty.wav": {}, "text.wav": {}, "half.wav": {}}
    return [{f"cat/{name}" for name in kind} for kind in (fine, silent, damaged)]


def test_odd_files_are_read_left_out_or_named(folder, cache):
    fine, silent, damaged = odd_files(folder)
    for _ in range(2):
        with pytest.warns(UnusedRecordingsWarning) as caught:
            samples = source().load(folder, audio())
        assert "8 of 33 recordings (24.24%) are damaged and skipped: 'cat/empty.wav' (empty file)" in str(
            caught[0].message
        )
        assert "; 3 of 33 recordings (9.09%) are left out: " in str(caught[0].message)
        good = {f"{name}/{i:03d}.wav" for name in ("cat", "dog") for i in range(6)}
        assert set(samples.groups) == good | fine
        assert np.isfinite(samples.inputs).all()
        reasons = listed_in(cache)
        assert reasons.keys() == silent | damaged
        assert {path for path, reason in reasons.items() if reason.startswith("silent")} == silent


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300),
    suffix=st.sampled_from(SUFFIXES),
    head=st.booleans(),
)
@example(data=b"RIFF", suffix=".wav", head=False)
@example(data=b"OggS", suffix=".ogg", head=False)
@example(data=b"\xff\xfb\x90\x00" + bytes(9) + b"Xing", suffix=".mp3", head=False)
@example(data=b"OggS" + bytes(22) + b"\x09", suffix=".ogg", head=False)
def test_any_bytes_are_damage_or_samples(folder, cache, data, suffix, head):
    path = folder / "cat" / f"random{suffix}"
    if head:
        data = write_recording(path).read_bytes()[:60] + data
    path.write_bytes(data)
    try:
        with pytest.warns(UnusedRecordingsWarning) as caught:
            samples = source().load(folder, audio())
    finally:
        path.unlink()
    assert f"'cat/{path.name}'" in str(caught[0].message)
    assert len(set(samples.groups)) == 12


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
    suffix=st.sampled_from(SUFFIXES),
)
def test_a_changed_byte_never_costs_another_recording(folder, at, value, suffix):
    path = write_recording(folder / "cat" / f"changed{suffix}")
    data = bytearray(path.read_bytes())
    data[int(at * len(data))] = value
    path.write_bytes(data)
    decoded = audio_decoding.decode_recordings(folder, ["cat/000.wav", f"cat/{path.name}"], audio().audio)
    path.unlink()
    assert 0 in decoded.rows
    assert decoded.n_files == 2


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_short_memory_is_one_clear_error(folder, monkeypatch, error):
    def no_room(*_):
        raise error

    monkeypatch.setattr(audio_decoding, "clean", no_room)
    refused(folder, "wav: no memory is left to decode it; free some, or set data.audio.chunk_seconds")


def test_other_faults_are_not_taken_for_damage(folder, monkeypatch):
    def fault(*_):
        raise RuntimeError("a fault of this program")

    monkeypatch.setattr(audio_decoding, "clean", fault)
    with pytest.raises(RuntimeError, match="of this program"):
        source().load(folder, audio())


def test_files_that_cannot_be_read_are_refused(folder):
    (folder / "cat" / "gone.wav").symlink_to(folder / "nowhere.wav")
    refused(folder, "gone.wav: cannot be read .No such file or directory.; repair or delete it")


def test_too_few_recordings_say_how_many_are_needed(tmp_path):
    folder = write_recordings(tmp_path / "data", n_recordings=3)
    with pytest.raises(DataError, match="at least 4 samples or groups, one per split, but class 0 has 3"):
        split_samples(source().load(folder, audio()), SplitFractions(), seed=0)


def test_only_whole_recordings_are_heard_as_such(tmp_path):
    folder = write_recordings(tmp_path / "data", seconds=0.5)
    assert source().load(folder, audio()).metadata == {"segment_seconds": 0.1, "hop_seconds": 0.05}
    assert source().load(folder, audio(chunk_seconds=0.2)).metadata == {}
