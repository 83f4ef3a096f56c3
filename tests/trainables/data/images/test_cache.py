import os
import zipfile

import numpy as np
import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, write_image
from trainables.data import DataOptions
from trainables.data.files import cache as file_cache
from trainables.data.images import cache as image_cache
from trainables.data.images.files import find_image_files
from trainables.errors import DataError, ImageCacheWarning


@pytest.fixture
def decodings(monkeypatch):
    """The sizes that images were decoded to, one entry each time that they were."""
    sizes = []

    def counting(*args, size):
        sizes.append(size)
        return original(*args, size=size)

    original = image_cache.decode_images
    monkeypatch.setattr(image_cache, "decode_images", counting)
    return sizes


def files_of(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


def test_images_are_decoded_once(folder, cache, decodings):
    first = IMAGE_FOLDER.load(folder, SMALL)
    (kept,) = files_of(cache)
    written = kept.stat().st_mtime_ns
    second = IMAGE_FOLDER.load(folder, SMALL)
    assert decodings == [8]
    assert files_of(cache) == [kept]
    assert kept.stat().st_mtime_ns == written
    assert kept.parent.parent == cache / "images"
    np.testing.assert_array_equal(first.inputs, second.inputs)
    assert first.ids.tolist() == second.ids.tolist()


def test_each_size_is_kept(folder, cache, decodings):
    for size in (8, 16, 8, 16):
        assert IMAGE_FOLDER.load(folder, DataOptions(image_size=size)).inputs.shape[2:] == (size, size)
    assert decodings == [8, 16]
    assert len(files_of(cache)) == 2


@pytest.mark.parametrize("change", ["content", "time", "name", "another", "moved", "version"])
def test_what_has_changed_is_decoded_anew(folder, decodings, monkeypatch, change):
    before = IMAGE_FOLDER.load(folder, SMALL)
    image = folder / "cat" / "003.png"
    if change == "content":
        write_image(image, seed=99, size=(30, 30))
    elif change == "time":
        os.utime(image, ns=(0, image.stat().st_mtime_ns + 1))
    elif change == "name":
        image.rename(image.with_name("003b.png"))
    elif change == "another":
        write_image(folder / "dog" / "another.png", seed=99)
    elif change == "moved":
        folder = folder.rename(folder.with_name("moved"))
    else:
        monkeypatch.setattr(image_cache, "_VERSION", image_cache._VERSION + 1)
    after = IMAGE_FOLDER.load(folder, SMALL)
    assert decodings == [8, 8]
    assert (len(after.ids) != len(before.ids)) == (change == "another")
    assert np.array_equal(after.inputs[3], before.inputs[3]) == (change != "content")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_pixel(path):
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)


def as_if_of_fewer_files(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "images": arrays["images"][1:]})


def as_pickle(path):
    np.savez(path, images=np.array([{"a": 1}], dtype=object), damaged_rows=np.zeros(0), reasons=np.zeros(0))


def of_other_arrays(path):
    np.savez(path, pictures=np.zeros(3))


def without_arrays(path):
    with zipfile.ZipFile(path, "w"):
        pass


def of_nothing(path):
    path.write_bytes(b"")


def of_a_single_array(path):
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


@pytest.mark.parametrize(
    "damage",
    [
        half,
        flip_a_pixel,
        as_if_of_fewer_files,
        as_pickle,
        of_other_arrays,
        without_arrays,
        of_nothing,
        of_a_single_array,
    ],
)
def test_a_damaged_cache_is_made_again(folder, cache, decodings, damage):
    before = IMAGE_FOLDER.load(folder, SMALL)
    damage(*files_of(cache))
    for _ in range(2):
        np.testing.assert_array_equal(IMAGE_FOLDER.load(folder, SMALL).inputs, before.inputs)
    assert decodings == [8, 8]


def test_a_cache_whose_writer_was_killed_is_made_again(folder, cache, decodings):
    IMAGE_FOLDER.load(folder, SMALL)
    (kept,) = files_of(cache)
    leaving = kept.with_name(f"{kept.name}.partial-1")
    kept.rename(leaving)
    half(leaving)
    os.utime(leaving, (0, 0))
    IMAGE_FOLDER.load(folder, SMALL)
    assert decodings == [8, 8]
    assert files_of(cache) == [kept]


def test_a_write_that_fails_leaves_nothing(folder, cache, monkeypatch):
    def full_disk(stream, **_):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file_cache.np, "savez", full_disk)
    with pytest.warns(ImageCacheWarning, match="No space left on device"):
        assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 20
    assert files_of(cache) == []


def test_two_writers_do_not_disturb_each_other(folder, cache, monkeypatch, recwarn):
    write = np.savez

    def overtaken(stream, **arrays):
        monkeypatch.setattr(file_cache.np, "savez", write)
        IMAGE_FOLDER.load(folder, SMALL)
        write(stream, **arrays)

    monkeypatch.setattr(file_cache.np, "savez", overtaken)
    assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 20
    assert len(recwarn) == 0
    assert len(files_of(cache)) == 1


def test_a_cache_that_cannot_be_written_costs_only_time(folder, tmp_path, monkeypatch, decodings):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path / "file" / "cache"))
    for _ in range(2):
        with pytest.warns(ImageCacheWarning, match="Not a directory.*EXITSEARCH_CACHE") as caught:
            assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 20
        assert "\n" not in str(caught[0].message)
    assert decodings == [8, 8]


def test_damage_is_told_without_a_cache_too(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path / "file"))
    (folder / "cat" / "bad.png").write_bytes(b"")
    with (
        pytest.warns(ImageCacheWarning),
        pytest.raises(DataError, match="1 of 21 .*the full list cannot be written to .*damaged.csv .Not a directory."),
    ):
        IMAGE_FOLDER.load(folder, SMALL)


def test_where_the_cache_is(folder, tmp_path, monkeypatch):
    files = find_image_files(folder)

    def root():
        return image_cache.cache_folder(files, size=8).parent

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert root() == tmp_path / "cache" / "images"
    monkeypatch.setenv("EXITSEARCH_CACHE", "~/kept")
    assert root() == tmp_path / "home" / "kept" / "images"
    monkeypatch.setenv("EXITSEARCH_CACHE", "")
    assert root() == tmp_path / "xdg" / "exitsearch" / "images"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert root() == tmp_path / "home" / ".cache" / "exitsearch" / "images"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert root() == tmp_path / "home" / ".cache" / "exitsearch" / "images"
    monkeypatch.setenv("EXITSEARCH_CACHE", "~nobody-of-this-name/kept")
    with pytest.raises(DataError, match="home directory; name one in EXITSEARCH_CACHE"):
        root()
