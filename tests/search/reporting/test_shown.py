"""Each kind of answers has figures of its own wherever a person sees few of them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from policies.metrics.detection.oracle import oracle_figures
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.tasks import get_task
from search.cli.reports.report import report_command
from search.reporting.shown import TASK_FIGURES, figures_shown
from search.reporting.shown.detection import MOST_CLASSES, ORACLE_BY_F1
from search.reporting.shown.multilabel import MOST_LABELS
from search.reporting.terminal import print_policies
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.search.summaries import made_up_summary


READING = Answering(level=Level.READING, pooling="mean", read_until=0.3)


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


def label_summary(n_labels=5, answering=None, **facts):
    """Of a policy on made-up tables of label sets."""
    answering = Answering() if answering is None else answering
    splits = enumerate(("search", "test"))
    tables = {
        split: make_label_table(80, 3, n_labels, parents_of=4, seed=n, prefix=split).answered(answering)
        for n, split in splits
    }
    task, ones = get_task("multi-label"), np.ones(3)
    figures = {
        split: task.policy_figures(
            table, Policy("label-margin", (0.2, 0.2), tuple(ones), answering=answering).decide(table)
        )
        for split, table in tables.items()
    }
    return Summary.model_validate(
        {
            **{"name": "labels", "task": "multi-label", "main_quality": "exact_match", "quality": "exact_match"},
            **{"target": 0.6, "asked": "exact_match 0.6", "n_exits": 3, "feasible": True},
            "estimate": {"sentence": "estimated"},
            "selected": {"rule": "label-margin", "params": {"thresholds": [0.2, 0.2]}, **figures},
            "baselines": {"full_network": figures},
            "exits": {split: task.exit_figures(table, ones) for split, table in tables.items()},
            "oracle": {"search": 1.2, "test": None},
            **facts,
        }
    )


@pytest.mark.parametrize("answering", [Answering(), Answering(pooling="mean"), READING])
def test_each_label_has_a_row_for_the_full_network_and_the_policy(answering):
    summary = label_summary(answering=answering)
    by_exit, by_label = figures_shown("multi-label", "exact_match").tables(summary)
    policy, exits = summary.selected.by_split["test"], summary.exits["test"]
    assert [row.name for row in by_exit.rows] == ["exit 1", "exit 2", "exit 3", "policy"]
    assert [row.figures[3] for row in by_exit.rows] == [f"{one['exact_match']:.4f}" for one in (*exits, policy)]
    assert f"{policy['n_lost']:,} lost and {policy['n_gained']:,} gained" in by_exit.title
    judged = "80 samples" if answering.pooling is None else "20 parents"
    assert judged in by_exit.title and judged in by_label.title
    assert ("% of samples read" in by_label.title) == (answering is READING)
    for row, name in zip(by_label.rows, exits[-1]["f1_by_label"], strict=True):
        full, own = exits[-1]["f1_by_label"][name], policy["f1_by_label"][name]
        assert row.name == name
        assert row.figures[1:4] == (f"{full:.4f}", f"{own:.4f}", f"{own - full:+.4f}")


def test_of_many_labels_those_are_shown_that_the_policy_is_worst_at():
    summary = label_summary(MOST_LABELS + 6)
    by_label = figures_shown("multi-label", "exact_match").tables(summary)[1]
    f1 = summary.selected.by_split["test"]["f1_by_label"]
    assert [row.name for row in by_label.rows] == sorted(f1, key=f1.__getitem__)[:MOST_LABELS]
    assert f"the {MOST_LABELS} with the least F1 of {MOST_LABELS + 6}" in by_label.title


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
    summary = Summary.model_validate(made_up_summary(0))
    for task, quality in (("detection", "map_50"), ("multi-label", "exact_match")):
        assert figures_shown(task, quality).tables(summary) == ()


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(("make", "figure"), [(detection_summary, "map:.3f"), (label_summary, "hamming:.4f")])
def test_every_line_fits_a_terminal_and_every_figure_is_whole(width, make, figure):
    summary = make()
    lines = printed(summary, width).splitlines()
    own = [line for line in lines if not line.startswith(("Files", "Figure", "Interactive"))]
    assert max(map(len, own)) <= width
    for figures in summary.exits["test"]:
        assert f"{{{figure}}}".format(**figures) in printed(summary, width)


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
