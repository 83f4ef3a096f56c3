import pytest

from tests.trainables.data.recordings import audio, refused, source, write_recording, write_recordings
from trainables.data import SplitFractions, split_samples


pytestmark = pytest.mark.usefixtures("no_other_warnings")

FLAT = r"(?P<class>[a-z]+)_(?P<group>s\d)_\d+"


def test_suffixes_depth_and_what_is_hidden(tmp_path):
    folder = write_recordings(tmp_path / "data", n_recordings=1)
    for name in ("cat/a/b/deep.WAV", "cat/x.flac", "dog/x.Ogg", "dog/.x.wav", ".trash/x.wav"):
        write_recording(folder / name)
    (folder / "cat" / "notes.txt").write_text("no recording")
    paths = {name.split("#")[0] for name in source().load(folder, audio()).ids}
    assert paths == {"cat/000.wav", "cat/a/b/deep.WAV", "cat/x.flac", "dog/000.wav", "dog/x.Ogg"}


def test_split_folders(tmp_path):
    for part in ("train", "test"):
        write_recordings(tmp_path / "data" / part, n_recordings=8)
    samples = source().load(tmp_path / "data", audio())
    assert samples.class_names == ("cat", "dog")
    assert samples.official_test.tolist() == [name.startswith("test/") for name in samples.ids]
    assert set(split_samples(samples, SplitFractions(), seed=0).test.ids) == set(samples.ids[samples.official_test])
    refused(tmp_path / "data", "by folders or by data.audio.test_pattern but there are .* 'x'", audio(test_pattern="x"))


def test_names_in_a_flat_folder_tell_class_and_group(flat):
    write_recording(flat / "deeper" / "dog_s1_9.flac")
    samples = source().load(flat, audio(file_pattern=f"(?:.*/)?{FLAT}"))
    assert samples.class_names == ("cat", "dog")
    for name, label, group in zip(samples.ids, samples.labels, samples.groups, strict=True):
        assert name.removeprefix("deeper/").startswith(f"{samples.class_names[label]}_{group}_")
    assert "deeper/dog_s1_9.flac#000" in samples.ids


def test_a_flat_folder_without_groups_has_those_of_the_recordings(flat):
    samples = source().load(flat, audio(file_pattern="(?P<class>[a-z]+)_.*"))
    assert samples.groups.tolist() == [name.split("#")[0] for name in samples.ids]


def test_names_that_do_not_fit_are_refused(flat):
    write_recording(flat / "1.wav")
    write_recording(flat / "cat_s0_0_more.wav")
    refused(
        flat,
        r"data.audio.file_pattern must match .* but '.*' does not with '1.wav' \(2 such files\); correct it or move",
        audio(file_pattern=FLAT),
    )
    refused(flat, r"does not with '1.wav' \(1 such files\)", audio(file_pattern="(?P<class>cat|dog)?.*"))


def test_one_class_and_none_are_refused(flat, tmp_path):
    refused(flat, "two classes but data.audio.file_pattern finds only '_'", audio(file_pattern=".*(?P<class>_).*"))
    (tmp_path / "empty").mkdir()
    refused(
        tmp_path / "empty",
        r"must be recordings \(.wav, .flac, .ogg, .* .snd\) but there are none",
        audio(file_pattern=FLAT),
    )
    refused(tmp_path / "empty", "there must be a folder per class but there is none")
    refused(None, "audio-folder needs a folder with a folder of recordings per class but none was given; .*--data-dir")
    refused(tmp_path / "none", "needs the folder .*none but there is no such folder; correct --data-dir")
    one = write_recordings(tmp_path / "one", classes=("cat",))
    refused(one, "at least two class folders but there is only 'cat'; .* or say in data.audio.file_pattern how names")
    (one / "dog").mkdir()
    refused(one, r"dog: every class folder needs recordings \(.wav, .flac, .ogg, .* .snd\) but this one has none; add")


def test_a_flat_folder_without_a_pattern_says_what_helps(flat):
    refused(
        flat,
        r"recordings must lie in a folder per class but 'cat_s0_0.wav' lies outside \(12 such files\); move them into "
        r"class folders, or say in data.audio.file_pattern how names tell the class",
    )


def test_a_pattern_tells_the_official_test(flat):
    samples = source().load(flat, audio(file_pattern="(?P<class>[a-z]+)_.*", test_pattern=r"_2\.wav$"))
    assert samples.official_test.tolist() == ["_2.wav" in name for name in samples.ids]
    assert 0 < samples.official_test.sum() < len(samples.ids)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"_2$", r"test_pattern must match some recordings of every class but '_2\$' leaves none of 'cat' \(2 such"),
        ("wav", r"must not match some recordings of every class but 'wav' leaves none of 'cat' \(2 such"),
        ("dog.*_1", r"must match .* leaves none of 'cat' \(1 such .* looked for in paths such as 'cat_s0_0.wav'"),
        ("cat", "must match some recordings of every class but 'cat' leaves none of 'dog'"),
        ("cat|dog.*_1", "must not match some recordings of every class but .* leaves none of 'cat'"),
    ],
)
def test_official_tests_without_a_class_are_refused(flat, pattern, message):
    refused(flat, message, audio(file_pattern="(?P<class>[a-z]+)_.*", test_pattern=pattern))
