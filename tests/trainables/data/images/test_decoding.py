import numpy as np
from PIL import Image
import pytest

from trainables.data.images.decoding import decode_images


RGB = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
DEEP = np.random.default_rng(1).integers(0, 2**16, (8, 8), dtype=np.uint16)
COLOUR = Image.fromarray(RGB)
PALETTE = COLOUR.quantize(16)
BILEVEL = COLOUR.convert("1")


def decode(path):
    """The image as Pillow has it, height by width by RGB; None and why where it is damaged."""
    found = decode_images(path.parent, [path.name], size=8)
    return (found.images[0].transpose(1, 2, 0), "") if len(found.images) else (None, str(found.reasons[0]))


def as_rgb(grey):
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("name", "image", "options", "expected"),
    [
        ("x.png", COLOUR, {}, RGB),
        ("x.bmp", COLOUR, {}, RGB),
        ("x.webp", COLOUR, {"lossless": True}, RGB),
        ("x.ppm", COLOUR, {}, RGB),
        ("x.tif", COLOUR, {}, RGB),
        ("x.tiff", COLOUR, {"compression": "tiff_lzw"}, RGB),
        ("x.tif", COLOUR, {"compression": "tiff_deflate"}, RGB),
        ("x.tif", BILEVEL, {"compression": "group4"}, np.asarray(BILEVEL.convert("RGB"))),
        # Of 16 bits the upper 8 are kept.
        ("x.png", Image.fromarray(DEEP), {}, as_rgb(DEEP >> 8)),
        ("x.tif", Image.fromarray(DEEP), {}, as_rgb(DEEP >> 8)),
        ("x.pgm", Image.fromarray(DEEP), {}, as_rgb(DEEP >> 8)),
        # White is zero (tag 262): the shades are the other way round.
        ("x.tif", Image.fromarray(DEEP), {"tiffinfo": {262: 0}}, as_rgb(255 - (DEEP >> 8))),
        ("x.tif", COLOUR.convert("CMYK"), {}, RGB),
        ("x.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), {}, np.full((8, 8, 3), (255, 0, 0))),
        *[(f"x.{suffix}", PALETTE, {}, np.asarray(PALETTE.convert("RGB"))) for suffix in ("png", "gif", "bmp", "tif")],
    ],
)
def test_pixels_of_each_kind(tmp_path, name, image, options, expected):
    image.save(tmp_path / name, **options)
    pixels, reason = decode(tmp_path / name)
    assert not reason
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("name", "image", "options", "reason"),
    [
        ("pages.tif", COLOUR, {"save_all": True, "append_images": [PALETTE]}, "2 pages"),
        ("moves.gif", COLOUR, {"save_all": True, "append_images": [PALETTE]}, "animated"),
        ("float.tif", Image.fromarray(DEEP.astype(np.float32)), {}, "pixels of floating point"),
        ("int32.tif", Image.fromarray(DEEP.astype(np.int32)), {}, "or of 32 bits"),
        ("icon.png", COLOUR, {"format": "ICO"}, "not a PNG, JPEG, BMP, WebP, TIFF, GIF or PPM image"),
    ],
)
def test_what_is_no_one_picture_is_damaged(tmp_path, name, image, options, reason):
    image.save(tmp_path / name, **options)
    assert reason in decode(tmp_path / name)[1]


def test_a_preview_in_a_tiff_is_no_page(tmp_path):
    path = tmp_path / "x.tif"
    preview = Image.new("RGB", (4, 4))
    # Tag 254: a smaller picture of another.
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    COLOUR.save(path, save_all=True, append_images=[preview])
    np.testing.assert_array_equal(decode(path)[0], RGB)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tif", "gif", "ppm"])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.9])
def test_truncated_images_are_damaged(tmp_path, suffix, share):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    _, reason = decode(path)
    assert reason
    assert "\n" not in reason


def test_damaged_ones_are_counted_among_the_others(tmp_path):
    for name in ("a.tif", "c.webp", "e.bmp"):
        COLOUR.save(tmp_path / name)
    (tmp_path / "b.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:100])
    (tmp_path / "d.webp").write_bytes(b"RIFF")
    found = decode_images(tmp_path, ["a.tif", "b.tif", "c.webp", "d.webp", "e.bmp"], size=8)
    assert found.damaged_rows.tolist() == [1, 3]
    assert found.readable_rows.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(found.images[0].transpose(1, 2, 0), RGB)
