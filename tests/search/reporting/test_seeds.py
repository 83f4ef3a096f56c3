"""Figures of configurations over their seeds."""

import io
from pathlib import Path

from optuna.trial import TrialState
import pytest
from rich.console import Console

from search.reporting.seeds import seed_table, show_seeds
from search.reporting.shown import figures_shown
from search.trials.outcomes import TrialOutcome
from trainables.tasks.classification import ClassificationTraining


SEEDS = (7, 11)
TASK, SHOWN = ClassificationTraining(), figures_shown("classification", "accuracy")


def outcome(number, values, *, label="", state=TrialState.COMPLETE):
    """A trial whose figures are ``values`` by seed, those of the last of two exits less 0.1."""
    metrics = {}
    for seed, value in zip(SEEDS, values, strict=True):
        for name in ("accuracy", "mean_depth", "mean_cost", "objective_at_target"):
            metrics[f"{name}_seed_{seed}"] = value
        for name in ClassificationTraining.exit_figure_names:
            metrics[f"{name}_exit_2_seed_{seed}"] = value - 0.1
    return TrialOutcome(f"trial-{number:04}", {}, metrics, Path(), state, label=label)


def test_each_seed_is_a_row():
    table = seed_table([outcome(1, (0.5, 0.7), label="plain"), outcome(2, (0.1, 0.2))], SEEDS, task=TASK, n_exits=2)
    assert table[["trial_id", "label", "seed"]].values.tolist() == [
        ["trial-0001", "plain", 7],
        ["trial-0001", "plain", 11],
        ["trial-0002", "", 7],
        ["trial-0002", "", 11],
    ]
    assert table["accuracy"].tolist() == [0.5, 0.7, 0.1, 0.2]
    assert table["last_exit_raw_nll"].tolist() == pytest.approx([0.4, 0.6, 0.0, 0.1])


def test_trials_that_were_stopped_early_are_left_out():
    assert seed_table([outcome(1, (0.5, 0.7), state=TrialState.PRUNED)], SEEDS, task=TASK, n_exits=2).empty


def test_person_sees_means_and_deviations():
    shown = show_seeds(seed_table([outcome(1, (0.5, 0.7), label="plain")], SEEDS, task=TASK, n_exits=2), SHOWN)
    assert shown.headings[:3] == ("accuracy", "depth", "accuracy\nlast exit")
    (row,) = shown.rows
    assert row.name == "trial-0001\nplain"
    assert row.figures == (*["0.6000\n±0.1414"] * 2, *["0.5000\n±0.1414"] * 4)


def test_names_are_shown_as_they_are():
    table = seed_table([outcome(1, (0.5, 0.7), label="a [/x] split [kd]")], SEEDS, task=TASK, n_exits=2)
    console = Console(file=io.StringIO())
    show_seeds(table, SHOWN).print_on(console)
    assert "a [/x] split [kd]" in console.file.getvalue()


def test_of_many_configurations_the_best_are_shown_in_the_order_of_trials():
    trials = [outcome(number, (40 - number, 40 - number)) for number in range(1, 41)]
    shown = show_seeds(seed_table(trials, SEEDS, task=TASK, n_exits=2), SHOWN)
    assert [row.name for row in shown.rows] == [f"trial-{number:04}\n" for number in range(25, 41)]
    assert "the best 16 of 40" in shown.title
