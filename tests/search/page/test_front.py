from dataclasses import replace
from functools import partial
import json
import shutil

import numpy as np
import pytest

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.front import Front, FrontPoint
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.pooling.answering import Answering
from search.page.front.choice import titled_groups_of
from search.page.front.details import details_of
from search.page.front.figure import hover_of
from search.page.front.outcomes import outcomes
from search.page.front.words import thresholds_in_short
from search.page.page import rendered
from search.page.run import FinishedRun
from search.page.sections.explorer import explorer
from search.page.sections.front import front as front_section
from search.reporting.front_files import write_front
from search.run_folder.journal import Journal
from search.run_folder.summary import Summary
from tests.bundles import trained_digits
from tests.chromium import open_page
from tests.finished_sweeps import copied
from tests.multilabel_tables import make_label_table
from tests.search.page.fronts import figures_of, front, write_front_of_digits
from tests.search.page.sections.finished import searched


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_front_of_digits(tmp_path_factory.mktemp("front") / "digits-1")


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(rendered("digits-1", [front_section(run)]))
    return path


def decided(place):
    table = trained_digits().tables["search"]
    return table, cross_fitted_decision(front().points[place].policy, table)


def test_details_are_the_evaluators(run):
    details = front_section(run).data["details"]
    assert list(details) == ["0", "1", "2", "3"]
    for place in range(4):
        table, decision = decided(place)
        own, figures = details[str(place)], policy_figures(table, decision)
        right, full = decision.answers == table.labels, table.exit_answers[:, -1] == table.labels
        assert own["mix"] == pytest.approx(figures["exit_mix"], abs=1e-6)
        assert own["right"] == round(figures["accuracy"] * table.n_samples)
        assert (own["saved"], own["lost"]) == (int((right & ~full).sum()), int((~right & full).sum()))
        assert own["saved"] / table.n_samples == pytest.approx(figures["rescues"])
        assert own["recall"][0][1] == pytest.approx(figures["worst_class_recall"], abs=1e-4)
        assert sum(count for _, _, count in own["reliability"]) == table.n_samples


def test_reliability_weighs_up_to_the_accuracy(run):
    for own in front_section(run).data["details"].values():
        assert sum(share * count for _, share, count in own["reliability"]) == pytest.approx(own["right"], abs=0.05)


def test_a_click_and_the_list_show_a_policys_exit_mix(page):
    with open_page(page) as tab:
        tab.wait_for_selector("#front-figure[data-drawn]")
        assert tab.get_attribute("#front-panel", "data-policy") == "1"
        tab.locator("#front-figure .scatterlayer .trace").filter(has=tab.locator(".points path")).first.wait_for()
        # The third policy is certified and not selected.
        mark = tab.evaluate(
            """() => {
                const place = document.getElementById("front-figure");
                const trace = place.data.findIndex((one) => (one.customdata || []).includes(2));
                const { x, y } = place.data[trace], row = place.data[trace].customdata.indexOf(2);
                const { xaxis, yaxis } = place._fullLayout, box = place.getBoundingClientRect();
                return [box.left + xaxis._offset + xaxis.d2p(x[row]), box.top + yaxis._offset + yaxis.d2p(y[row])];
            }"""
        )
        tab.mouse.move(*mark)
        tab.wait_for_selector("#front-figure .hovertext")
        tab.mouse.click(*mark)
        tab.wait_for_selector("#front-panel[data-policy='2']")
        assert shares(tab) == pytest.approx(mix_of(2), abs=1e-6)
        tab.select_option("#front-policy", "3")
        assert shares(tab) == pytest.approx(mix_of(3), abs=1e-6)
        assert tab.locator("#front-panel img").count() >= 3
        assert tab.evaluate("[...document.querySelectorAll('#front-panel img')].every((own) => own.naturalWidth > 0)")


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (600, True)])
def test_it_fits_the_window(page, width, dark):
    with open_page(page, width=width, dark=dark) as tab:
        tab.wait_for_selector("#front-figure[data-drawn]")
        # Plotly's own is a dark bar on a light page.
        modebar = tab.evaluate("document.getElementById('front-figure')._fullLayout.modebar.bgcolor")
        assert modebar.replace(" ", "") == "rgba(0,0,0,0)"
        counts = tab.locator("#front-panel .bar > :last-child").all()
        assert max(count.bounding_box()["height"] for count in counts) < 30
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def shares(tab):
    return [float(own.get_attribute("data-exit-share")) for own in tab.locator("[data-exit-share]").all()]


