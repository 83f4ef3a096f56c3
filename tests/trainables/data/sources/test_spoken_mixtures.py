"""Mixtures of spoken digits."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from tests.trainables.data.recordings import audio, voice, write_recording, write_spoken_digits
from trainables.data import SOURCES
from trainables.data.mixtures.dealing import VOICES, deal, mixtures_of
from trainables.data.mixtures.mixing import mix, pink_noise
from trainables.data.readers import AudioReader
from trainables.errors import DataError, UnusedRecordingsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")
SOURCE = SOURCES["spoken-mixtures"]
OPTIONS = audio(segment_seconds=0.8, hop_seconds=0.4)


@pytest.fixture
def folder(tmp_path):
    return write_spoken_digits(tmp_path / "data", n_takes=1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), n_speakers=st.integers(1, 5))
def test_every_recording_is_dealt_to_one_group_of_different_voices_and_words(seed, n, n_speakers):
    rng = np.random.default_rng(seed)
    words, speakers = rng.integers(0, 4, n).astype(str), rng.integers(0, n_speakers, n).astype(str)
    groups = deal(words, speakers, rng)
    assert sorted(np.concatenate(groups)) == [*range(n)]
    for group in groups:
        assert 1 <= len(group) <= VOICES
        assert len(set(words[group])) == len(set(speakers[group])) == len(group)
        sizes = [len(own) for own in mixtures_of(group, rng)]
        assert sizes == [*range(1, len(group) + 1)]


def test_groups_are_of_three_where_all_speakers_say_as_much():
    words, speakers = np.tile(np.arange(10), 60).astype(str), np.repeat(np.arange(6), 100).astype(str)
    groups = deal(words, speakers, np.random.default_rng(0))
    assert np.mean([len(group) == VOICES for group in groups]) > 0.97


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n_voices=st.integers(1, 3), seconds=st.sampled_from([0.05, 0.4, 2.5]))
def test_a_mixture_lasts_two_to_three_seconds(seed, n_voices, seconds):
    waves = [voice(k, seconds=seconds)[:, 0] for k in range(n_voices)]
    mixture = mix(waves, 8000, np.random.default_rng(seed))
    assert 2.0 <= len(mixture) / 8000 <= 3.0
    assert np.isfinite(mixture).all()
    np.testing.assert_array_equal(mixture, mix(waves, 8000, np.random.default_rng(seed)))


def test_every_voice_is_heard_in_each_half():
    tones = [np.sin(2 * np.pi * hz * np.arange(3200) / 8000) for hz in (500, 2000)]
    for seed in range(10):
        mixture = mix(tones, 8000, np.random.default_rng(seed))
        for half in np.array_split(mixture, 2):
            power = np.abs(np.fft.rfft(half)) ** 2
            hz = np.fft.rfftfreq(len(half), 1 / 8000)
            near = [power[np.abs(hz / pitch - 1) < 0.12].max() for pitch in (500, 2000)]
            between = np.median(power[(hz > 800) & (hz < 1600)])
            assert min(near) > 20 * between


def test_pink_noise_falls_by_3_db_an_octave():
    power = np.abs(np.fft.rfft(pink_noise(2**17, np.random.default_rng(0)))) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 16)]
    slopes = 10 * np.log10(np.array(octaves[1:]) / octaves[:-1])
    assert slopes.mean() == pytest.approx(-3.01, abs=0.2)


def test_segments_have_the_digits_of_their_mixture(folder):
    samples = SOURCE.load(folder, OPTIONS)
    assert samples.class_names == tuple("0123456789")
    sizes = np.unique(samples.parents, return_counts=True)[1]
    assert set(sizes) <= {4, 5, 6}
    for parent in np.unique(samples.parents):
        own = samples.parents == parent
        assert len(np.unique(samples.labels[own], axis=0)) == 1
        assert samples.order[own].tolist() == [*range(own.sum())]
    n_labels = samples.labels[samples.order == 0].sum(axis=1)
    assert set(n_labels) == {1, 2, 3}
    assert len(np.unique(samples.groups)) == pytest.approx(40 / 3, abs=2)
    assert samples.ids[0] == "mixture-0000#000"
    assert samples.metadata == {"segment_seconds": 0.8, "hop_seconds": 0.4}


def test_kept_and_made_anew_alike(folder, cache):
    one = SOURCE.load(folder, OPTIONS)
    kept = SOURCE.load(folder, OPTIONS)
    (file,) = cache.rglob("decoded.npz")
    file.write_bytes(b"damaged")
    anew = SOURCE.load(folder, OPTIONS)
    for other in (kept, anew):
        np.testing.assert_array_equal(one.inputs, other.inputs)
        assert one.groups.tolist() == other.groups.tolist()


def test_damaged_recordings_are_left_out(folder):
    (folder / "3_ann_0.wav").write_bytes(b"RIFF")
    for _ in range(2):
        with pytest.warns(
            UnusedRecordingsWarning, match="1 of 40 recordings .2.50%. are damaged and skipped: '3_ann_0"
        ):
            samples = SOURCE.load(folder, OPTIONS)
        assert "3" in samples.class_names


@pytest.mark.parametrize("name", ["file_pattern", "group_pattern", "test_pattern", "chunk_seconds"])
def test_options_that_name_files_otherwise_are_refused(folder, name):
    value = 2.0 if name == "chunk_seconds" else r"(?P<class>\d)(?P<group>_)"
    with pytest.raises(DataError, match=f"data.audio.{name} cannot be .*; leave it null"):
        SOURCE.load(folder, audio(segment_seconds=0.8, **{name: value}))


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(DataError, match="there must be recordings but there are none"):
        SOURCE.load(tmp_path, OPTIONS)
    write_recording(tmp_path / "cat.wav")
    with pytest.raises(DataError, match="such as 7_jackson_32.wav, but 'cat.wav' is not .1 such files.; rename"):
        SOURCE.load(tmp_path, OPTIONS)
    with pytest.raises(
        DataError, match="spoken-mixtures needs a folder with recordings .digit._.speaker._.number.*dir"
    ):
        SOURCE.load(None, OPTIONS)


def test_new_recordings_are_read_like_segments():
    assert isinstance(SOURCE.reader((1, 8, 11), OPTIONS), AudioReader)


def test_the_real_recordings_have_such_names():
    folder = Path(__file__).parents[5] / "shared" / "data" / "free-spoken-digit-dataset" / "recordings"
    if not folder.is_dir():
        pytest.skip(f"no spoken digits in {folder}")
    from trainables.data.sources.spoken_mixtures import _find, _said

    digits, speakers = _said(_find(folder))
    assert (len(digits), len(np.unique(digits)), len(np.unique(speakers))) == (3000, 10, 6)
