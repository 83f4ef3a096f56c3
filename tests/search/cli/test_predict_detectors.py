"""A detector at the command line: boxes in pixels, drawings, times, and one line for what there is not."""

import csv
import io
import json
import sys

import numpy as np
from PIL import Image
import pytest

from policies.tables.boxes import n_boxes
from search.cli.app import main
from tests.bundles import write_digits_bundle
from tests.detectors import detector_policy, made_detector, write_detector_bundle, write_pictures
from tests.toys.rectangles import CLASS_NAMES, SIZE


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_detector_bundle(tmp_path_factory.mktemp("bundles") / "rectangles", onnx=True)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # The command puts the working folder there, in which later tests would find a folder "digits" as a package.
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, capsys.readouterr()


def lines(printed):
    return [json.loads(line) for line in printed.out.splitlines()]


def decided():
    return detector_policy().decide(made_detector().table)


@pytest.mark.parametrize("executor", ["torch", "onnx"])
@pytest.mark.parametrize("batch_size", [1, 16])
def test_boxes_are_those_of_the_policy_in_pixels(bundle, place, capsys, executor, batch_size):
    np.save("images.npy", made_detector().images[:20])
    arguments = ("images.npy", "--json", "--min-score", 0.2, "--executor", executor, "--batch-size", batch_size)
    code, printed = outcome(capsys, "predict", bundle.folder, *arguments)
    assert code == 0
    found, decision = lines(printed), decided()
    assert [one["depth"] for one in found] == (decision.exits[:20] + 1).tolist()
    assert all((one["width"], one["height"]) == (SIZE, SIZE) for one in found)
    for one, rows in zip(found, decision.answers, strict=False):
        expected = rows[(rows[:, 4] >= 0) & (rows[:, 5] >= 0.2)]
        sides = [[box[side] for side in ("left", "top", "right", "bottom")] for box in one["boxes"]]
        np.testing.assert_allclose(np.array(sides).reshape(-1, 4), expected[:, :4] * SIZE, atol=0.02)
        np.testing.assert_allclose([box["score"] for box in one["boxes"]], expected[:, 5], atol=1e-4)
        assert [box["label"] for box in one["boxes"]] == [CLASS_NAMES[int(row[4])] for row in expected]


def test_boxes_are_in_pixels_of_the_picture_as_it_is_in_its_file(bundle, place, capsys):
    # Of one colour, so that the network is given the same of every size.
    for width, height in ((SIZE, SIZE), (4 * SIZE, 2 * SIZE)):
        Image.new("RGB", (width, height), (255, 0, 90)).save(f"{width}.png")
    names = f"{SIZE}.png", f"{4 * SIZE}.png"
    _, printed = outcome(capsys, "predict", bundle.folder, *names, "--json", "--min-score", 0)
    small, large = lines(printed)
    assert (large["width"], large["height"]) == (4 * SIZE, 2 * SIZE)
    assert len(small["boxes"]) == len(large["boxes"]) > 0
    for box, same in zip(small["boxes"], large["boxes"], strict=True):
        for side, scale in (("left", 4), ("top", 2), ("right", 4), ("bottom", 2)):
            assert same[side] == pytest.approx(scale * box[side], abs=0.03)


def test_a_row_for_each_box_and_one_for_a_picture_without(bundle, place, capsys):
    write_pictures(place / "photos")
    _, as_json = outcome(capsys, "predict", bundle.folder, "photos", "--json", "--min-score", 0.6)
    code, printed = outcome(capsys, "predict", bundle.folder, "photos", "--csv", "--min-score", 0.6)
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert code == 0
    assert list(rows[0]) == [
        *("input", "width", "height", "depth", "milliseconds", "reason", "group"),
        *("label", "score", "left", "top", "right", "bottom"),
    ]
    for one in lines(as_json):
        own = [row for row in rows if row["input"] == one["input"]]
        assert len(own) == max(1, len(one["boxes"]))
        assert [row["score"] for row in own] == ([str(box["score"]) for box in one["boxes"]] or [""])


def test_pictures_are_drawn_with_their_boxes(bundle, place, capsys):
    paths = write_pictures(place / "photos", size=(600, 400))
    code, printed = outcome(
        capsys, "predict", bundle.folder, "photos", "photos/picture-0.png", "--draw", "drawn/here", "--min-score", 0.05
    )
    assert code == 0
    assert "found" in printed.out
    drawn = sorted(path.name for path in (place / "drawn" / "here").iterdir())
    assert drawn == sorted([*(path.name for path in paths), "picture-0-2.png"])
    changed = [
        (np.asarray(Image.open(path)) != np.asarray(Image.open(place / "drawn" / "here" / path.name))).any()
        for path in paths
    ]
    assert any(changed)


def test_arrays_are_drawn_too_and_small_pictures_are_enlarged(bundle, place, capsys):
    np.save("images.npy", made_detector().images[:2].astype(np.float32) / 255)
    code, _ = outcome(capsys, "predict", bundle.folder, "images.npy", "--json", "--draw", "drawn")
    assert code == 0
    assert {Image.open(path).size for path in (place / "drawn").iterdir()} == {(480, 480)}


def test_check_inputs_are_as_expected(bundle, capsys):
    for executor in ("torch", "onnx"):
        code, printed = outcome(capsys, "predict", bundle.folder, "--check", "--executor", executor)
        assert code == 0
        assert "Check inputs: as expected" in printed.out


def test_it_is_timed_beside_the_full_network(bundle, place, capsys):
    arguments = ("--batch-size", 1, "--batch-size", 4, "--rounds", 1, "--times", "times.json")
    code, printed = outcome(capsys, "bench", bundle.folder, *arguments)
    assert code == 0
    assert [word for word in ("full network", "exit 1 alone", "measured", "predicted") if word not in printed.out] == []
    assert len(json.loads((place / "times.json").read_text())["latency_ms"]) == 3
    assert "## Speed" in (bundle.folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "BUNDLE", "images.npy"), "are watched but the task of this bundle is 'detection'"),
        (("check", "BUNDLE", "--follow", "images.npy"), "are watched but the task of this bundle is 'detection'"),
        (("predict", "BUNDLE", "images.npy", "--json", "--csv"), "--json and --csv are two forms of the same"),
        (("predict", "BUNDLE", "images.npy", "--draw", "images.npy"), "--draw must be a folder that can be made"),
        (("predict", "DIGITS", "images.npy", "--draw", "drawn"), "--draw is for detectors but the task of this"),
        (("predict", "DIGITS", "images.npy", "--min-score", "0.5"), "--min-score is for detectors but the task of"),
    ],
)
def test_what_is_not_there_is_one_line(bundle, place, capsys, arguments, message):
    np.save("images.npy", made_detector().images[:2])
    if "DIGITS" in arguments:
        write_digits_bundle(place / "digits")
    given = {"BUNDLE": bundle.folder, "DIGITS": place / "digits"}
    code, printed = outcome(capsys, *(given.get(one, one) for one in arguments))
    assert code == 2
    assert message in " ".join(printed.err.split())
    assert "Traceback" not in printed.err
    assert not (place / "drawn").exists()
    assert n_boxes(decided().answers).max() > 0
