"""The environment, and commands to copy."""

import shlex

from policies.policy import Policy
from search.cli.app import main
from search.page.sections.environment import environment, next_steps, run_again
from search.run_folder.summary import Summary
from tests.multilabel_tables import make_label_table
from tests.search.page.sections.finished import searched, sweep


def test_a_sweep_is_run_again_from_its_own_file(tmp_path):
    run = sweep(tmp_path / "my runs" / "digits-1")
    words = shlex.split(run_again(run))
    assert words == ["exitsearch", "run", str(run.folder.sweep_file), "--name", "digits-1-again"]
    assert [shlex.split(text)[1] for _, text in next_steps(run)] == ["export", "certify", "bench"]
    assert "What comes next" in environment(run).html


def test_the_command_of_a_policy_search_asks_for_the_same_once_more(tmp_path):
    asked = ("--max-drop", "exact_match=0.05", "--max-drop", "hamming=0.02", "--bound", "label_macro_f1=0.3")
    run = searched(tmp_path, make_label_table, *asked)
    words = shlex.split(run_again(run))
    try:
        main([*words[1:], "--max-evaluations", "300"])
    except SystemExit as ended:
        assert ended.code in (0, 3, 4), ended.code
    again = tmp_path / "found-again"
    assert Summary.load(again / "summary.json").asked == run.summary.asked
    assert Policy.load(again / "policy.json").rule == run.policy.rule


def test_packages_that_matter_and_seeds_are_told(tmp_path):
    run = sweep(tmp_path / "digits-1")
    run.environment.update(packages={"torch": "2.9.0", "attrs": "1.0"}, seeds={"sweep": 7}, python="3.11.7")
    html = environment(run).html
    assert "torch 2.9.0" in html and "attrs" not in html and "sweep 7" in html and "git commit" not in html
