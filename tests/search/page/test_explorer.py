"""The sliders of the page count as the policy decides."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.explorer.bounded import bounded_table
from policies.policy import Policy
from policies.rules import get_rule
from search.page.page import rendered
from search.page.run import FinishedRun
from search.page.sections.explorer import MOST_BYTES, explorer, worth_of
from tests.chromium import open_page
from tests.finished_sweeps import write_sweep
from tests.policies.runtime.midpoints import policy_for
from tests.tables import make_table


@pytest.fixture
def finished(tmp_path, monkeypatch):
    def build(rule):
        run = write_sweep(tmp_path / "run", rule=rule)
        monkeypatch.setattr(FinishedRun, "front", ())
        return FinishedRun.read(run.path)

    return build


def page_of(section, folder):
    path = folder / "page.html"
    path.write_text(rendered("a page", [section]))
    return path


@pytest.mark.parametrize("rule", ["confidence", "mixture"])
def test_what_the_page_counts_is_what_the_policy_does(rule, finished, tmp_path):
    run = finished(rule)
    section, table = explorer(run), run.table(run.summary.selected.network, "search")
    tops = [len(dial["thresholds"]) for dial in section.data["dials"]]
    rng = np.random.default_rng(0)
    drawn = [[int(rng.integers(top + 1)) for top in tops] for _ in range(200)]
    with open_page(page_of(section, tmp_path), width=1000, height=800) as page:
        page.evaluate("exitsearch.explorer.ready")
        found = page.evaluate("(all) => all.map((one) => exitsearch.explorer.evaluate(one))", drawn)
        thresholds = page.evaluate("(all) => all.map((one) => exitsearch.explorer.thresholds(one))", drawn)
    view = run.policy.view(table)
    for own, rows in zip(found, thresholds, strict=True):
        policy = Policy.from_dict({**run.policy.to_dict(), "thresholds": rows})
        decision = policy.decide_on(view)
        assert own["accuracy"] == (decision.answers == table.labels).mean()
        assert own["mean_depth"] == pytest.approx((decision.exits + 1).mean(), abs=1e-12)
        assert own["mean_cost"] == pytest.approx(table.cost[decision.exits].mean(), abs=1e-12)
        assert own["exit_mix"] == (np.bincount(decision.exits, minlength=3) / table.n_samples).tolist()


def test_a_slider_moves_the_figures_and_a_button_brings_them_back(finished, tmp_path):
    run = finished("confidence")
    told = run.summary.selected.by_split["search"]
    with open_page(page_of(explorer(run), tmp_path), width=1000, height=800) as page:
        page.evaluate("exitsearch.explorer.ready")
        shown = page.locator('[data-explorer="mean_depth"]')
        selected = f"{told['mean_depth']:.4f}"
        assert shown.inner_text() == selected
        assert page.locator('[data-figure-of="selected.search.accuracy"]').inner_text() == f"{told['accuracy']:.4f}"
        page.locator('[data-dial="0"]').press("End")
        assert float(shown.inner_text()) > float(selected)
        page.click("#explorer-full")
        assert shown.inner_text() == "3.0000"
        assert json.loads("{" + page.locator("#explorer-json").inner_text() + "}") == {"thresholds": [None, None]}
        page.click("#explorer-selected")
        assert shown.inner_text() == selected


def test_a_table_that_is_gone_or_changed_is_told(finished):
    run = finished("confidence")
    file = run.folder.table(run.summary.selected.network, "search")
    table = run.table(run.summary.selected.network, "search")
    replace(table, labels=(table.labels + 1) % 10).save(file)
    assert "it was changed since" in explorer(FinishedRun(run.folder, run.summary)).html
    file.unlink()
    assert "is not in its place" in explorer(FinishedRun(run.folder, run.summary)).html


def test_many_samples_keep_within_the_size():
    table = make_table(50_000, 9)
    policy = policy_for(get_rule("confidence"), table, np.ones(9))
    view = policy.view(table)
    found = bounded_table(policy, view, worth_of("accuracy", view, table), table.cost, most_bytes=MOST_BYTES)
    assert len(found.form["rows"]) <= MOST_BYTES


def test_a_grid_that_was_made_coarser_is_told_with_its_size(finished):
    run = finished("confidence")
    assert "coarser" not in explorer(run).html
    section = explorer(run, most_bytes=600)
    table = run.table(run.summary.selected.network, "search")
    policy, view = run.policy, run.policy.view(table)
    found = bounded_table(policy, view, worth_of("accuracy", view, table), table.cost, most_bytes=600)
    told = f"of at most {found.most_dials} sliders with {found.max_levels} thresholds beside the policy's own"
    assert found.is_coarser and told in section.html
    assert max(len(dial["thresholds"]) for dial in section.data["dials"]) <= found.max_levels + 1
