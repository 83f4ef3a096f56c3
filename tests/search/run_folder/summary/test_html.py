"""Summaries in a notebook: the verdict first, figures as they are, names as text."""

import subprocess
import sys

import pytest

from search.run_folder.summary import Summary
from tests.notebook_html import read_html
from tests.search.summaries import LONG, made_up_summary


def shown(**changes):
    return read_html(Summary.model_validate({**made_up_summary(0), **changes})._repr_html_())


def test_figures_are_those_of_the_summary():
    found = made_up_summary(0)
    page = shown()
    assert page.sentence.startswith(
        f"Selected: rule ensemble, {LONG}, for macro f1 0.876. Certified: with confidence 95 %, on new "
        "data of the same kind macro-F1 is at least 0.876 (bound 0.8812)"
    )
    names = [(split, name) for split in ("search", "test") for name in ("accuracy", "macro_f1", "mean_depth")]
    cells = dict(zip(page.headings, page.rows[0], strict=True))
    for split, name in names:
        assert cells[f"{name.replace('_', ' ')}, {split}"] == f"{found['selected'][split][name]:.4f}"
    assert [row[0] for row in page.rows][:3] == ["selected policy", "plain network", "full network"]
    assert all(alarm in page.text for alarm in found["alarms"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"feasible": False, "certified": False}, "Infeasible: no policy met macro f1 0.876 on search"),
        ({"certificate": None, "certified": False}, "Nothing was certified"),
        (
            {"certified": False, "certificate": {"claim": "a", "reason": "too <few>", "bound": None}},
            "Not certified: too <few>",
        ),
    ],
)
def test_what_was_not_reached_is_said(changes, told):
    assert told in shown(**changes).sentence


def test_names_are_text_and_what_is_pooled_is_told():
    selected = {**made_up_summary(0)["selected"], "network": "<script>", "answered": "whole parents leave"}
    sentence = shown(selected=selected, asked="<script>").sentence
    assert "rule ensemble (whole parents leave), <script>, for <script>" in sentence


def test_detection_has_its_own_quality():
    figures = {"test": {"map": 0.3, "mean_depth": 1.5}}
    page = shown(main_quality="map", quality="map", selected={"rule": "confidence", **figures}, baselines={})
    assert page.headings[:3] == ["policy", "mAP@[.5:.95], test", "mean depth, test"]


def test_reading_a_summary_stays_quick():
    slow = "{'numpy', 'pandas', 'torch', 'plotly'}"
    code = f"import sys, search.run_folder.summary; print(sorted({slow} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
