"""That the benchmark of early stopping does what its table says, on made-up curves and on the recorded ones."""

from dataclasses import replace
import math
from pathlib import Path
import sys

import numpy as np
import pandas as pd
import pytest


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import early_stopping
from early_stopping import REFERENCES, SCHEDULERS, Halving, bar_line, depth_at_target, measure, volumes
from record_curves import record_sweep
from recorded_curves import DEFAULT_FOLDER, Curve, RecordedSweep, read_sweeps
from simulated_sweep import simulate

from search.config.sweep import SweepConfig
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.trials.log import TrialLog


def report(epoch, accuracy=0.9, mean_depth=2.0, exits=(0.5, 0.7, 0.9)):
    depth = mean_depth if accuracy >= 0.9 else 3 + 0.9 - accuracy
    accuracies = {f"accuracy_exit_{d}": value for d, value in enumerate(exits, start=1)}
    figures = {"accuracy": accuracy, "mean_depth": mean_depth, "mean_cost": 0.5, "depth_at_target": depth}
    return {"epoch": epoch, **figures, **accuracies}


def curve(name, n_epochs=4, seconds=1.0, **last):
    reports = tuple(report(epoch) for epoch in range(1, n_epochs))
    return Curve(name, (*reports, report(n_epochs, **last)), (seconds,) * n_epochs)


def sweep(*curves):
    return RecordedSweep("made-up", "digits", "random", target=0.85, aim=0.9, epochs=4, curves=curves)


def always(trial_id, epoch, figures):
    return True


def test_reports_arrive_in_the_order_of_the_clock():
    told = []

    def goes_on(trial_id, epoch, figures):
        told.append(f"{trial_id}{epoch}")
        return True

    curves = [curve("a", 2, seconds=3.0), curve("b", 3, seconds=1.0), curve("c", 1, seconds=1.5)]
    played = simulate(curves, goes_on, n_workers=2)
    assert told == ["b1", "b2", "a1", "b3", "c1", "a2"]
    assert [one.trial_id for one in played.finished] == ["b", "c", "a"]
    assert (played.epochs, played.seconds) == (6, 6.0)


def test_a_stopped_trial_frees_its_worker_and_is_not_finished():
    played = simulate([curve("a"), curve("b")], lambda trial_id, epoch, figures: trial_id != "a", n_workers=1)
    assert (played.epochs, played.seconds) == (5, 5.0)
    assert [one.trial_id for one in played.finished] == ["b"]


def test_a_diverged_trial_is_not_finished():
    failed = curve("a", 2, accuracy=math.nan)
    played = simulate([failed, curve("b")], always, n_workers=3)
    assert failed.has_failed
    assert [one.trial_id for one in played.finished] == ["b"]


def test_answers_to_last_reports_do_not_matter():
    played = simulate([curve("a", 2)], lambda trial_id, epoch, figures: epoch < 2, n_workers=1)
    assert len(played.finished) == 1


def test_volumes_by_hand():
    exits = (0.5, 0.95, 0.96)
    met = curve("a", accuracy=0.92, mean_depth=1.5, exits=exits)
    missed = curve("b", accuracy=0.895, mean_depth=1.2, exits=exits)
    found = volumes(sweep(met, missed), [met, missed])
    assert found["aim"] == pytest.approx(0.03 * 1.5)
    assert found["target"] == pytest.approx(0.07 * 1.5)
    # Staircase of (0.895, 1.2), (0.92, 1.5) and exit 2, from the accuracy 0.89 and the depth 3.
    assert found["all"] == pytest.approx(0.005 * 1.8 + 0.025 * 1.5 + 0.03 * 1.0)
    assert volumes(sweep(met, missed), []) == dict.fromkeys(REFERENCES, 0.0)
    assert depth_at_target([met, missed]) == 1.5
    assert math.isnan(depth_at_target([]))


@pytest.fixture(scope="module")
def recorded():
    return read_sweeps()


def test_recorded_sweeps_are_whole(recorded):
    assert len(recorded) >= 5
    assert len(list(DEFAULT_FOLDER.glob("*.csv"))) == len(recorded) + 1
    for one in recorded:
        for trial in one.curves:
            assert [row["epoch"] for row in trial.reports] == list(range(1, len(trial.reports) + 1))
            assert len(trial.reports) == one.epochs or trial.has_failed
            assert min(trial.seconds) > 0
        figures = pd.DataFrame([row for trial in one.curves for row in trial.reports]).dropna()
        meets = figures["accuracy"] >= one.aim
        np.testing.assert_array_equal(meets, figures["depth_at_target"] <= one.n_exits)
        assert one.target <= one.aim
        assert figures["epoch"].max() == one.epochs


