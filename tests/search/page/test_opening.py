"""What is there when the page opens: the verdict at once, figures as they come into view."""

import pytest

from search.page.page import packed_plotly, page_of, write_page
from search.page.run import FinishedRun
from tests.chromium import open_page
from tests.finished_sweeps import copied
from tests.search.page.fronts import write_front_of_digits
from tests.search.page.sections.finished import with_events


RECORDED = """
    window.drawn = [];
    new MutationObserver((all) => window.drawn.push(...all.map((one) => one.target.dataset.figure)))
      .observe(document, { subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """The page of a sweep of two thousand trials."""
    folder = tmp_path_factory.mktemp("runs")
    many = copied(write_front_of_digits(folder / "digits-1").folder, folder / "many")
    metrics = {"accuracy": 0.9, "mean_depth": 2.0, "violation": 0.0, "epoch": 1}
    trials = [({"rate": number / 2000}, metrics, "COMPLETE", "") for number in range(2000)]
    many.journal_file.write_text(with_events(folder / "events", trials).folder.journal_file.read_text())
    write_page(FinishedRun.read(many.path), many.report_html)
    return many.report_html


def test_the_verdict_needs_no_script_and_comes_before_plotly(page_file):
    text = page_file.read_text()
    assert text.index('id="verdict"') < text.index('id="figures"') < text.index(packed_plotly())
    with open_page(page_file, scripts=False) as page:
        assert "accuracy 0." in page.inner_text("#verdict .state")
        assert page.is_visible("noscript p")
        assert page.query_selector_all("[data-drawn]") == []


def test_the_front_is_drawn_first_and_what_is_out_of_view_when_it_comes_near(page_file):
    with open_page("about:blank") as page:
        page.add_init_script(RECORDED)
        page.goto(f"file://{page_file}")
        page.wait_for_function("window.drawn.length > 0")
        drawn = page.evaluate("window.drawn")
        assert drawn[0] == "front"
        assert {"trials-order", "trials-space"}.isdisjoint(drawn)
        page.evaluate("document.querySelector('[data-figure=trials-order]').scrollIntoView()")
        page.wait_for_selector("[data-figure=trials-order][data-drawn]")


def test_places_of_figures_are_as_high_before_as_after(page_file):
    height = "document.querySelector('[data-figure=front]').getBoundingClientRect().height"
    with open_page("about:blank") as page:
        page.add_init_script("delete window.DecompressionStream")
        page.goto(f"file://{page_file}")
        before = page.evaluate(height)
    with open_page(page_file) as page:
        page.wait_for_selector("[data-figure=front][data-drawn]")
        assert page.evaluate(height) == before == 560


def test_a_figure_that_cannot_be_drawn_does_not_hold_up_the_next(page_file):
    heard = []
    with open_page(page_file) as page:
        page.wait_for_selector("[data-figure=front][data-drawn]")
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.evaluate(
            """() => {
              exitsearch.figures.bad = { get data() { throw new Error("no data"); }, layout: {} };
              exitsearch.figures.good = { data: [{ y: [1, 2] }], layout: {} };
              const places = ["bad", "good"].map((name) => {
                const place = document.createElement("div");
                place.dataset.figure = name;
                return place;
              });
              document.querySelector("#verdict").append(...places);
              places.forEach(exitsearch.drawWhenNear);
            }"""
        )
        page.wait_for_selector("[data-figure=good][data-drawn]")
        assert page.query_selector("[data-figure=bad][data-drawn]") is None
    assert heard == ["no data"]


def test_plotly_is_in_the_page_once(page_file):
    assert page_of(FinishedRun.read(page_file.parent)).count(packed_plotly()) == 1
