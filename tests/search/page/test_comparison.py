from dataclasses import replace
import json

import pytest
from rich.console import Console

from policies.goals.front import Front
from search.cli.reports.page import page_command
from search.errors import RunFolderError
from search.page.comparison import comparison
from search.page.run import FinishedRun
from search.reporting.front_files import write_front
from search.run_folder.summary import Summary
from tests.chromium import open_page
from tests.finished_sweeps import copied
from tests.search.page.fronts import front, write_front_of_digits


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    first = write_front_of_digits(folder / "digits-1").folder
    second = copied(first, folder / "digits-2")
    told = json.loads(second.summary_file.read_text())
    told["name"], told["selected"]["test"]["accuracy"] = "digits-2", told["selected"]["test"]["accuracy"] - 0.25
    second.summary_file.write_text(json.dumps(told))
    return first, second


def page_text(runs, file):
    page_command([run.path for run in runs], file, console=Console(quiet=True))
    with open_page(file) as page:
        return page.inner_text("main")


def test_searches_stand_side_by_side(runs, tmp_path):
    text = page_text(runs, tmp_path / "both.html")
    assert "digits-1" in text
    assert "digits-2" in text
    assert "(-0.2500)" in text
    assert "differ" not in text


def test_a_line_passes_by_a_selected_policy_that_another_beats_and_a_star_shows_it(runs, tmp_path):
    beaten = copied(runs[1], tmp_path / "beaten")
    points = [
        replace(point, figures={**point.figures, "accuracy": 0.1}) if point.selected else point for point in front()
    ]
    write_front(beaten, Front(tuple(points)))
    found = comparison([FinishedRun.read(run.path) for run in (runs[0], beaten)])
    traces = {trace.name: trace for trace in found.figures["fronts"].data}
    assert list(traces) == ["digits-1", "digits-1: selected", "digits-2", "digits-2: selected"]
    star = traces["digits-2: selected"]
    assert list(star.y) == [0.1] and 0.1 not in traces["digits-2"].y
    assert len(traces["digits-2"].x) == len(points) - 1
    assert star.marker.color == traces["digits-2"].line.color != traces["digits-1"].line.color


def test_searches_of_one_name_are_told_by_their_folders(runs, tmp_path):
    other = FinishedRun.read(copied(runs[0], tmp_path / "digits-1").path)
    html = comparison([FinishedRun.read(runs[0].path), other]).html
    assert f"<td>{runs[0].path}</td><td>{other.folder.path}</td>" in html


def test_other_data_is_warned_of(runs, tmp_path):
    other = copied(runs[1], tmp_path / "other")
    other.environment_file.write_text(json.dumps({"data_hashes": {"test": "another"}}))
    assert "The data of these searches differ" in page_text((runs[0], other), tmp_path / "both.html")
    other.environment_file.write_text(json.dumps({"data_hashes": {"test": "b"}, "split_hashes": {"test": "c"}}))
    summary = Summary.load(other.summary_file)
    summary.model_copy(update={"tables": {"search": "elsewhere.npz"}}).save(other.summary_file)
    html = comparison([FinishedRun.read(run.path) for run in (runs[0], other)]).html
    assert "The data, splits and tables of these searches differ" in html
    assert html.count("differ,") == 1


def test_several_need_a_file(runs):
    with pytest.raises(RunFolderError, match="needs a file but none was given for 2; add --out both.html"):
        page_command([run.path for run in runs], None, console=Console(quiet=True))


def test_one_goes_into_its_folder(runs):
    assert page_command([runs[0].path], None, console=Console(quiet=True)) == runs[0].report_html
    assert runs[0].report_html.exists()


def test_folders_without_a_search_are_refused(tmp_path):
    with pytest.raises(RunFolderError, match="a finished search has summary.json"):
        page_command([tmp_path], None, console=Console(quiet=True))
    assert list(tmp_path.iterdir()) == []
