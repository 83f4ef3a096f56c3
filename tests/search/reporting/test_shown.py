"""Each kind of answers has figures of its own wherever a person sees few of them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from policies.metrics.detection.oracle import oracle_figures
from policies.policy import Policy
from policies.tasks import get_task
from search.cli.report import report_command
from search.reporting.console import print_policies
from search.reporting.shown import TASK_FIGURES, figures_shown
from search.reporting.shown.detection import MOST_CLASSES, ORACLE_BY_F1
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from tests.detection_tables import make_detection_table
from tests.search.summaries import made_up_summary


def detection_summary(n_classes=3, **facts):
    """Of a policy on made-up tables, with what the task itself tells."""
    splits = enumerate(("search", "test"))
    tables = {split: make_detection_table(40, 3, n_classes, seed=n, prefix=split) for n, split in splits}
    task, ones = get_task("detection"), np.ones(3)
    policies = {"selected": (0.7, 0.7), "full_network": (np.inf, np.inf)}
    figures = {
        name: {
            split: task.policy_figures(table, Policy("top-scores", thresholds, tuple(ones)).decide(table))
            for split, table in tables.items()
        }
        for name, thresholds in policies.items()
    }
    return Summary.model_validate(
        {
            **{"name": "boxes", "task": "detection", "main_quality": "map_50", "quality": "map_50", "target": 0.6},
            **{"asked": "map_50 0.6", "n_exits": 3, "feasible": True, "estimate": {"sentence": "estimated"}},
            "selected": {"rule": "top-scores", "params": {"thresholds": [0.7, 0.7]}, **figures["selected"]},
            "baselines": {"full_network": figures["full_network"]},
            "exits": {split: task.exit_figures(table, ones) for split, table in tables.items()},
            "oracle": {"search": 1.2, "test": None},
            ORACLE_BY_F1: {split: oracle_figures(table) for split, table in tables.items()},
            **facts,
        }
    )


def printed(summary, width=200):
    console = Console(file=io.StringIO(), width=width, force_terminal=width < 200, color_system=None)
    print_policies(console, summary, ResultFiles(Path("runs/boxes")))
    return console.file.getvalue()


@pytest.mark.parametrize("task", [*TASK_FIGURES, "somebody:ELSE"])
def test_the_quality_of_the_task_is_among_all_that_is_shown(task):
    quality = get_task(task).quality if task in TASK_FIGURES else "somebody:QUALITY"
    shown = figures_shown(task, quality)
    assert quality in shown.headlines
    assert {"mean_depth", "mean_cost"} <= set(shown.headlines)
    assert quality in {figure.name for figure in shown.of_policies}
    assert quality in shown.of_seeds


def test_each_exit_and_the_policy_have_a_row():
    summary = detection_summary()
    by_class, by_size = figures_shown("detection", "map_50").tables(summary)
    names = ["exit 1", "exit 2", "exit 3", "policy"]
    assert [row.name for row in by_class.rows] == [*names, "best exit by F1"]
    assert [row.name for row in by_size.rows] == names
    mix = summary.selected.by_split["test"]["exit_mix"]
    assert [row.figures[0] for row in by_class.rows[:3]] == [f"{share:.1%}" for share in mix]
    exits = summary.exits["test"]
    for row, figures in zip(by_class.rows, exits, strict=False):
        assert row.figures[3:5] == (f"{figures['map_50']:.3f}", f"{figures['map']:.3f}")
        assert row.figures[7:] == tuple(f"{value:.3f}" for value in figures["ap_50_by_class"].values())
    for row, figures in zip(by_size.rows, exits, strict=False):
        assert row.figures[3:] == tuple(str(count) for count in figures["errors"].values())


def test_of_many_classes_the_best_and_the_worst_are_shown():
    summary = detection_summary(n_classes=MOST_CLASSES + 4)
    by_class, _ = figures_shown("detection", "map_50").tables(summary)
    figures = summary.selected.by_split["test"]["ap_50_by_class"]
    known = [value for value in figures.values() if value is not None]
    assert by_class.rows[3].figures[7:] == (f"{max(known):.3f}", f"{min(known):.3f}")


def test_summaries_without_such_figures_have_no_such_tables():
    assert figures_shown("detection", "map_50").tables(Summary.model_validate(made_up_summary(0))) == ()


@pytest.mark.parametrize("width", [80, 100])
def test_every_line_fits_a_terminal_and_every_figure_is_whole(width):
    summary = detection_summary()
    lines = printed(summary, width).splitlines()
    own = [line for line in lines if not line.startswith(("Files", "Figure", "Interactive"))]
    assert max(map(len, own)) <= width
    for figures in summary.exits["test"]:
        assert f"{figures['map']:.3f}" in printed(summary, width)


def test_runs_of_several_tasks_stand_in_one_table(tmp_path):
    runs = {"boxes": detection_summary().to_dict(), "classes": made_up_summary(0)}
    for name, summary in runs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps(summary))
    console = Console(file=io.StringIO(), width=300)
    table = report_command([tmp_path / name for name in runs], compare=True, split="test", console=console)
    own = table[table["run"] == str(tmp_path / "boxes")]
    assert own["map_50"].notna().all() and own["accuracy"].isna().all()
    assert "mAP@.5" in console.file.getvalue()
    assert "nan" not in console.file.getvalue()
