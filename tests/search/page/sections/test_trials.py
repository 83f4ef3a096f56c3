"""Trials in order and in objective space."""

import pytest

from search.page.page import rendered
from search.page.sections.trials import trials
from tests.search.page.sections.finished import sweep, with_events


def metrics(quality, depth, violation=0.0):
    return {"macro_f1": quality, "accuracy": quality, "mean_depth": depth, "violation": violation, "epoch": 1}


TRIALS = [
    ({"rate": 0.1}, metrics(0.90, 2.0), "COMPLETE", ""),
    ({"rate": 0.2}, metrics(0.80, 1.2, violation=0.05), "COMPLETE", ""),
    ({"rate": 0.3}, metrics(0.91, 2.5), "COMPLETE", ""),
    ({"rate": 0.4}, metrics(0.50, 2.9, violation=0.3), "PRUNED", ""),
    ({"rate": 0.5}, {}, "FAIL", "loss is <NaN>"),
    ({"rate": 0.6}, metrics(0.92, 1.5), "COMPLETE", ""),
    ({"rate": 0.7}, {}, "FAIL", "loss is <NaN>"),
    ({"rate": 0.8}, {}, "RUNNING", ""),
]


def by_name(figure):
    return {line["name"]: line for line in figure.to_dict()["data"] if line.get("yaxis", "y") == "y"}


@pytest.fixture(scope="module")
def section(tmp_path_factory):
    return trials(with_events(tmp_path_factory.mktemp("runs") / "digits-1", TRIALS))


def test_trials_are_counted_by_how_they_ended_and_reasons_are_grouped(section):
    assert "8 trials: 3 did what was asked, 1 missed it, 1 stopped early, 2 failed, 1 not ended." in section.html
    assert "<td>loss is &lt;NaN&gt;</td><td>2</td>" in section.html


def test_the_line_goes_down_only_where_a_complete_trial_did_what_was_asked(section):
    (line,) = (one for one in section.figures["trials-order"].to_dict()["data"] if one["name"] == "best so far")
    assert (list(line["x"]), list(line["y"])) == ([1, 6, 8], [2.0, 1.5, 1.5])


def test_trials_lie_where_they_ended_and_tell_parameters_and_violation(section):
    found = by_name(section.figures["trials-space"])
    assert list(found["does what was asked"]["x"]) == [2.0, 2.5, 1.5]
    assert list(found["does what was asked"]["y"]) == [0.90, 0.91, 0.92]
    assert found["misses what was asked"]["text"][0] == "trial-0002<br>rate 0.2<br>misses what was asked by 0.05"
    assert list(found["stopped early"]["x"]) == [2.9]


def test_a_folder_without_journal_has_no_trials(tmp_path):
    assert trials(sweep(tmp_path / "digits-1")) is None


def test_a_sweep_whose_trials_all_failed_tells_why(tmp_path):
    found = trials(with_events(tmp_path / "digits-1", [({}, {}, "FAIL", "no memory")]))
    assert not found.figures and "no memory" in found.html


def test_two_thousand_trials_stay_small(tmp_path):
    params = {f"parameter_{place}": 0.1234567 * place for place in range(20)}
    many = [(params, metrics(0.9 + 1e-7 * n, 2.0 - 1e-7 * n), "COMPLETE", "") for n in range(2000)]
    section = trials(with_events(tmp_path / "digits-1", many))
    without = rendered("page", [])
    assert len(rendered("page", [section])) - len(without) < 600_000


def test_between_two_of_few_trials_there_is_none(section):
    assert section.figures["trials-order"].layout.xaxis.dtick == 1
