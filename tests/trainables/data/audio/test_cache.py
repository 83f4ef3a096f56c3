import os

import numpy as np
import pytest

from tests.trainables.data.recordings import audio, source, voice, write_recording, write_recordings
from trainables.data.audio import cache as audio_cache
from trainables.errors import AudioCacheWarning, UnusedRecordingsWarning


@pytest.fixture
def folder(tmp_path):
    return write_recordings(tmp_path / "data", n_recordings=3)


@pytest.fixture
def decodings(monkeypatch):
    """The options that recordings were decoded with, one entry each time that they were."""
    all_options = []

    def counting(folder, paths, options):
        all_options.append(options)
        return original(folder, paths, options)

    original = audio_cache.decode_recordings
    monkeypatch.setattr(audio_cache, "decode_recordings", counting)
    return all_options


def kept_in(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_features_are_computed_once(folder, cache, decodings):
    write_recording(folder / "cat" / "zeros.wav", np.zeros(800))
    (folder / "cat" / "empty.wav").write_bytes(b"")
    loaded = []
    for _ in range(2):
        with pytest.warns(UnusedRecordingsWarning) as caught:
            loaded.append((source().load(folder, audio()), str(caught[0].message)))
    (first, warned), (second, warned_again) = loaded
    assert len(decodings) == 1
    assert warned == warned_again
    assert kept_in(cache)[-1].parent.parent == cache / "recordings"
    np.testing.assert_array_equal(first.inputs, second.inputs)
    for name in ("ids", "labels", "groups"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()


def test_names_of_groups_change_nothing(folder, decodings):
    for options in (audio(), audio(test_pattern="0.wav"), audio(group_pattern="(?P<group>cat|dog)")):
        source().load(folder, options)
    assert len(decodings) == 1


@pytest.mark.parametrize(
    "changes", [{"silence_db": None}, {"peak": 0.5}, {"chunk_seconds": 0.2}, {"floor_db": 60.0}, {"n_mels": 4}]
)
def test_each_setting_is_kept(folder, cache, decodings, changes):
    for options in (audio(), audio(**changes)) * 2:
        source().load(folder, options)
    assert len(decodings) == 2
    assert len(kept_in(cache)) == 2


@pytest.mark.parametrize("change", ["content", "time", "name", "another", "moved", "version"])
def test_what_has_changed_is_decoded_anew(folder, decodings, monkeypatch, change):
    before = source().load(folder, audio())
    path = folder / "cat" / "001.wav"
    if change == "content":
        write_recording(path, voice(5, seconds=0.4))
    elif change == "time":
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    elif change == "name":
        path.rename(path.with_name("001b.wav"))
    elif change == "another":
        write_recording(folder / "dog" / "another.wav")
    elif change == "moved":
        folder = folder.rename(folder.with_name("moved"))
    else:
        monkeypatch.setattr(audio_cache, "_VERSION", audio_cache._VERSION + 1)
    after = source().load(folder, audio())
    assert len(decodings) == 2
    assert (len(after.ids) != len(before.ids)) == (change in ("content", "another"))


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)


def changed(path, **arrays):
    with np.load(path) as archive:
        np.savez(path, **dict(archive) | arrays)


def of_fewer_recordings(path):
    with np.load(path) as archive:
        kept = archive["rows"] < 5
        arrays = {name: archive[name][kept] for name in ("features", "rows", "numbers", "chunks")}
    changed(path, **arrays)


def of_other_bands(path):
    with np.load(path) as archive:
        features = archive["features"][:, :, :4]
    changed(path, features=features)


def with_a_recording_twice(path):
    changed(path, silent_rows=np.zeros(1, dtype=np.int64), loudest_dbfs=np.zeros(1))


def in_disorder(path):
    with np.load(path) as archive:
        rows = archive["rows"][::-1]
    changed(path, rows=rows)


def with_fewer_reasons(path):
    changed(path, damaged_rows=np.array([6]), reasons=np.array([], dtype=np.str_))


def as_pickle(path):
    changed(path, rows=np.array([{"a": 1}], dtype=object))


def of_images(path):
    np.savez(path, images=np.zeros((6, 3, 8, 8), dtype=np.uint8), damaged_rows=np.zeros(0), reasons=np.zeros(0))


DAMAGE = [
    half,
    flip_a_bit,
    of_fewer_recordings,
    of_other_bands,
    with_a_recording_twice,
    in_disorder,
    with_fewer_reasons,
    as_pickle,
    of_images,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_foreign_cache_is_made_again(folder, cache, decodings, damage):
    before = source().load(folder, audio())
    damage(*kept_in(cache))
    for _ in range(2):
        np.testing.assert_array_equal(source().load(folder, audio()).inputs, before.inputs)
    assert len(decodings) == 2


def test_a_cache_whose_writer_was_killed_is_made_again(folder, cache, decodings):
    source().load(folder, audio())
    (kept,) = kept_in(cache)
    leaving = kept.rename(kept.with_name(f"{kept.name}.partial-1"))
    os.utime(leaving, (0, 0))
    source().load(folder, audio())
    assert len(decodings) == 2
    assert kept_in(cache) == [kept]


def test_a_cache_that_cannot_be_written_costs_only_time(folder, tmp_path, monkeypatch, decodings):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        with pytest.warns(AudioCacheWarning, match="the decoded recordings cannot be kept .Not a directory.") as caught:
            assert len(source().load(folder, audio()).ids) == 30
        assert caught[0].filename == __file__
    assert len(decodings) == 2
