import csv
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, TOLERANT, refused, write_classes, write_image
from trainables.data import DataOptions
from trainables.data.images import decoding as image_decoding
from trainables.errors import DamagedImagesWarning, DataError, DuplicateImagesWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")


def test_a_folder_per_class(folder):
    samples = IMAGE_FOLDER.load(folder)
    assert samples.inputs.shape == (20, 3, 96, 96)
    assert samples.inputs.dtype == np.uint8
    assert samples.class_names == ("cat", "dog")
    assert samples.ids.tolist() == [f"{name}/{i:03d}.png" for name in ("cat", "dog") for i in range(10)]
    assert samples.labels.tolist() == [0] * 10 + [1] * 10
    assert samples.official_test is None
    assert samples.groups is None


def test_pixels_stay_what_they_are_at_their_own_size(tmp_path):
    folder = write_classes(tmp_path / "data")
    path = write_image(folder / "cat" / "own.bmp", seed=7, size=(8, 8))
    samples = IMAGE_FOLDER.load(folder, SMALL)
    (row,) = np.flatnonzero(samples.ids == "cat/own.bmp")
    np.testing.assert_array_equal(samples.inputs[row].transpose(1, 2, 0), np.asarray(Image.open(path)))


def test_images_are_shrunk_with_antialiasing(folder):
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(folder / "cat" / "stripes.png")
    samples = IMAGE_FOLDER.load(folder, SMALL)
    grey = samples.inputs[samples.ids == "cat/stripes.png"]
    assert 100 < grey.min() <= grey.max() < 155


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".bmp", ".webp"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_formats_and_grey_images(folder, suffix, mode):
    write_image(folder / "cat" / f"other{suffix}", mode=mode)
    assert f"cat/other{suffix}" in IMAGE_FOLDER.load(folder, SMALL).ids


@pytest.mark.parametrize("mode", ["RGBA", "P", "1", "LA"])
def test_modes_of_png(folder, mode):
    write_image(folder / "cat" / "other.png", mode=mode)
    assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 21


def test_palettes_with_transparency_are_no_reason_for_a_warning(folder):
    write_image(folder / "cat" / "other.png", mode="P", transparency=b"\x00\x80")
    assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 21


def test_16_bits_keep_their_shades(folder):
    Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)).save(folder / "cat" / "deep.png")
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert (samples.inputs[samples.ids == "cat/deep.png"] == 40_000 >> 8).all()


def test_photos_with_previews_are_one_image(folder):
    photo = Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8))
    photo.save(folder / "cat" / "photo.jpg", format="MPO", save_all=True, append_images=[photo])
    assert "cat/photo.jpg" in IMAGE_FOLDER.load(folder, SMALL).ids


def test_order_does_not_depend_on_the_disk(folder, tmp_path):
    again = tmp_path / "again"
    for path in sorted(folder.rglob("*.png"), reverse=True):
        (again / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, again / path.parent.name / path.name)
    one, other = IMAGE_FOLDER.load(folder, SMALL), IMAGE_FOLDER.load(again, SMALL)
    np.testing.assert_array_equal(one.inputs, other.inputs)
    assert one.ids.tolist() == other.ids.tolist()


def test_no_folder_says_which_option_names_it(tmp_path):
    refused(None, "--data-dir DIR")
    refused(tmp_path / "none", "none but there is no such folder")


def test_files_that_cannot_be_read_are_not_taken_for_damaged(folder):
    (folder / "cat" / "gone.png").symlink_to(folder / "nowhere.png")
    refused(folder, "gone.png: cannot be read .No such file or directory.; repair or delete it")
    with pytest.raises(DataError, match="gone.png: cannot be read .*; make it readable or delete it"):
        image_decoding.decode_images(folder, ["cat/gone.png"], size=8)


