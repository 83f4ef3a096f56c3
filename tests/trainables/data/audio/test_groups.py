import shutil

import numpy as np
import pytest

from tests.trainables.data.recordings import audio, refused, source, write_recording
from trainables.errors import JoinedOriginsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")

FLAT = r"(?P<class>[a-z]+)_(?P<group>s\d)_\d+"


def test_groups_by_pattern(flat):
    folder = flat.parent / "data"
    for path in flat.iterdir():
        (folder / path.name[:3]).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.name[:3])
    samples = source().load(folder, audio(group_pattern=r"_(?P<group>s\d)_\d\.wav$"))
    assert samples.groups.tolist() == [name.split("_")[1] for name in samples.ids]
    np.testing.assert_array_equal(np.unique(samples.groups), ["s0", "s1"])
    refused(
        folder,
        r"data.audio.group_pattern must be found in every recording's path but .* finds none in 'cat/cat_s0_1.wav' "
        r"\(8 such files\); correct it",
        audio(group_pattern=r"(?P<group>s\d)_0"),
    )


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"file_pattern": FLAT}, "the group in data.audio.file_pattern"),
        (
            {"file_pattern": "(?P<class>[a-z]+)_.*", "group_pattern": r"(?P<group>s\d)"},
            "data.audio.group_pattern",
        ),
    ],
)
def test_groups_on_both_sides_of_the_official_test_are_refused(flat, options, key):
    message = rf"within or outside the official test but 's0' lies on both sides \(2 such groups\); leave {key} out"
    refused(flat, message, audio(test_pattern="_0.wav", **options))
    assert source().load(flat, audio(test_pattern="_s0_", **options)).official_test.any()


def test_an_optional_group_must_be_found_too(flat):
    refused(
        flat,
        "the group in data.audio.file_pattern must be found in every recording's path but .* none in 'cat_s0_0.wav'",
        audio(file_pattern=r"(?P<class>[a-z]+)_(?P<group>s1)?.*"),
    )


def test_groups_have_one_spelling(tmp_path):
    folder = tmp_path / "data"
    spellings = ("caf\u00e9", "cafe\u0301", "caf\u00e9 ", "\ufeffcaf\u00e9")
    for k, name in enumerate(("cat", "dog")):
        for i, speaker in enumerate(spellings):
            write_recording(folder / name / f"{speaker}_{i}.wav", seed=(k, i))
    samples = source().load(folder, audio(group_pattern=r"/(?P<group>[^/]+)_\d"))
    assert set(samples.groups) == {"caf\u00e9"}
    write_recording(folder / "cat" / "CAF\u00c9_9.wav", seed=9)
    with pytest.warns(JoinedOriginsWarning, match="1 origins are spelled in several ways, 'CAF\u00c9', 'caf\u00e9': "):
        samples = source().load(folder, audio(group_pattern=r"/(?P<group>[^/]+)_\d"))
    assert set(samples.groups) == {"CAF\u00c9"}


def test_further_names_of_patterns_are_facts_about_the_recordings(flat):
    samples = source().load(flat, audio(file_pattern=r"(?P<class>[a-z]+)_(?P<speaker>s\d)_(?P<take>\d+)"))
    assert sorted(samples.columns) == ["speaker", "take"]
    assert samples.columns["speaker"].tolist() == [name.split("_")[1] for name in samples.ids]
    assert samples.columns["take"].tolist() == [name.split("_")[2].split(".")[0] for name in samples.ids]
    pattern = r"_(?P<group>s(?P<number>\d))_"
    samples = source().load(flat, audio(file_pattern="(?P<class>[a-z]+)_.*", group_pattern=pattern))
    assert samples.columns["number"].tolist() == [group[1] for group in samples.groups]
    refused(
        flat,
        r"what data.audio.file_pattern names 'take' must be found in every recording's path but .* \(8 such files\)",
        audio(file_pattern=r"(?P<class>[a-z]+)_s\d_((?P<take>0)|\d)"),
    )
