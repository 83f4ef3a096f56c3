"""Single files become inputs exactly as the samples of a sweep do."""

import json

import numpy as np
from PIL import Image
import pytest
import soundfile

from trainables.data import SOURCES, AudioOptions, DataOptions
from trainables.data.readers import READERS, ArrayReader, AudioReader, ImageReader, reader_from_dict
from trainables.errors import DataError


RNG = np.random.default_rng(0)
SHORT = AudioOptions(segment_seconds=0.25, hop_seconds=0.25, sample_rate=8000, n_mels=16, n_fft=256, silence_db=-60.0)
EXAMPLES = {
    "array": ArrayReader((1, 8, 8)),
    "image": ImageReader(3, 24),
    "audio": AudioReader(SHORT),
}


@pytest.mark.parametrize("kind", sorted(READERS))
def test_readers_travel_as_json(kind):
    reader = EXAMPLES[kind]
    again = reader_from_dict(json.loads(json.dumps(reader.to_dict())))
    assert again == reader
    assert again.input_shape == reader.input_shape


@pytest.mark.parametrize(
    "given",
    [{}, {"kind": "video"}, {"kind": "image"}, {"kind": "image", "channels": 1, "size": 8, "x": 1}, {"kind": "array"}],
)
def test_what_is_no_reader_is_refused(given):
    with pytest.raises(DataError, match="inputs must be of a kind|must state how it reads"):
        reader_from_dict(given)


def image_folder(folder, n=3):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def test_images_are_read_as_for_training(tmp_path):
    source, options = SOURCES["image-folder"], DataOptions(image_size=24)
    samples = source.load(image_folder(tmp_path), options)
    reader = source.reader(samples.inputs.shape[1:], options)
    read = reader.read([tmp_path / name for name in samples.ids])
    np.testing.assert_array_equal(read.inputs, samples.inputs)
    assert read.names == read.origins == tuple(str(tmp_path / name) for name in samples.ids)


def test_recordings_are_read_as_for_training(tmp_path, monkeypatch):
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
        for i in range(2):
            tone = np.sin(np.arange(6000) * (0.1 + 0.05 * i + 0.4 * (name == "high")))
            soundfile.write(tmp_path / name / f"{i}.wav", 0.5 * tone, 8000)
    source, options = SOURCES["audio-folder"], DataOptions(audio=SHORT)
    samples = source.load(tmp_path, options)
    reader = source.reader(samples.inputs.shape[1:], options)
    paths = sorted({name.partition("#")[0] for name in samples.ids})
    read = reader.read([tmp_path / name for name in paths])
    np.testing.assert_array_equal(read.inputs, samples.inputs)
    assert read.names == tuple(str(tmp_path / name) for name in samples.ids)
    assert read.origins == tuple(str(tmp_path / name.rpartition("#")[0]) for name in samples.ids)
    assert len(set(read.origins)) == 4 < len(read.origins)
    assert read.are_pieces


def test_digits_are_read_from_grey_images(tmp_path):
    samples = SOURCES["digits"].load(None)
    reader = SOURCES["digits"].reader(samples.inputs.shape[1:])
    pixels = (samples.inputs[0, 0] * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "zero.png")
    read = reader.read([tmp_path / "zero.png"])
    np.testing.assert_array_equal(read.inputs, pixels[None, None])


def test_damaged_files_are_told_and_the_others_read(tmp_path):
    image_folder(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"no image")
    Image.fromarray(RNG.random((9, 9)).astype(np.float32)).save(tmp_path / "float.tif")
    read = ImageReader(3, 24).read([tmp_path / "bad.png", tmp_path / "cat" / "0.png", tmp_path / "float.tif"])
    assert read.names == read.origins == (str(tmp_path / "cat" / "0.png"),)
    assert len(read.inputs) == 1
    assert [(path.rpartition("/")[2], reason.split(",")[0]) for path, reason in read.failures] == [
        ("bad.png", "not a PNG"),
        ("float.tif", "pixels of floating point"),
    ]


def test_silent_and_strange_recordings_are_told(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(4000), 8000)
    soundfile.write(tmp_path / "slow.wav", np.full(4000, 0.5), 50)
    read = AudioReader(SHORT).read([tmp_path / "silent.wav", tmp_path / "slow.wav"])
    assert read.inputs.shape == (0, *AudioReader(SHORT).input_shape)
    told = {path.rpartition("/")[2]: reason for path, reason in read.failures}
    assert "silent" in told["silent.wav"]
    assert told["slow.wav"] == "its sample rate of 50 Hz is too far from 8000 Hz"


def test_arrays_hold_one_or_several(tmp_path):
    reader = ArrayReader((2, 4, 4))
    one, three = RNG.random((2, 4, 4)), RNG.random((3, 2, 4, 4))
    np.save(tmp_path / "one.npy", one)
    np.savez(tmp_path / "three.npz", inputs=three, labels=np.arange(3))
    read = reader.read([tmp_path / "one.npy", tmp_path / "three.npz"])
    np.testing.assert_array_equal(read.inputs, np.concatenate([one[None], three]).astype(np.float32))
    assert [name.rpartition("/")[2] for name in read.names] == [
        "one.npy",
        *(f"three.npz#{row:03d}" for row in range(3)),
    ]
    assert not read.are_pieces
    assert read.origins == (str(tmp_path / "one.npy"), *[str(tmp_path / "three.npz")] * 3)


def test_bytes_beside_other_numbers_are_pixels(tmp_path):
    pixels = RNG.integers(0, 256, (2, 4, 4), dtype=np.uint8)
    np.save(tmp_path / "bytes.npy", pixels)
    np.save(tmp_path / "floats.npy", RNG.random((2, 4, 4)))
    read = ArrayReader((2, 4, 4)).read([tmp_path / "bytes.npy", tmp_path / "floats.npy"])
    assert read.inputs.dtype == np.float32
    np.testing.assert_allclose(read.inputs[0], pixels / 255.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (np.zeros((4, 4, 2)), r"inputs must have shape \(2, 4, 4\) or \(n, 2, 4, 4\) but have \(4, 4, 2\)"),
        (np.zeros((0, 2, 4, 4)), "but have"),
        (np.array(["a"]), "must be numbers"),
        (np.full((2, 4, 4), np.nan), "must be finite"),
    ],
)
def test_arrays_of_another_kind_are_told(tmp_path, given, reason):
    np.save(tmp_path / "given.npy", given)
    read = ArrayReader((2, 4, 4)).read([tmp_path / "given.npy"])
    assert read.inputs.shape == (0, 2, 4, 4)
    with pytest.raises(ValueError, match=reason):
        raise ValueError(read.failures[0][1])


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    read = ArrayReader((2, 4, 4)).read([tmp_path / "objects.npy"])
    assert "pickle" in read.failures[0][1]


@pytest.mark.parametrize("kind", sorted(READERS))
def test_a_missing_file_is_one_line(kind, tmp_path):
    with pytest.raises(DataError, match="there is no such file; correct its name"):
        EXAMPLES[kind].read([tmp_path / "missing.png"])