def damaged_files(folder):
    good = write_image(folder.parent / "good.png", size=(64, 64)).read_bytes()
    jpeg = write_image(folder.parent / "good.jpg", size=(64, 64)).read_bytes()
    frames = [Image.fromarray(np.full((8, 8, 3), value, dtype=np.uint8)) for value in (0, 255)]
    (folder / "cat" / "empty.png").write_bytes(b"")
    (folder / "cat" / "half.png").write_bytes(good[: len(good) // 2])
    (folder / "cat" / "half.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "cat" / "head.png").write_bytes(good[:20])
    (folder / "cat" / "text.jpg").write_text("not an image")
    (folder / "cat" / "script.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    for name in ("moves.webp", "moves.png"):
        frames[0].save(folder / "cat" / name, save_all=True, append_images=frames[1:])
    return {
        "empty.png": "empty file",
        "half.png": "truncated",
        "half.jpg": "truncated",
        "head.png": "",
        "text.jpg": "not a PNG, JPEG, BMP, WebP, TIFF, GIF or PPM image",
        "script.png": "not a PNG, JPEG, BMP, WebP, TIFF, GIF or PPM image",
        "moves.webp": "animated",
        "moves.png": "animated",
    }


def test_damaged_files_of_each_kind_are_skipped_and_listed(folder, cache):
    kinds = damaged_files(folder)
    with pytest.warns(DamagedImagesWarning) as caught:
        samples = IMAGE_FOLDER.load(folder, TOLERANT)
    assert len(samples.ids) == 20
    np.testing.assert_array_equal(samples.inputs, without_damage(folder, kinds).inputs)
    message = str(caught[0].message)
    assert message.startswith(
        f"{folder}: 8 of 28 images (28.57%) are damaged and skipped: 'cat/empty.png' (empty file)"
    )
    assert message.count("'cat/") == 3
    assert "\n" not in message
    (listed,) = cache.rglob("damaged.csv")
    assert str(listed) in message
    with listed.open(newline="") as stream:
        rows = {row["path"]: row["reason"] for row in csv.DictReader(stream)}
    assert rows.keys() == {f"cat/{name}" for name in kinds}
    for name, reason in kinds.items():
        assert reason in rows[f"cat/{name}"]


def without_damage(folder, kinds):
    clean = shutil.copytree(folder, folder.parent / "clean")
    for name in kinds:
        (clean / "cat" / name).unlink()
    return IMAGE_FOLDER.load(clean, SMALL)


@pytest.mark.parametrize("limit", [250, 150])
def test_decompression_bombs_are_damaged(folder, monkeypatch, limit):
    # Pillow warns above its limit and refuses above twice of it.
    write_image(folder / "cat" / "bomb.png", size=(20, 20))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.warns(DamagedImagesWarning, match="1 of 21 .*'cat/bomb.png' .*decompression bomb"):
        assert len(IMAGE_FOLDER.load(folder, TOLERANT).ids) == 20


def test_damage_is_reported_again_from_the_cache(folder, cache):
    damaged_files(folder)
    messages = []
    for _ in range(2):
        with pytest.warns(DamagedImagesWarning) as caught:
            IMAGE_FOLDER.load(folder, TOLERANT)
        messages.append(str(caught[0].message))
        next(cache.rglob("damaged.csv")).unlink()
    assert messages[0] == messages[1]


def test_too_much_damage_is_refused(folder):
    for i in range(5):
        (folder / "cat" / f"bad{i}.png").write_bytes(b"")
    message = refused(
        folder,
        r"5 of 25 images \(20.00%\) are damaged but at most 1.00% may be: 'cat/bad0.png' \(empty file\), "
        r"'cat/bad1.png' .*; delete or repair them, or raise data.max_damaged; the full list is /",
    )
    assert "bad3" not in message
    with pytest.warns(DamagedImagesWarning, match="5 of 25"):
        IMAGE_FOLDER.load(folder, DataOptions(image_size=8, max_damaged=0.2))


def test_a_class_with_nothing_but_damage_is_refused(folder):
    (folder / "owl").mkdir()
    (folder / "owl" / "bad.png").write_bytes(b"")
    with pytest.warns(DamagedImagesWarning):
        refused(folder, "all of 'owl' are damaged", TOLERANT)


def test_short_memory_is_one_clear_error(folder, monkeypatch):
    def no_room(*_, **__):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(image_decoding, "_decode", no_room)
        refused(folder, "no memory is left to decode it")
    monkeypatch.setattr(image_decoding.np, "empty", no_room)
    refused(folder, "20 images of 8x8 pixels need 0.0 GB of memory.*smaller data.image_size")


def test_exact_copies_are_reported(folder):
    shutil.copy(folder / "cat" / "003.png", folder / "dog" / "copy.png")
    shutil.copy(folder / "cat" / "003.png", folder / "dog" / "other.png")
    with pytest.warns(DuplicateImagesWarning, match=r"^2 of 22 .* such as 'dog/copy.png' of 'cat/003.png'; [^\n]*$"):
        assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 22
