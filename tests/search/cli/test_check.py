"""``exitsearch check``: tables, folders and streams, with and without the truth; exit statuses for scripts."""

import io
import json

import numpy as np
import pytest

from policies.certificates.claims import Claim
from search.cli.app import main
from tests.bundles import trained_digits, write_digits_bundle
from tests.digit_files import write_images


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Certified of something that holds, with room."""
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "digits", claim=Claim(target=0.6))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, table in trained_digits().tables.items():
        table.save(tmp_path / f"{name}.npz")
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["check", *(str(argument) for argument in arguments)])
    return ended.value.code, capsys.readouterr()


def noisy(seed=0):
    rng = np.random.default_rng(seed)
    return lambda pixels: pixels + rng.normal(0, 0.5, pixels.shape)


def test_a_new_table_of_the_same_kind(bundle, place, capsys):
    code, printed = outcome(capsys, bundle.folder, "test.npz", "--figure", "wealth.png")
    assert code == 0
    first, second = printed.out.splitlines()
    n = len(trained_digits().splits.test.ids)
    assert first.startswith(f"Nothing speaks against the certified claim in {n} samples: the bets against it hold ")
    assert second.startswith("No change of the data seen in samples 1 to 3")
    assert (place / "wealth.png").stat().st_size > 10_000


def test_a_folder_of_classes_that_are_no_longer_recognised(bundle, place, capsys):
    write_images(place / "noisy", most=200, change=noisy())
    code, printed = outcome(capsys, bundle.folder, "noisy", "--json")
    report = json.loads(printed.out)
    assert code == 3
    assert report["is_refuted"]
    assert report["certificate"]["alarm_at"] <= 100


def test_without_the_truth_data_have_changed_and_accuracy_is_not_spoken_of(bundle, place, capsys):
    write_images(place / "noisy", most=200, change=noisy())
    code, printed = outcome(capsys, bundle.folder, "noisy", "--no-labels")
    assert code == 4
    assert printed.out.startswith("Data changed: ")
    assert "accuracy" not in printed.out


def test_a_stream_is_followed_and_alarms_are_told_at_once(bundle, place, capsys, monkeypatch):
    wrong = [json.dumps({"label": "1", "probability": 0.99, "depth": 1, "truth": "7"})] * 60
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(wrong) + "\n"))
    code, printed = outcome(capsys, bundle.folder, "--follow", "-")
    assert code == 3
    told = [line for line in printed.out.splitlines() if line.startswith("line ")]
    assert any("the certified claim does not hold on these data" in line for line in told)
    assert int(told[0].split()[1].rstrip(":")) < 20


def test_what_predict_prints_can_be_followed(bundle, place, capsys):
    np.save("test.npy", trained_digits().splits.test.inputs)
    with pytest.raises(SystemExit):
        main(["predict", str(bundle.folder), "test.npy", "--json"])
    (place / "answers.jsonl").write_text(capsys.readouterr().out)
    code, printed = outcome(capsys, bundle.folder, "--follow", "answers.jsonl")
    assert code == 0
    assert "No change of the data seen" in printed.out
    assert "No true classes were given" in printed.out


def test_the_samples_that_certified_it_are_no_new_data(bundle, place, capsys):
    code, printed = outcome(capsys, bundle.folder, "certify.npz")
    assert (code, "the samples that the policy was certified on" in printed.err) == (2, True)
    code, printed = outcome(capsys, bundle.folder, "search.npz")
    assert (code, "the policy was chosen on" in printed.err) == (2, True)


def test_messages_of_a_stream_stay_out_of_the_json(bundle, place, capsys, monkeypatch):
    wrong = [json.dumps({"label": "1", "probability": 0.99, "depth": 1, "truth": "7"})] * 60
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(wrong) + "\n"))
    code, printed = outcome(capsys, bundle.folder, "--follow", "-", "--json")
    assert code == 3
    assert json.loads(printed.out)["is_refuted"]
    assert "the certified claim does not hold on these data" in printed.err


def test_a_damaged_line_is_told_and_the_others_watched(bundle, place, capsys):
    good = json.dumps({"label": "1", "probability": 0.99, "depth": 1, "truth": "1"}).encode()
    (place / "log.jsonl").write_bytes(b"\n".join([good, b"\xff\xfe", *[good] * 29]))
    code, printed = outcome(capsys, bundle.folder, "--follow", "log.jsonl", "--json")
    assert (code, json.loads(printed.out)["certificate"]["n_units"]) == (0, 30)
    assert "warning: 1 of 31 lines could not be used and were left out: line 2: each line must be" in printed.err


def test_ctrl_c_ends_a_stream_with_report_figure_and_status(bundle, place, capsys, monkeypatch):
    def lines():
        yield from [json.dumps({"label": "1", "probability": 0.99, "depth": 1, "truth": "7"})] * 60
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", lines())
    code, printed = outcome(capsys, bundle.folder, "--follow", "-", "--figure", "wealth.png")
    assert code == 3
    assert "stopped: what follows is about what had come by then" in printed.out
    assert "\nThe certified claim does not hold on these data" in printed.out
    assert (place / "wealth.png").stat().st_size > 10_000


@pytest.mark.parametrize(("change", "status"), [(None, 0), (noisy(), 4)])
def test_a_figure_without_truth_is_a_warning_and_keeps_the_status(bundle, place, capsys, change, status):
    write_images(place / "photos", most=200, **({} if change is None else {"change": change}))
    code, printed = outcome(capsys, bundle.folder, "photos", "--no-labels", "--figure", "wealth.png")
    assert code == status
    assert "warning: --figure draws bets against the certificate but there were none" in printed.err
    assert not (place / "wealth.png").exists()


def test_a_claim_without_room_leaves_the_data_to_be_watched(place, capsys):
    strict = write_digits_bundle(place / "strict", claim=Claim(target=1.0))
    code, printed = outcome(capsys, strict.folder, "test.npz")
    assert code == 0
    assert printed.out.startswith("No change of the data seen in samples 1 to 3")
    assert "Not watched: 'accuracy', since the claim allows no loss there" in printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "check needs a table or data, or --follow, and not both"),
        (["test.npz", "--follow", "-"], "check needs a table or data, or --follow, and not both"),
        (["missing"], "there is no missing"),
        (["--follow", "missing.jsonl"], "--follow must be a file that can be read but missing.jsonl is not"),
        (["--follow", "none.jsonl"], "--follow must name answers to watch but there was none"),
        (["--follow", "bad.jsonl"], "line 1: each line must be a JSON object"),
        (["test.npz", "--alpha", "2"], "alpha must"),
        (["test.npz", "--average-run-length", "1"], "average_run_length must be above 1 and finite but is 1"),
        (["test.npz", "--average-run-length", "inf"], "average_run_length must be above 1 and finite but is inf"),
        (["mixed"], "folders must be classes of the network, or none of them, but 'zebra' is not one of 0, 1"),
        (["test.npz", "--figure", "."], "--figure must be a file but . is a folder"),
        (["test.npz", "--figure", "bets"], "--figure must end in .png or .pdf or .svg but is bets"),
        (["test.npz", "--figure", "bets.doc"], "--figure must end in .png or .pdf or .svg but is bets.doc"),
    ],
)
def test_wrong_input_is_one_line(bundle, place, capsys, arguments, message):
    (place / "bad.jsonl").write_text("what\n")
    (place / "none.jsonl").write_text("\n")
    write_images(place / "mixed", most=3)
    (place / "mixed" / "zebra").mkdir()
    code, printed = outcome(capsys, bundle.folder, *arguments)
    assert code == 2
    assert message in printed.err.splitlines()[-1]
    assert "Traceback" not in printed.err
