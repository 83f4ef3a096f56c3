"""Exits: figures, calibration, redundancy."""

import re

import numpy as np
import pytest

from search.page.sections.exits import exits
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.search.page.sections.finished import searched, sweep
from tests.tables import make_table


SPLITS = ("search", "test")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return searched(tmp_path_factory.mktemp("searches"), make_table, "--target", "0.8", splits=SPLITS)


def rows_of(html):
    return [re.sub(r"<[^>]+>", "|", row).strip("|") for row in re.findall(r"<tr>(.*?)</tr>", html)]


def test_lines_are_those_of_the_summary(run):
    lines = {line["name"]: list(line["y"]) for line in exits(run).figures["exits-quality"].to_dict()["data"]}
    assert set(lines) == set(SPLITS)
    for split, found in run.summary.exits.items():
        assert lines[split] == pytest.approx([one["accuracy"] for one in found], abs=1e-5)


def test_calibration_before_and_after_and_changed_answers_are_those_of_the_table(run):
    html = exits(run).html
    table = run.table(run.summary.selected.network, "search")
    answers = table.exit_answers
    worse = float(((answers[:, 0] == table.labels) & (answers[:, 1] != table.labels)).mean())
    changed = float((answers[:, 0] != answers[:, 1]).mean())
    after = run.summary.exits["search"][1]["ece"]
    (row,) = (one for one in rows_of(html.partition("Calibration and redundancy")[2]) if one.startswith("exit 2"))
    cells = [cell for cell in row.split("|") if cell]
    assert cells[2] == f"{after:.4f}"
    assert (cells[3], cells[5]) == (f"{changed:.2%}", f"{worse:.2%}")
    assert float(np.mean([float(cells[1])])) >= 0


def test_without_its_table_it_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setattr(type(run), "table", lambda self, network, split: None)
    section = exits(run)
    assert "has gone since" in section.html and "exits-reliability" not in section.figures


@pytest.mark.parametrize("make", [make_detection_table, make_label_table])
def test_other_kinds_of_answers_have_what_the_summary_has(make, tmp_path):
    run = searched(tmp_path, make, "--target", "0.5", splits=SPLITS)
    section = exits(run)
    assert list(section.figures) == ["exits-quality"]
    assert f"exits.test.2.{run.summary.main_quality}" in section.html


def test_without_figures_of_exits_there_is_nothing(tmp_path):
    assert exits(sweep(tmp_path / "digits-1")) is None


def test_of_sixty_exits_some_are_shown(tmp_path):
    run = searched(
        tmp_path,
        lambda **of: make_table(120, n_exits=60, **of),
        "--target",
        "0.5",
        "--rule",
        "confidence",
        splits=SPLITS,
    )
    section = exits(run)
    assert "12 of 60 exits are shown" in section.html
    assert len(section.figures["exits-quality"].data[0].x) == 60
    assert len(section.figures["exits-reliability"].data) == 13


def test_figures_of_labels_are_spelled_and_exits_are_one_word(tmp_path):
    found = searched(
        tmp_path, make_label_table, "--quality", "exact_match", "--target", "0.3", splits=("search", "test")
    )
    html = exits(found).html
    assert all(f">{title}<" in html for title in ("exact match", "Hamming loss", "label macro F1"))
    assert "exit\u00a01" in html
