"""A summary is read as it was written, with the keys of other versions and tasks."""

import json

import pytest

from search.run_folder.summary import Summary
from tests.search.summaries import made_up_summary


OLDER = {
    "selected": {"rule": "confidence", "params": {}, "search": {"accuracy": 0.9, "confusion": [[1, 0], [0, 1]]}},
    "baselines": {"full_network": {"search": {"accuracy": 0.95}}},
    "trials": {"started": 3, "completed": 2, "pruned": 0, "failed": 1},
}


@pytest.mark.parametrize("found", [made_up_summary(0), OLDER, {**made_up_summary(1), "of_another_task": [1, None]}])
def test_what_was_written_is_read(found, tmp_path):
    summary = Summary.model_validate(found)
    summary.save(tmp_path / "summary.json")
    assert Summary.load(tmp_path / "summary.json") == summary


def test_keys_and_nesting_are_those_of_the_file(tmp_path):
    found = {**made_up_summary(0), "of_another_task": [1, None]}
    (tmp_path / "summary.json").write_text(json.dumps(found))
    assert Summary.load(tmp_path / "summary.json").to_dict() == found


def test_figures_are_told_by_split_in_the_order_of_the_splits():
    found = made_up_summary(0)
    selected = dict(reversed(found["selected"].items()))
    summary = Summary.model_validate({**found, "selected": selected})
    assert list(summary.selected.by_split) == ["search", "certify", "test"]
    assert summary.selected.by_split["test"] == selected["test"]
    assert summary.baseline_trials[0].same_depth.by_split.keys() == {"test"}
    assert summary.baseline_trials[0].same_accuracy is None


def test_counts_of_older_sweeps_have_their_names_of_today():
    counts = Summary.model_validate(OLDER).trials
    assert (counts.started, counts.complete, counts.pruned, counts.fail) == (3, 2, 0, 1)


def test_figures_of_a_soft_network_stand_side_by_side():
    soft = Summary.model_validate(made_up_summary(0)).soft["test"]
    hard = ("accuracy", "mean_cost", "accuracy_difference", "cost_difference")
    names = [f"{name}_{key}" for name in ("policy", "stop_at_half") for key in hard]
    assert list(soft.figures) == ["accuracy", "top5_accuracy", "expected_cost", *names]
    assert soft.figures["stop_at_half_mean_cost"] == soft.stop_at_half.mean_cost
    assert "top5_accuracy" not in soft.model_copy(update={"top5_accuracy": None}).figures


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"selected": {}}', '{"selected": 1, "baselines": {}}'])
def test_what_is_no_summary_is_refused(text, tmp_path):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(ValueError, match=r"Expecting|validation error"):
        Summary.load(tmp_path / "summary.json")


def test_what_older_searches_said_of_recordings_is_kept(tmp_path):
    heard = {"accuracy": 0.9, "mean_seconds": 3.2}
    recordings = {"threshold": 0.9, "whole": {"test": heard}, "until_sure": {"test": heard}}
    path = tmp_path / "summary.json"
    path.write_text(json.dumps({**made_up_summary(0), "recordings": recordings}))
    assert Summary.load(path).to_dict()["recordings"] == recordings


@pytest.mark.parametrize(
    ("known", "least"),
    [
        ({"quality": "accuracy", "least_accuracy": 0.9, "goal_target": 0.8}, 0.9),
        ({"quality": "macro_f1", "least_accuracy": 0.9, "goal_target": 0.8}, 0.8),
        ({"quality": "macro_f1", "target": 0.7}, 0.7),
        ({"quality": "accuracy", "target": 0.0}, None),
    ],
)
def test_the_bound_of_the_quality_is_what_all_comes_to(known, least):
    assert Summary.model_validate({**OLDER, **known}).least_quality == least
