"""``exitsearch predict``: what the policy decides, of files of every kind, and one line for every mistake."""

import io
import json

import numpy as np
import pytest

from search.cli.app import main
from tests.bundles import trained_digits, write_digits_bundle
from tests.digit_files import write_images


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "digits")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["predict", *(str(argument) for argument in arguments)])
    return ended.value.code, capsys.readouterr()


def lines(printed):
    return [json.loads(line) for line in printed.out.splitlines()]


def decided(bundle, split="test"):
    decision = bundle.policy.decide(trained_digits().tables[split])
    return decision.exits, decision.answers, decision.probabilities.max(axis=1)


@pytest.mark.parametrize("batch_size", [1, 16])
def test_arrays_are_answered_as_the_policy_decides(bundle, place, capsys, batch_size):
    np.save("test.npy", trained_digits().splits.test.inputs)
    code, printed = outcome(capsys, bundle.folder, "test.npy", "--json", "--batch-size", batch_size)
    exits, answers, confidences = decided(bundle)
    found = lines(printed)
    assert code == 0
    assert [one["depth"] for one in found] == (exits + 1).tolist()
    assert [one["label"] for one in found] == [str(answer) for answer in answers]
    np.testing.assert_allclose([one["probability"] for one in found], confidences, atol=1e-4)
    assert all(one["milliseconds"] > 0 for one in found)
    assert found[0]["input"] == "test.npy#000"
    assert {one["reason"].split()[0] for one in found} <= {"score", "exit"}


def test_folders_and_lists_of_images(bundle, place, capsys, monkeypatch):
    rows = write_images(place / "photos")
    code, printed = outcome(capsys, bundle.folder, "photos", "--json")
    found = {str(place / one["input"]): one for one in lines(printed)}
    exits, answers, _ = decided(bundle)
    assert code == 0
    assert found.keys() == rows.keys()
    # Grey values of 8 bits are not quite sixteenths.
    same = [
        (found[path]["label"], found[path]["depth"]) == (str(answers[row]), exits[row] + 1)
        for path, row in rows.items()
    ]
    assert np.mean(same) > 0.95
    listed = sorted(rows)[:3]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(listed) + "\n\n"))
    _, printed = outcome(capsys, bundle.folder, "-", "--json")
    assert [one["input"] for one in lines(printed)] == listed


def test_a_table_for_a_person(bundle, place, capsys):
    write_images(place / "photos", most=5)
    code, printed = outcome(capsys, bundle.folder, "photos", "--executor", "torch")
    assert code == 0
    assert [word for word in ("label", "probability", "depth", "ms", "why") if word not in printed.out] == []
    assert printed.out.splitlines()[-1].startswith("5 inputs, mean depth ")


def test_check_inputs_are_compared(bundle, place, capsys):
    code, printed = outcome(capsys, bundle.folder, "--check")
    assert code == 0
    n = len(bundle.check.inputs)
    assert f"Check inputs: as expected: {n} of {n} samples take the same exit" in printed.out


def test_check_inputs_that_differ_are_named(place, capsys):
    bundle = write_digits_bundle(place / "own")
    from dataclasses import replace

    replace(bundle.check, answers=(bundle.check.answers + 1) % 10).save(bundle.folder / "check.npz")
    bundle.manifest.save(bundle.folder)
    code, printed = outcome(capsys, bundle.folder, "--check")
    assert code == 3
    assert "Check inputs: NOT as expected: " in printed.out


def test_damaged_files_are_named_and_the_others_answered(bundle, place, capsys):
    write_images(place / "photos", most=3)
    (place / "photos" / "bad.png").write_bytes(b"bad")
    code, printed = outcome(capsys, bundle.folder, "photos", "--json")
    assert code == 0
    assert len(lines(printed)) == 3
    assert "warning: of 4 files 1 could not be read: " in printed.err
    assert "bad.png (not a PNG" in printed.err


def test_an_input_that_the_network_does_not_take_keeps_none_of_the_others_from_it(bundle, place, capsys):
    pixels = (trained_digits().splits.test.inputs[:2] * 255).astype(np.uint8)
    np.save("good.npy", pixels[0])
    np.save("nan.npy", np.full((1, 8, 8), np.inf))
    code, printed = outcome(capsys, bundle.folder, "good.npy", "nan.npy", "--json")
    assert code == 0
    assert [one["input"] for one in lines(printed)] == ["good.npy"]
    assert "warning: of 2 files 1 could not be read: nan.npy (inputs must be finite" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "INPUT must name at least one file but none was given"),
        (["missing.png"], "INPUT must be files, folders or - but there is no missing.png; correct the name"),
        (["text.txt"], "text.txt: this bundle takes images (.png, .jpg, .jpeg, .jpe, ...) or arrays (.npy, .npz)"),
        (["empty"], "empty: there are no images"),
        ([""], "INPUT must not be empty but '' was given (is a variable not set?)"),
        (["wrong.npy"], "takes but of 1 files 1 could not be read: wrong.npy (inputs must have shape (1, 8, 8)"),
        (
            ["broken.png"],
            "takes but of 1 files 1 could not be read: broken.png (empty file)",
        ),
        (["--executor", "onnx", "broken.png"], "the executor must be one that the bundle has (torch) but is 'onnx'"),
    ],
)
def test_wrong_input_is_one_line(bundle, place, capsys, arguments, message):
    (place / "text.txt").write_text("text")
    (place / "empty").mkdir()
    (place / "broken.png").write_bytes(b"")
    np.save("wrong.npy", np.zeros((3, 8, 9)))
    code, printed = outcome(capsys, bundle.folder, *arguments)
    assert code == 2
    assert message in printed.err.splitlines()[-1]
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_a_foreign_folder_is_one_line(place, capsys):
    (place / "folder").mkdir()
    code, printed = outcome(capsys, "folder", "x.png")
    assert code == 2
    assert printed.err == "error: folder: a bundle has bundle.json but there is none; make one with exitsearch export\n"
