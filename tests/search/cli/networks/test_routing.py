"""The phases of the notes from the folder of a finished sweep of a detector, made by hand."""

import json
import shutil

import pandas as pd
import pytest

from policies.policy import Policy
from policies.tasks import load_table
from search.cli.app import main
from search.cli.exit_code import ExitCode
from search.routing.phases import RoutedSweep
from tests.finished_sweeps import write_sweep
from tests.routing_detectors import NAME, TRIAL, write_detection_sweep
from trainables.export.model_file import load_model
from trainables.tasks import get_training_task


@pytest.fixture(scope="module")
def detection_sweep(tmp_path_factory):
    return write_detection_sweep(tmp_path_factory.mktemp("runs") / "toy", latency_ms=(1.0, 2.0, 4.0))


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def ended(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["routing", *map(str, arguments)])
    return end.value.code, capsys.readouterr()


def test_phases_are_printed_with_map_and_written_as_policies(detection_sweep, capsys, monkeypatch):
    # Other tests may have been here before.
    shutil.rmtree(detection_sweep.path / "routing", ignore_errors=True)
    before = files_of(detection_sweep.path)
    options = ("--phase", "1.1", "--phase", "1.7", "--epochs", "1", "--images", "8", "--networks")
    code, printed = ended(capsys, detection_sweep.path, *options)
    assert code == ExitCode.DONE, printed.err
    assert "1.7 progressive, not clamped" in printed.out and "mAP@.5" in printed.out and "100% / 0% / 0%" in printed.out
    written = ["1.1.json", "1.1.safetensors", "1.7.json", "1.7.safetensors", "routing.csv"]
    assert sorted({*files_of(detection_sweep.path)} - {*before}) == [f"routing/{name}" for name in written]
    folder = detection_sweep.path / "routing"
    rows = pd.read_csv(folder / "routing.csv", dtype={"phase": str}).set_index("phase")
    assert rows.index.tolist() == ["1.1", "1.7"]
    assert rows.loc["1.7", "noted_temperature_1"] == 24.56 and rows.loc["1.7", "noted_share_1"] == 1
    for name, row in rows.iterrows():
        # The policy does on its own network what the table says.
        policy, (model, _) = Policy.load(folder / f"{name}.json"), load_model(folder / f"{name}.safetensors")
        splits = RoutedSweep.of(detection_sweep.path).splits
        meta = load_table(detection_sweep.table(TRIAL, "search")).meta
        table = get_training_task("detection").table(model, splits.search, meta)
        shares = [(policy.decide(table).exits == k).mean() for k in range(3)]
        assert shares == pytest.approx([row[f"share_{k}"] for k in (1, 2, 3)])
        assert row.mean_latency_ms == pytest.approx(shares[0] * 1 + shares[1] * 2 + shares[2] * 4)
        curve = json.loads((folder / f"{name}.json").read_text())["curve"]
        assert curve[-1]["temperatures"] == pytest.approx([row[f"temperature_{k}"] for k in (1, 2, 3)])


def test_what_is_unmatched_is_in_a_folder_of_its_own(detection_sweep, capsys):
    for option, name in (("--unmatched", "unmatched"), ("--new-heads", "new-heads")):
        options = ("--phase", "1.2", "--epochs", "1", "--images", "8", option)
        code, printed = ended(capsys, detection_sweep.path, *options)
        assert code == ExitCode.DONE, printed.err
        rows = pd.read_csv(detection_sweep.path / "routing" / name / "routing.csv")
        assert rows.has_new_heads.all() and rows.is_matched.tolist() == [option == "--new-heads"]
        assert rows.map_50[0] < 0.2 and "no signal" in printed.out


@pytest.mark.slow
def test_all_nine_phases_run_in_one_command(detection_sweep, capsys):
    code, printed = ended(capsys, detection_sweep.path, "--epochs", "2", "--images", "8")
    assert code == ExitCode.DONE, printed.err
    rows = pd.read_csv(detection_sweep.path / "routing" / "routing.csv", dtype={"phase": str})
    assert rows.phase.tolist() == [f"1.{n}" for n in range(1, 10)]
    assert rows.map_50.notna().all()
    assert rows[["share_1", "share_2", "share_3"]].sum(axis=1).tolist() == pytest.approx([1.0] * 9)


def test_what_cannot_be_routed_is_refused_in_one_line_and_leaves_nothing(detection_sweep, tmp_path, capsys):
    plain, unfinished = write_sweep(tmp_path / "plain"), tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "sweep.yaml").write_text(detection_sweep.sweep_file.read_text())
    single = write_detection_sweep(tmp_path / "single", n_exits=1)
    before = files_of(tmp_path)
    cases = {
        "routing is for sweeps of task 'detection' but this one is of 'classification'": (plain.path,),
        "a finished sweep has summary.json, but there is none": (unfinished,),
        "a finished sweep has sweep.yaml, but there is none": (tmp_path / "none",),
        "phase must be one of 1.1, 1.2": (detection_sweep.path, "--phase", "1.0"),
        "needs a detector with at least 2 exits but this has 1": (single.path,),
        "the data must be those that the sweep read": (detection_sweep.path, "--data-dir", tmp_path),
    }
    for said, arguments in cases.items():
        code, printed = ended(capsys, *arguments)
        assert code == ExitCode.WRONG_INPUT, arguments
        lines = [line for line in printed.err.splitlines() if not line.startswith("Loading libraries")]
        assert said in printed.err and len(lines) == 1, printed.err
    assert files_of(tmp_path) == before
    assert NAME not in printed.err
