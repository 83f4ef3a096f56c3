"""The environment, and commands to copy."""

import json
import shlex

import pytest

from policies.policy import Policy
from search.cli.app import main
from search.page.run import FinishedRun
from search.page.sections.environment import environment, next_steps, run_again
from search.run_folder.summary import Summary
from tests.multilabel_tables import make_label_table
from tests.search.page.sections.finished import searched, sweep
from tests.tables import make_table


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
        main(words[1:])
    except SystemExit as ended:
        assert ended.code in (0, 3, 4), ended.code
    again = tmp_path / "found-again"
    assert Summary.load(again / "summary.json").asked == run.summary.asked
    assert Policy.load(again / "policy.json").rule == run.policy.rule


HOW = ("--target", "0.8", "--rule", "learned-gate", "--rule", "confidence", "--seed", "7", "--shared-thresholds")


def test_a_policy_search_keeps_its_seed_and_its_options(tmp_path):
    folder = tmp_path / '<my> "tables" & é'
    run = searched(folder, make_table, *HOW)
    words = shlex.split(run_again(run))
    tables = [str(folder / "search.npz"), *(f"{folder}/{split}.npz" for split in ("certify", "test"))]
    assert words[:3] == ["exitsearch", "policy", tables[0]]
    assert words[3:7] == ["--certify", tables[1], "--test", tables[2]]
    assert sorted(words[7:-2]) == sorted((*HOW, "--max-evaluations", "300"))
    assert run.seed == 7
    told = environment(run).html
    assert "search 7" in told and "<my>" not in told and "earlier version" not in told
    with pytest.raises(SystemExit):
        main(words[1:])
    again = FinishedRun.read(folder / "found-again")
    assert again.policy.policy_hash == run.policy.policy_hash
    assert again.summary.selected == run.summary.selected


@pytest.mark.parametrize(
    ("make", "asked"),
    [
        (make_table, ("--max-drop", "0.3", "--bound", "worst_class_recall=0.1")),
        (make_label_table, ("--max-drop", "hamming=0.2", "--bound", "label_micro_f1=0.2")),
    ],
)
def test_the_same_claim_is_the_whole_claim(make, asked, tmp_path):
    run = searched(tmp_path, make, "--target", "0.2654321", *asked)
    (words,) = (shlex.split(text) for _, text in next_steps(run) if " certify " in text)
    assert words[words.index("--target") + 1] == "0.2654321"
    make(seed=9, prefix="new").save(tmp_path / "new.npz")
    out = ["--out", str(tmp_path / "again.json")]
    with pytest.raises(SystemExit):
        main([str(tmp_path / "new.npz") if word == "NEW-TABLE.npz" else word for word in [*words[1:], *out]])
    claims = [json.loads(file.read_text())["claim"] for file in (run.folder.certificate_file, tmp_path / "again.json")]
    assert claims[0] == claims[1]


def test_the_words_of_a_search_that_kept_no_options_are_those_of_its_summary(tmp_path):
    run = searched(tmp_path, make_table, "--target", "0.8", "--objective", "cost", "--seed", "7")
    older = FinishedRun(run.folder, run.summary.model_copy(update={"table_search": None}))
    words = shlex.split(run_again(older))
    assert words[words.index("--objective") + 1] == "cost" and "--seed" not in words
    assert older.seed == 0
    alone = older.summary.model_copy(update={"tables": {"search": "search.npz"}})
    assert "--delta" in words and "--delta" not in run_again(FinishedRun(run.folder, alone))
    assert "earlier version kept no other options" in environment(older).html


def test_packages_that_matter_and_seeds_are_told(tmp_path):
    run = sweep(tmp_path / "digits-1")
    run.environment.update(packages={"torch": "2.9.0", "attrs": "1.0"}, seeds={"sweep": 7}, python="3.11.7")
    html = environment(run).html
    assert "torch 2.9.0" in html and "attrs" not in html and "sweep 7" in html and "git commit" not in html
