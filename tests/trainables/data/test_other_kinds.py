"""Files that are not read are told, once, and what can be decoded is."""

import warnings

import numpy as np
from PIL import Image
import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, TOLERANT, refused, write_classes, write_image
from tests.trainables.data.recordings import audio, source, voice, write_recording, write_recordings
from trainables.data.images.decoding import decode_images
from trainables.errors import OtherFilesWarning


def told(load):
    """The warnings about other files while something is loaded."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load()
    return [str(one.message) for one in caught if one.category is OtherFilesWarning]


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_files_of_other_kinds_are_counted_by_suffix_and_class(folder):
    touch(folder, *(f"dog/{i}.heic" for i in range(30)), "cat/deep/x.NPY", "cat/raw", "cat/more.zip", "whole.npy")
    (message,) = told(lambda: IMAGE_FOLDER.load(folder, SMALL))
    assert message.startswith(f"{folder}: 34 files of other kinds are ignored beside 20 images: 30 .heic in 'dog', ")
    for part in ("1 .npy in 'cat'", "1 without a suffix in 'cat'", "1 .zip in 'cat'", "1 .npy"):
        assert part in message
    assert message.endswith(".tif, .tiff, .gif, .ppm, .pgm, .pbm, .pnm: convert them, or move them elsewhere")
    assert "\n" not in message


def test_many_kinds_are_one_short_line(folder):
    touch(folder, *(f"cat/x.kind{i}" for i in range(300)))
    (message,) = told(lambda: IMAGE_FOLDER.load(folder, SMALL))
    assert "300 files of other kinds are ignored beside 20 images" in message
    assert " and 295 more; " in message
    assert len(message) < 600


def test_notes_archives_and_what_systems_leave_are_no_noise(folder):
    touch(folder, "cat/.DS_Store", "cat/Thumbs.db", "dog/desktop.ini", "cat/.x.heic", "__MACOSX/cat/._000.heic")
    touch(folder, "README", "labels.csv", "cat/000.xml", "cat/notes.txt", "dog/000.json", "data.zip", "@eaDir/x.heic")
    assert told(lambda: IMAGE_FOLDER.load(folder, SMALL)) == []


def test_split_folders_are_named_with_their_classes(tmp_path):
    for part in ("train", "test"):
        write_classes(tmp_path / "data" / part, n_images=2, seed=len(part))
    touch(tmp_path / "data", "train/dog/x.heic", "test/x.heic", "x.heic")
    (message,) = told(lambda: IMAGE_FOLDER.load(tmp_path / "data", SMALL))
    for part in ("1 .heic in 'train/dog'", "1 .heic in 'test'", "1 .heic,"):
        assert part in message


def test_a_class_of_other_files_only_says_what_it_has(folder):
    touch(folder, "owl/a.wav", "owl/b.wav")
    refused(folder, r"owl: every class folder needs images \(.png, .*\) but this one has only 2 .wav; convert")


def test_recordings_beside_others(tmp_path):
    folder = write_recordings(tmp_path / "data", n_recordings=2)
    touch(folder, "cat/x.m4a", "cat/y.m4a", "dog/x.png")
    (message,) = told(lambda: source().load(folder, audio()))
    assert "3 files of other kinds are ignored beside 4 recordings: 2 .m4a in 'cat', 1 .png in 'dog'; rec" in message
    assert "; recordings are read from .wav, .flac, .ogg, .oga, .opus, .mp3, .aif, " in message
    flat = tmp_path / "flat"
    for name in ("cat_0.wav", "dog_0.wav"):
        write_recording(flat / name)
    touch(flat, "cat_1.m4a", "more/dog_1.m4a")
    (message,) = told(lambda: source().load(flat, audio(file_pattern="(?P<class>[a-z]+)_.*")))
    assert "2 files of other kinds are ignored beside 2 recordings: 1 .m4a, 1 .m4a in 'more'" in message


@pytest.mark.parametrize("suffix", [".tif", ".TIFF", ".gif", ".ppm", ".pgm", ".jfif", ".webp", ".bmp"])
def test_images_of_more_kinds_are_read(folder, suffix):
    path = folder / "cat" / f"own{suffix}"
    Image.fromarray(np.full((12, 10, 3), 90, dtype=np.uint8)).convert("L").save(path)
    samples = IMAGE_FOLDER.load(folder, SMALL)
    (own,) = samples.inputs[samples.ids == f"cat/own{suffix}"]
    assert np.abs(own.astype(int) - 90).max() <= 1


@pytest.mark.parametrize(
    ("write", "grey"),
    [
        (lambda path, deep: deep.save(path), 156),
        (lambda path, deep: deep.save(path, tiffinfo={262: 0}), 99),
        (lambda path, deep: deep.save(path, compression="tiff_lzw"), 156),
    ],
    ids=["black is zero", "white is zero", "compressed"],
)
def test_deep_tiff_keeps_its_shades(tmp_path, write, grey):
    write(tmp_path / "x.tif", Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)))
    assert (decode_images(tmp_path, ["x.tif"], size=8).images == grey).all()


@pytest.mark.parametrize(("most", "grey"), [(65_535, 156), (4095, 156)])
def test_deep_ppm_keeps_its_shades(tmp_path, most, grey):
    value = 40_000 * most // 65_535
    (tmp_path / "x.pgm").write_bytes(f"P5 4 4 {most}\n".encode() + np.full(16, value, ">u2").tobytes())
    assert (decode_images(tmp_path, ["x.pgm"], size=8).images == grey).all()


def odd_images(folder):
    """Files that Pillow opens and that are no image to train on, with the reasons."""
    image = Image.open(write_image(folder / "good.png", size=(64, 64)))
    other = Image.open(write_image(folder / "other.png", seed=1, size=(64, 64)))
    for mode, name in (("F", "float.tif"), ("I", "long.tif")):
        image.convert(mode).save(folder / name)
    (folder / "float.ppm").write_bytes(b"Pf 4 4 -1.0\n" + bytes(64))
    for name in ("pages.tif", "moves.gif", "moves.webp"):
        image.save(folder / name, save_all=True, append_images=[other, image])
    for compression in (None, "tiff_lzw", "jpeg"):
        for share in (0.005, 0.5, 0.97):
            name = f"cut-{compression}-{share}.tif"
            image.save(folder / name, compression=compression)
            (folder / name).write_bytes((folder / name).read_bytes()[: int((folder / name).stat().st_size * share)])
    unknown = "nobody knows what is white"
    reasons = {"float.tif": unknown, "long.tif": unknown, "float.ppm": unknown, "pages.tif": "3 pages"}
    return reasons | {"moves.gif": "animated", "moves.webp": "animated"}


def test_damaged_and_ambiguous_images_are_named_and_nothing_is_raised(tmp_path):
    reasons = odd_images(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    found = dict(decode_images(tmp_path, names, size=8).damaged(names))
    assert found.keys() == set(names) - {"good.png", "other.png"}
    assert len(found) == 15
    for name, reason in reasons.items():
        assert reason in found[name]
    assert all(reason and "\n" not in reason for reason in found.values())


def test_a_preview_beside_its_image_is_no_second_page(tmp_path):
    image = Image.open(write_image(tmp_path / "x.png"))
    preview = image.resize((4, 4))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    image.save(tmp_path / "x.tif", save_all=True, append_images=[preview])
    decoded = decode_images(tmp_path, ["x.tif"], size=8)
    assert decoded.reasons.tolist() == []
    np.testing.assert_array_equal(decoded.images, decode_images(tmp_path, ["x.png"], size=8).images)


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P", "LAB", "YCbCr", "1"])
def test_modes_of_tiff(folder, mode):
    write_image(folder / "cat" / "other.tif", mode=mode)
    assert "cat/other.tif" in IMAGE_FOLDER.load(folder, TOLERANT).ids


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        (".mp3", "MPEG_LAYER_III", 0.1),
        (".opus", "OPUS", 0.2),
        (".aif", "PCM_16", 2**-14),
        (".aifc", "FLOAT", 1e-7),
        (".AIFF", "PCM_24", 2**-22),
        (".au", "PCM_16", 2**-14),
    ],
)
def test_recordings_of_more_kinds_are_read(tmp_path, suffix, subtype, tolerance):
    kind = {".mp3": "MP3", ".opus": "OGG", ".au": "AU"}.get(suffix, "AIFF")
    folder = write_recordings(tmp_path / "data", n_recordings=1)
    samples = voice(3, seconds=1, rate=48_000)
    write_recording(folder / "cat" / f"own{suffix}", samples, rate=48_000, format=kind, subtype=subtype)
    write_recording(folder / "cat" / "twin.wav", samples, rate=48_000)
    found = source().load(folder, audio())
    own, twin = (found.inputs[found.groups == f"cat/{name}"] for name in (f"own{suffix}", "twin.wav"))
    assert len(own) == len(twin) == 19
    # Tones stand out; noise, which lossy kinds change, does not.
    assert np.corrcoef(own.ravel(), twin.ravel())[0, 1] > 1 - 5 * tolerance
