"""``exitsearch policy --level reading``: parents are read until they are sure."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.policy import Policy
from policies.tasks import load_table
from search.cli.app import ExitCode, main
from tests.recorded_tables import recordings_table


FAST = ("--rule", "confidence", "--max-evaluations", "2000", "--level", "reading")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    for seed, name in enumerate(("search", "certify", "test")):
        table = recordings_table([4] * 150, seed=seed)
        replace(table, ids=np.array([f"{name}-{one}" for one in table.ids])).save(folder / f"{name}.npz")
    return folder


def status(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_a_policy_that_reads_is_found_certified_and_told(tables, tmp_path, capsys):
    splits = ("--certify", tables / "certify.npz", "--test", tables / "test.npz")
    code = status("policy", tables / "search.npz", *splits, "--target", "0.85", *FAST, "--out", tmp_path / "out")
    printed, summary = capsys.readouterr().out, json.loads((tmp_path / "out" / "summary.json").read_text())
    assert code == ExitCode.DONE
    policy = Policy.load(tmp_path / "out" / "policy.json")
    assert (policy.answering.level, policy.answering.pooling) == ("reading", "evidence")
    test = summary["selected"]["test"]
    assert test["mean_read"] < summary["baselines"]["full_network"]["test"]["mean_read"] == 4.0
    seconds, whole = test["mean_seconds"], summary["baselines"]["full_network"]["test"]["mean_seconds"]
    told = f"{test['mean_read']:.2f} of 4.00 samples of a parent, until its answer is sure"
    assert f"{told} ({seconds:.2f} of {whole:.2f} s)" in " ".join(printed.split())
    read = (policy.decide(load_table(tables / "test.npz")).exits >= 0).sum()
    assert read / 150 == pytest.approx(test["mean_read"])
    assert "mean_read" in (tmp_path / "out" / "pareto_front.csv").read_text().splitlines()[0]
    assert (tmp_path / "out" / "pareto_front.png").exists()


def test_samples_without_an_order_are_one_line(tables, tmp_path, capsys):
    table = load_table(tables / "search.npz")
    parents = np.array([one.rpartition("#")[0] for one in table.ids])
    ids = np.array([f"s{i}" for i in range(table.n_samples)])
    replace(table, ids=ids, parents=parents).save(tmp_path / "search.npz")
    assert status("policy", tmp_path / "search.npz", "--target", "0.85", *FAST, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "none is told" in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()