def mix_of(place):
    table, decision = decided(place)
    return policy_figures(table, decision)["exit_mix"]


def test_without_tables_the_figure_stands_alone(run, tmp_path):
    folder = tmp_path / "digits-2"
    shutil.copytree(run.folder.path, folder)
    shutil.rmtree(folder / "tables")
    section = front_section(FinishedRun.read(folder))
    assert section.data["details"] == {}
    assert "tables of this search are gone" in section.html
    assert len(section.data["points"]) == 4


def test_names_are_no_markup():
    point = replace(front().points[0], network="<b>bold</b>")
    assert "<b>" not in hover_of(point, "mean_depth", "accuracy")


def test_thresholds_are_short():
    policy = Policy("confidence", (0.123456, np.inf, *(0.5,) * 10), (1.0,) * 13)
    told = thresholds_in_short(FrontPoint(policy, {}, 0.0))
    assert told == "0.123, closed, 0.5, 0.5, 0.5, 0.5 and 6 more"


def test_of_many_labels_the_worst_are_told():
    table = make_label_table(n_labels=30)
    policy = Policy("label-margin", (0.2,) * (table.n_exits - 1), (1.0,) * table.n_exits)
    ((_, outcome),) = outcomes([FrontPoint(policy, {}, 0.0)], lambda _: table, seed=0)
    own = details_of(outcome)
    assert len(own["recall"]) <= 20
    assert own["saved"] == int((outcome.right & (outcome.full_worth == 0)).sum())
    json.dumps(own, allow_nan=False)


def test_trials_are_drawn_while_the_sweep_holds_its_journal(tmp_path):
    run = write_front_of_digits(tmp_path / "held", has_examples=False)
    metrics = {"accuracy": 0.96, "mean_depth": 1.5, "epoch": 1, "violation": 0.0}
    with Journal(run.folder.journal_file) as journal:
        journal.append("suggested", trial="trial-0001", number=0, params={}, drawn={})
        journal.append("reported", trial="trial-0001", metrics=metrics, failure="", done=True)
        journal.append("ended", trial="trial-0001", state="COMPLETE", failure="")
        series = front_section(run).figures["front"].data
    assert ["trial-0001" in one.text[0] for one in series if one.name and one.name.startswith("trials")] == [True]


@pytest.fixture(scope="module")
def beaten(run, tmp_path_factory):
    """The same sweep, whose selected policy is the full network: not on the front."""
    folder = copied(run.folder, tmp_path_factory.mktemp("beaten") / "digits-1")
    write_front(folder, Front(tuple(replace(point, selected=False) for point in front())))
    table = trained_digits().tables["search"]
    policy = Policy("confidence", (np.inf,) * (table.n_exits - 1), (1.0,) * table.n_exits)
    policy.save(folder.policy_file)
    summary = Summary.load(folder.summary_file)
    figures = {"search": policy_figures(table, policy.decide(table))}
    selected = summary.selected.model_copy(update=figures)
    summary.model_copy(update={"selected": selected, "feasible": True}).save(folder.summary_file)
    return FinishedRun.read(folder.path)


