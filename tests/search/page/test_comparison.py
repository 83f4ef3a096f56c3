import json

import pytest
from rich.console import Console

from search.cli.reports.page import page_command
from search.errors import RunFolderError
from tests.chromium import open_page
from tests.finished_sweeps import copied
from tests.search.page.fronts import write_front_of_digits


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


def test_other_data_is_warned_of(runs, tmp_path):
    other = copied(runs[1], tmp_path / "other")
    other.environment_file.write_text(json.dumps({"data_hashes": {"test": "another"}}))
    assert "The data of these searches differ" in page_text((runs[0], other), tmp_path / "both.html")


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
