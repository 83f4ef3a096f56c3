from functools import partial
import json
import re

import pytest

from search.page.page import add_page, write_page
from search.page.run import FinishedRun
from tests.chromium import open_page
from tests.finished_sweeps import copied
from tests.search.page.fronts import write_front_of_digits
from tests.search.page.sections.finished import searched, with_events
from tests.tables import make_table


MOST_BYTES = 5_000_000
SIZES = ((1400, 900), (600, 900))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_front_of_digits(tmp_path_factory.mktemp("runs") / "digits-1").folder
    assert add_page(folder) == ()
    return folder


def text_of(file):
    with open_page(file) as page:
        return page.inner_text("main")


def contrast(page, place):
    """The contrast of the text at a place with the page behind it, as WCAG 2 has it."""
    return page.evaluate(
        """(place) => {
          const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
            .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
            .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
          const text = light(getComputedStyle(document.querySelector(place)).color);
          const back = light(getComputedStyle(document.body).backgroundColor);
          return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
        }""",
        place,
    )


def test_page_has_the_figures_of_the_summary(run):
    summary = json.loads(run.summary_file.read_text())
    with open_page(run.report_html) as page:
        shown = page.eval_on_selector_all(
            "[data-figure-of]", "all => all.map((one) => [one.dataset.figureOf, one.innerText])"
        )
    assert {"selected.test.accuracy", "targets.4.mean", "targets.4.quality"} <= dict(shown).keys()
    for path, text in shown:
        value = summary
        for key in path.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        digits = re.fullmatch(r"[+-]?\d+\.?(\d*)%?", text)
        assert digits, (path, text)
        scale = 100 if text.endswith("%") else 1
        assert float(text.rstrip("%")) == pytest.approx(scale * value, abs=0.51 * 10 ** -len(digits[1])), path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_verdict_is_seen_and_read_without_scrolling(run, width, height, dark):
    with open_page(run.report_html, width=width, height=height, dark=dark) as page:
        assert page.evaluate("document.querySelector('#verdict').getBoundingClientRect().bottom") <= height
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for place in ("#verdict dd", "#verdict .card > span"):
            assert contrast(page, place) >= 4.5, place


def test_page_is_silent_small_and_alone(run):
    assert run.report_html.stat().st_size < MOST_BYTES
    assert run.report_html in run.written
    heard, asked = [], []
    with open_page("about:blank") as page:
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{run.report_html}")
        page.evaluate("exitsearch.ready")
    assert heard == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_browsers_that_cannot_unpack_are_told(run):
    with open_page("about:blank") as page:
        page.add_init_script("delete window.DecompressionStream")
        page.goto(f"file://{run.report_html}")
        page.wait_for_selector("#trouble", state="visible")


def test_page_where_nothing_is_feasible_says_so(tmp_path):
    found = searched(tmp_path, make_table, "--target", "0.9999")
    write_page(found, tmp_path / "report.html")
    text = text_of(tmp_path / "report.html")
    assert "No policy met accuracy 0.9999 on search; the nearest one has accuracy 0." in text
    assert "None: no policy met accuracy 0.9999 on search." in text


def test_page_of_many_exits_and_classes_is_small(tmp_path):
    make = partial(make_table, 60, 60, 50)
    found = searched(tmp_path, make, "--target", "0.5", "--rule", "confidence", splits=("search", "test"))
    write_page(found, tmp_path / "report.html")
    assert "Its thresholds are in policy.json" in text_of(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < MOST_BYTES


def test_page_of_two_thousand_trials_is_small(run, tmp_path):
    many = copied(run, tmp_path / "many")
    metrics = {"accuracy": 0.9, "mean_depth": 2.0, "violation": 0.0, "epoch": 1}
    trials = [({"rate": number / 2000}, metrics, "COMPLETE", "") for number in range(2000)]
    written = with_events(tmp_path / "events", trials)
    many.journal_file.write_text(written.folder.journal_file.read_text())
    write_page(FinishedRun.read(many.path), many.report_html)
    assert "2,000 trials" in text_of(many.report_html).replace("2000", "2,000")
    assert many.report_html.stat().st_size < MOST_BYTES


def test_search_is_not_lost_for_its_page(run, tmp_path):
    broken = copied(run, tmp_path / "broken")
    broken.summary_file.write_text("{")
    (note,) = add_page(broken)
    assert note.startswith("there is no report.html: ")
