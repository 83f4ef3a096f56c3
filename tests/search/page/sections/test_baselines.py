"""Baselines and the oracle."""

import re

import pytest

from search.page.asked import meets
from search.page.sections.baselines import baselines
from search.reporting.explained import explanation_of, policy_title
from search.run_folder.summary import PolicyFigures, Summary
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.search.page.sections.finished import searched, sweep
from tests.tables import make_table


def marked(html):
    return dict(re.findall(r'data-figure-of="([^"]+)">([^<]+)<', html))


def value_at(summary, path):
    """Keys may have points themselves, such as those of versions."""
    found, rest = summary.to_dict(), path
    while rest:
        (key,) = (key for key in found if f"{rest}.".startswith(f"{key}."))
        found, rest = found[key], rest[len(key) + 1 :]
    return found


MAKERS = [(make_table, "0.8"), (make_detection_table, "0.5"), (make_label_table, "0.5")]


@pytest.fixture(scope="module", params=range(len(MAKERS)))
def run(request, tmp_path_factory):
    make, target = MAKERS[request.param]
    return searched(tmp_path_factory.mktemp("searches"), make, "--target", target, splits=("search", "test"))


def test_figures_are_those_of_the_summary(run):
    html = baselines(run).html
    figures = marked(html)
    assert {"selected.test.mean_depth", "baselines.full_network.search.mean_depth"} <= figures.keys()
    for path, text in figures.items():
        digits = len(text.partition(".")[2])
        assert text == f"{value_at(run.summary, path):.{digits}f}", path


def test_every_name_is_explained(run):
    html = baselines(run).html
    for name in run.summary.baselines:
        assert "compare with" not in explanation_of(name), name
        assert policy_title(name) in html


def test_trials_control_and_budgets_of_a_sweep_are_told(tmp_path):
    html = baselines(sweep(tmp_path / "digits-1")).html
    for told in (
        "Baseline trials",
        "Static control",
        "Fixed budgets",
        "no difference that 216 samples",
        "out of reach",
    ):
        assert told in html
    assert "nothing on its grid did what it asks for" in html


def test_a_policy_that_is_best_within_several_budgets_has_one_row(tmp_path):
    (table,) = re.findall(r"Fixed budgets.*?<tbody>(.*?)</tbody>", baselines(sweep(tmp_path / "digits-1")).html)
    assert re.findall(r"<tr><td>(.*?)</td>", table) == ["0.3 to 0.4", "0.5", "1"]


FULL = {"full_network": {"test": {"accuracy": 0.9, "mean_depth": 3.0}}}


@pytest.mark.parametrize(
    ("asked", "accuracy", "is_met"),
    [
        ({"target": 0.8}, 0.8, True),
        ({"target": 0.8}, 0.79, False),
        ({"max_drop": 0.05}, 0.85, True),
        ({"max_drop": 0.05}, 0.84, False),
        ({"max_relative_drop": 0.1}, 0.81, True),
        ({"max_relative_drop": {"accuracy": 0.1}}, 0.80, False),
        ({"budget": 1.4}, 0.9, False),
        ({"bounds": {"macro_f1": 0.5}}, 0.9, None),
        ({"max_drop_greedy": 0.1}, 0.9, None),
    ],
)
def test_what_was_asked_is_asked_of_each(asked, accuracy, is_met):
    policy = PolicyFigures(test={"accuracy": accuracy, "mean_depth": 1.5})
    summary = Summary(selected={}, baselines=FULL, **asked)
    assert meets(summary, policy, "test") is is_met
    assert meets(summary, policy, "certify") is None


def test_an_oracle_is_called_a_bound_where_it_is_one(run):
    html = baselines(run).html
    assert ("It is no bound" in html) == (run.summary.task == "detection")
    assert ("could still save on this network" in html) == (run.summary.task != "detection")
