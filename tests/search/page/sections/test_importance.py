"""What mattered."""

from search.page.sections.importance import importance
from tests.search.page.sections.finished import sweep


SHARES = """objective,among,parameter,importance,n_trials
accuracy,all 9 trials,rate,0.4,9
accuracy,all 9 trials,decay,0.1,9
objective_at_target,all 9 trials,decay,0.75,9
objective_at_target,8 trials with alpha,alpha,0.2,8
"""
SEEDS = "trial_id,label,seed,accuracy,mean_depth\ntrial-0001,,0,0.91239,1.5\ntrial-0001,,1,,1.6\n"


def test_bars_and_a_sentence_for_each_objective(tmp_path):
    run = sweep(tmp_path / "digits-1")
    run.folder.importance_csv.write_text(SHARES)
    section = importance(run)
    assert list(section.figures) == ["importance-accuracy", "importance-objective_at_target"]
    first, second = section.figures["importance-objective_at_target"].data
    assert (first.name, list(first.y), list(first.x)) == ("all 9 trials", ["decay"], [0.75])
    assert (second.name, list(second.x)) == ("8 trials with alpha", [0.2])
    assert "Accuracy: rate mattered most, and explains 40% of the differences among all 9 trials." in section.html


def test_several_seeds_are_a_table(tmp_path):
    run = sweep(tmp_path / "digits-1")
    run.folder.seeds_csv.write_text(SEEDS)
    html = importance(run).html
    assert "<td>0.9124</td>" in html and "nan" not in html


def test_where_neither_was_written_there_is_nothing(tmp_path):
    assert importance(sweep(tmp_path / "digits-1")) is None