def test_a_selected_policy_that_is_not_on_the_front_has_its_details_and_comes_first(beaten, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(rendered("digits-1", [front_section(beaten)]))
    with open_page(path) as tab:
        tab.wait_for_selector("#front-figure[data-drawn]")
        assert tab.get_attribute("#front-panel", "data-policy") == "4"
        assert shares(tab) == [0, 0, 1]
        assert "selected" in tab.inner_text("#front-panel h3")
        names = tab.evaluate("document.getElementById('front-figure').data.map((one) => [one.name, one.customdata])")
        assert ["selected policy, which another one beats", [4]] in names
        line = "document.getElementById('front-figure').data.find((one) => one.mode === 'lines').x.length"
        assert tab.evaluate(line) == len(front())


def test_without_its_file_such_a_policy_is_left_out(beaten, tmp_path):
    other = copied(beaten.folder, tmp_path / "other")
    other.policy_file.unlink()
    assert len(front_section(FinishedRun.read(other.path)).data["points"]) == len(front())


def test_without_a_place_such_a_policy_is_left_out(beaten, tmp_path):
    other = copied(beaten.folder, tmp_path / "other")
    form = json.loads(other.summary_file.read_text())
    del form["selected"]["search"]["mean_depth"]
    other.summary_file.write_text(json.dumps(form))
    section = front_section(FinishedRun.read(other.path))
    assert len(section.data["points"]) == len(front())


@pytest.mark.parametrize("pooling", [(), ("--pooling", "mean")])
def test_fitted_label_thresholds_are_judged_on_search_as_in_the_summary(pooling, tmp_path):
    """They flatter the very samples that they were fitted to: pages count with the cross-fitted ones too."""
    make = partial(make_label_table, 90, 3, 5, parents_of=3)
    asked = ("--max-drop", "0.05", "--label-thresholds", "fitted", "--seed", "3", *pooling)
    found = searched(tmp_path, make, *asked, splits=("search",))
    for place, own in front_section(found).data["details"].items():
        assert own["right"] / own["n"] == pytest.approx(found.points[int(place)].figures["exact_match"], abs=1e-12)
    figures = found.summary.selected.by_split["search"]
    selected = next(str(place) for place, point in enumerate(found.points) if point.selected)
    own = front_section(found).data["details"][selected]
    assert own["saved"] / own["n"] == pytest.approx(figures["rescues"], abs=1e-12)
    assert ("answers are pooled over parents" if pooling else "Here you can turn the thresholds") in explorer(
        found
    ).html


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A sweep whose selected policy is not on the front: those that are cheaper and better were not certified."""
    run = write_front_of_digits(tmp_path_factory.mktemp("behind") / "digits-1")
    points = front().points
    write_front(run.folder, Front(tuple(replace(one, selected=False, certified=False) for one in points[2:])))
    points[0].policy.save(run.folder.policy_file, workload="digits")
    form = run.summary.model_dump()
    form["feasible"] = True
    form["selected"]["search"] = figures_of(points[0].policy, trained_digits().tables["search"])
    Summary.model_validate(form).save(run.folder.summary_file)
    return FinishedRun.read(run.folder.path)


def test_the_selected_policy_is_told_of_where_it_is_not_on_the_front(behind):
    section = front_section(behind)
    assert len(section.data["points"]) == len(section.data["details"]) == 3
    assert 'value="2" selected' in section.html
    assert section.data["details"]["2"]["mix"] == pytest.approx(mix_of(0), abs=1e-6)
    (star,) = (one for one in section.figures["front"].data if (one.customdata or ()) == (2,))
    assert star.name == "selected policy, which another one beats"


def test_what_is_not_seen_does_not_squeeze_the_front(behind):
    figure = front_section(behind).figures["front"]
    (low, high), (least, most) = figure.layout.yaxis.range, figure.layout.xaxis.range
    seen = [x for one in figure.data for x, y in zip(one.x, one.y, strict=True) if low <= y <= high]
    assert least < min(seen) and max(seen) < most
    assert most - least < 1.2 * (max(seen) - min(seen)) + 0.1


@pytest.mark.parametrize(
    ("answering", "begins"),
    [(Answering(), "left at exit"), (Answering(pooling="mean"), "deepest of its samples left at exit")],
)
def test_parents_left_where_their_deepest_sample_did(answering, begins):
    table = make_label_table(n_labels=4, parents_of=4)
    policy = Policy("label-margin", (0.2,) * (table.n_exits - 1), (1.0,) * table.n_exits, answering=answering)
    ((_, outcome),) = outcomes([FrontPoint(policy, {}, 0.0)], lambda _: table, seed=0)
    assert next(titled_groups_of(outcome))[0].startswith(begins)