def test_every_scheduler_is_measured_against_the_full_sweep(recorded):
    small = replace(recorded[0], curves=recorded[0].curves[:12])
    rows = measure(small, Halving(None, 2), n_orders=2, n_workers=4)
    assert rows["scheduler"].tolist() == 2 * list(SCHEDULERS)
    by_name = rows.groupby("scheduler").mean()
    assert (by_name.loc["none", ["epochs", *REFERENCES]] == 1).all()
    stopping = by_name.drop(index="none")
    assert (stopping["epochs"] < 0.8).all()
    assert (stopping[list(REFERENCES)] <= 1 + 1e-9).all(axis=None)
    assert (stopping["deeper"] >= 0).all()


def test_own_asha_saves_as_much_as_that_of_ray(recorded):
    own, ray = (
        sum(
            simulate(one.curves, SCHEDULERS[name](one, Halving(None, 2), 0), n_workers=4).epochs / one.total_epochs
            for one in recorded
        )
        for name in ("asha", "Ray's ASHA")
    )
    assert own == pytest.approx(ray, rel=0.1)


def test_the_bar_is_counted_by_sweep():
    def rows(epochs, volume):
        return pd.DataFrame([{"scheduler": "mo-asha", "epochs": epochs, **dict.fromkeys(REFERENCES, volume)}])

    every = {"met": rows(0.5, 0.95), "slow": rows(0.51, 1.0), "poor": rows(0.1, 0.94)}
    assert bar_line(every).endswith("in: aim 1, target 1, all 1") and bar_line(every).startswith("Of 3 sweeps")


def test_the_script_prints_a_table_per_sweep(recorded, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["early_stopping.py", "--orders", "1"])
    early_stopping.main()
    printed = capsys.readouterr().out
    assert printed.count("mo-asha") == len(recorded) + 2
    assert f"All {len(recorded)} sweeps, 1 orders each" in printed


@pytest.fixture
def finished_sweep(tmp_path):
    """A run folder with one trial that was trained to its end, one that diverged and one that was interrupted."""
    values = {"name": "made-up", "target": 0.85, "training": {"epochs": 3}, "runs_dir": str(tmp_path / "runs")}
    folder, _ = RunFolder.create(SweepConfig.from_mapping(values), "made-up")
    diverged = dict.fromkeys(report(1), math.nan)
    with Journal(folder.journal_file) as journal:
        log = TrialLog(journal)
        for number in range(3):
            log.suggested(number, {}, {})
        for epoch in (1, 2, 3):
            for trial_id, last in (("trial-0002", 3), ("trial-0001", 2), ("trial-0003", 1)):
                figures = report(epoch, accuracy=0.8 + epoch / 30)
                if (trial_id, epoch) == ("trial-0001", 2):
                    figures = diverged | {"epoch": 2}
                if epoch <= last:
                    log.reported(trial_id, figures | {"seconds": 0.5}, failure="", is_done=epoch == last)
    return folder


def test_recording_a_sweep_and_reading_it_again(finished_sweep, tmp_path):
    for _ in range(2):
        record_sweep(tmp_path / "curves", finished_sweep)
    (read,) = read_sweeps(tmp_path / "curves")
    assert (read.name, read.workload, read.target, read.aim, read.epochs) == ("made-up", "digits", 0.85, 0.9, 3)
    assert (read.n_exits, [one.has_failed for one in read.curves]) == (3, [False, True])
    assert read.curves[0].reports[0] == pytest.approx(report(1, accuracy=0.83333), abs=2e-5)
    assert read.curves[0].seconds == (0.5, 0.5, 0.5)
    played = simulate(read.curves, SCHEDULERS["mo-asha"](read, Halving(1, 2), 0), n_workers=2)
    assert [one.trial_id for one in played.finished] == ["trial-0000"]


def test_a_sweep_without_an_ended_trial_is_refused(finished_sweep, tmp_path):
    text = finished_sweep.journal_file.read_text().splitlines(keepends=True)
    finished_sweep.journal_file.write_text("".join(text[:4]))
    with pytest.raises(ValueError, match="trials that ended, unlike"):
        record_sweep(tmp_path / "curves", finished_sweep)
