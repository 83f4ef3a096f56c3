"""Bars of errors and of average precisions: every number of the table is a bar, with few classes and with many."""

import numpy as np
import pandas as pd
import pytest

from search.figures.detection import class_precisions_figure, draw_class_precisions, draw_errors, errors_figure


WHO = ("exit 1", "exit 2", "exit 3", "policy")
KINDS = ("missed", "background", "localisation", "class", "both", "duplicate")


def errors(scale=1):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [{"who": who, "kind": kind, "count": scale * int(rng.integers(0, 60))} for who in WHO for kind in KINDS]
    )


def precisions(n_classes, *, without_objects=()):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {
                "who": who,
                "class": f"class {c}",
                "ap_50": np.nan if c in without_objects else rng.random(),
                "objects": 0 if c in without_objects else 10 * c + 1,
            }
            for who in WHO
            for c in range(n_classes)
        ]
    )


@pytest.mark.parametrize("scale", [0, 1, 1000])
def test_errors_are_stacked(scale, tmp_path):
    table = errors(scale)
    draw_errors(table, tmp_path / "errors.png", title="Errors")
    assert (tmp_path / "errors.png").stat().st_size > 5000
    axes = errors_figure(table, title="Errors").axes[0]
    heights = np.array([[bar.get_height() for bar in bars] for bars in axes.containers])
    assert heights.T.ravel().tolist() == table["count"].tolist()
    tops = np.array([bar.get_y() + bar.get_height() for bar in axes.containers[-1]])
    assert tops.tolist() == table.groupby("who", sort=False)["count"].sum().tolist()
    assert [label.get_text() for label in axes.get_xticklabels()] == list(WHO)


def test_each_class_has_a_bar_for_each_exit_and_the_policy(tmp_path):
    table = precisions(3)
    draw_class_precisions(table, tmp_path / "classes.png", title="AP")
    assert (tmp_path / "classes.png").stat().st_size > 5000
    axes = class_precisions_figure(table, title="AP").axes[0]
    heights = np.array([[bar.get_height() for bar in bars] for bars in axes.containers])
    assert heights.ravel() == pytest.approx(table["ap_50"])
    assert axes.get_xticklabels()[1].get_text() == "class 1\n11 objects"


def test_classes_without_objects_have_no_bars():
    axes = class_precisions_figure(precisions(3, without_objects=(1,)), title="AP").axes[0]
    assert [label.get_text().split("\n")[0] for label in axes.get_xticklabels()] == ["class 0", "class 2"]


def test_of_very_many_classes_those_are_shown_that_lose_most():
    table = precisions(90)
    axes = class_precisions_figure(table, title="AP").axes[0]
    shown = [label.get_text().split("\n")[0] for label in axes.get_xticklabels()]
    values = table.pivot_table(index="class", columns="who", values="ap_50")
    lost = values["exit 3"] - values["policy"]
    assert set(shown) == set(lost.nlargest(20).index)
    assert "the 20 of 90 classes that lose most by leaving early" in axes.get_title()
    assert max(axes.figure.get_size_inches()) < 40
