"""``exitsearch policy``: files, figures, exit codes, and one line for every mistake."""

from dataclasses import replace
import json

import numpy as np
import pandas as pd
import pytest

from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from search.cli.app import ExitCode, main
from tests.tables import make_table, with_stop_prob


FAST = ("--rule", "confidence", "--max-evaluations", "3000")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for seed, name in enumerate(("search", "certify", "test")):
        make_table(600, 3, 4, seed=seed, prefix=name).save(folder / f"{name}.npz")
    return folder


@pytest.fixture(scope="module")
def found(tables, tmp_path_factory):
    """One search that many tests look at: its exit code, folder and summary."""
    out = tmp_path_factory.mktemp("found") / "policy"
    code = status("policy", tables / "search.npz", *splits(tables), "--target", "0.75", *FAST, "--out", out)
    return code, out, json.loads((out / "summary.json").read_text())


def splits(tables):
    return "--certify", tables / "certify.npz", "--test", tables / "test.npz"


def status(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_everything_is_written(found):
    code, out, summary = found
    assert code == ExitCode.DONE
    names = {path.name for path in out.iterdir()}
    assert names == {
        "summary.json",
        "policy.json",
        "certificate.json",
        "pareto_front.csv",
        "pareto_front.png",
        "pareto_front.html",
        "report.html",
        "budgets.csv",
        "reliability.png",
        "classes.csv",
        "confusion.npz",
        "confusion.png",
    }
    assert summary["certified"]
    assert summary["selected"].keys() >= {"rule", "params", "search", "certify", "test"}
    assert set(summary["selected"]["test"]) >= {
        *("accuracy", "macro_f1", "mean_depth", "mean_cost", "p90_cost", "worst_cost", "exit_mix", "ece"),
    }


def test_figures_are_those_of_the_policy_file(found, tables):
    _, out, summary = found
    policy = Policy.load(out / "policy.json")
    test = ClassificationTable.load(tables / "test.npz")
    decision = policy.decide(test)
    assert summary["selected"]["test"]["accuracy"] == pytest.approx((decision.answers == test.labels).mean())
    assert summary["selected"]["test"]["mean_depth"] == pytest.approx(decision.exits.mean() + 1)


def test_every_policy_and_exit_is_told_class_by_class_beside_the_summary(found, tables):
    _, out, summary = found
    told = [
        f"{name}/{split}"
        for names in (["selected"], ["exit_1", "exit_2", "exit_3"], summary["baselines"])
        for name in names
        for split in ("search", "certify", "test")
    ]
    test = ClassificationTable.load(tables / "test.npz")
    by_class = pd.read_csv(out / "classes.csv").set_index(["policy", "split"])
    with np.load(out / "confusion.npz") as matrices:
        assert sorted(matrices.files) == sorted(told)
        for name in told:
            policy, split = name.split("/")
            assert matrices[name].sum() == 600
            assert by_class.loc[(policy, split), "n_labelled"].tolist() == matrices[name].sum(axis=1).tolist()
        right = np.trace(matrices["selected/test"])
        assert matrices["selected/test"].sum(axis=1).tolist() == np.bincount(test.labels).tolist()
    assert right / 600 == pytest.approx(summary["selected"]["test"]["accuracy"])
    assert "confusion" not in (out / "summary.json").read_text()


def test_files_of_many_classes_are_bounded(tmp_path):
    make_table(700, 3, 300).save(tmp_path / "search.npz")
    out = tmp_path / "out"
    asked = ("--max-drop", "0.1", "--rule", "ensemble", "--rule", "confidence", "--max-evaluations", "3000")
    status("policy", tmp_path / "search.npz", *asked, "--out", out)
    sizes = {path.name: path.stat().st_size for path in out.iterdir()}
    assert sizes["summary.json"] < 60_000
    assert sizes["pareto_front.csv"] < 100_000
    assert sizes["confusion.npz"] < 300_000
    assert sizes["policy.json"] < 100_000
    Policy.load(out / "policy.json")


def test_policy_on_the_front_meets_the_target(found):
    _, out, summary = found
    front = pd.read_csv(out / "pareto_front.csv")
    assert (front["accuracy"] >= 0.75).all()
    assert front["mean_depth"].is_monotonic_increasing
    assert front["selected"].sum() == 1
    assert summary["front_size"] == len(front)


def test_all_baselines_are_reported_on_all_splits(found):
    _, _, summary = found
    assert summary["baselines"].keys() == {
        *("full_network", "best_single_exit", "greedy_shared_threshold", "geometric", "hill_climbing"),
        *("coordinate_descent", "random_search", "exhaustive"),
        *("full_network_recalibrated", "grid_greedy", "grid_conformal", "grid_evidence"),
    }
    for figures in summary["baselines"].values():
        assert {"search", "certify", "test"} <= figures.keys()


def test_best_policies_within_budgets_are_told(found, tables):
    _, out, summary = found
    test, front = ClassificationTable.load(tables / "test.npz"), pd.read_csv(out / "pareto_front.csv")
    assert [one["budget"] for one in summary["fixed_budgets"]] == pd.read_csv(out / "budgets.csv")["budget"].tolist()
    for one in summary["fixed_budgets"]:
        row = front.iloc[one["position"] - 1]
        assert row["mean_cost"] == pytest.approx(one["search"]["mean_cost"])
        assert row["accuracy"] == front["accuracy"][front["mean_cost"] <= one["budget"]].max()
        decision = Policy.from_dict(json.loads(row["policy"])).decide(test)
        assert one["test"]["accuracy"] == (decision.answers == test.labels).mean()


def test_a_network_with_stop_probabilities_is_told_as_a_soft_one(tmp_path, capsys):
    for seed, name in enumerate(("search", "test")):
        with_stop_prob(make_table(300, 3, 8, seed=seed, prefix=name)).save(tmp_path / f"{name}.npz")
    asked = ("--test", tmp_path / "test.npz", "--max-drop", "0.2", "--rule", "dual-threshold")
    status("policy", tmp_path / "search.npz", *asked, "--max-evaluations", "1000", "--out", tmp_path / "out")
    printed = capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    soft = summary["soft"]["test"]
    assert soft["policy"]["mean_cost"] == pytest.approx(summary["selected"]["test"]["mean_cost"])
    assert soft["policy"]["accuracy"] == pytest.approx(summary["selected"]["test"]["accuracy"])
    line = next(line for line in printed.splitlines() if line.startswith("Soft network, test "))
    told = f"accuracy {soft['accuracy']:.4f} at expected cost {soft['expected_cost']:.4f}"
    realised = f"; policy {soft['policy']['accuracy']:.4f} at {soft['policy']['mean_cost']:.4f}"
    assert told in line and realised in line
    assert f"({soft['stop_at_half']['cost_difference']:+.4f})" in line
    budgets = next(line for line in printed.splitlines() if line.startswith("Fixed budgets "))
    last = summary["fixed_budgets"][-1]
    assert f"{last['test']['accuracy']:.4f} within" in budgets and "budgets.csv" in budgets
    assert "top5_accuracy" in last["test"]


def test_the_written_policy_is_certified_again_but_not_on_its_own_search_table(found, tables, capsys):
    _, out, _ = found
    assert status("certify", out / "policy.json", tables / "certify.npz", "--target", "0.75") == ExitCode.DONE
    assert status("certify", out / "policy.json", tables / "search.npz", "--target", "0.75") == ExitCode.WRONG_INPUT
    assert "chosen on all 600 samples" in capsys.readouterr().err


def test_no_part_of_the_search_table_certifies_the_written_policy(found, tables, tmp_path, capsys):
    """As the exports of a loader that drops its last batch, and of half the data."""
    _, out, _ = found
    search, certify = ClassificationTable.load(tables / "search.npz"), ClassificationTable.load(tables / "certify.npz")
    search.take(np.arange(592)).save(tmp_path / "dropped.npz")
    search.take(np.arange(0, 600, 2)).save(tmp_path / "half.npz")
    some = search.take(np.arange(300, 303)).ids
    replace(certify, ids=np.concatenate([certify.ids[:-3], some])).save(tmp_path / "some.npz")
    for name, seen in (("dropped", "592 of the 592"), ("half", "300 of the 300"), ("some", "3 of the 600")):
        arguments = "certify", out / "policy.json", tmp_path / f"{name}.npz", "--target", "0.5"
        assert status(*arguments) == ExitCode.WRONG_INPUT
        assert f"was chosen on {seen} samples, such as 'search" in capsys.readouterr().err


def test_the_written_policy_states_what_it_is_for(found, tables):
    _, out, _ = found
    data = json.loads((out / "policy.json").read_text())
    assert (data["n_classes"], data["workload"]) == (4, "made up")
    assert data["cost"] == ClassificationTable.load(tables / "search.npz").cost.tolist()
    assert data["chosen_on"]["n_samples"] == 600


def test_logits_and_labels_are_enough(tables, tmp_path, capsys):
    for name in ("search", "certify"):
        table = ClassificationTable.load(tables / f"{name}.npz")
        np.savez(tmp_path / f"{name}.npz", logits=table.logits.astype("float64"), labels=table.labels.astype("uint8"))
    given = [tmp_path / "search.npz", "--certify", tmp_path / "certify.npz", "--target", "0.75", *FAST]
    assert status("policy", *given, "--out", tmp_path / "o") == ExitCode.DONE
    warned = capsys.readouterr().err.strip().splitlines()
    assert [line.split("/")[-1].split(":")[0] for line in warned] == ["search.npz", "certify.npz"]
    assert status("certify", tmp_path / "o" / "policy.json", tmp_path / "search.npz", "--target", "0.5") == 2
    given[2] = given[0]
    assert status("policy", *given, "--out", tmp_path / "p") == ExitCode.WRONG_INPUT
    assert "share 600 ids" in capsys.readouterr().err


def test_a_search_table_of_one_class_or_five_samples_is_searched_with_a_warning(tables, tmp_path, capsys):
    table = ClassificationTable.load(tables / "search.npz")
    table.take(np.flatnonzero(table.labels == 1)).save(tmp_path / "one.npz")
    table.take(np.arange(5)).save(tmp_path / "five.npz")
    arguments = "--target", "0.1", "--rule", "all", "--max-evaluations", "300"
    for name, told in (("one", "labels are class 1 of 4"), ("five", "5 samples tell little")):
        assert status("policy", tmp_path / f"{name}.npz", *arguments, "--out", tmp_path / name) == ExitCode.DONE
        assert told in capsys.readouterr().err


def test_same_seed_gives_the_same_policy(found, tables, tmp_path):
    _, out, _ = found
    status("policy", tables / "search.npz", *splits(tables), "--target", "0.75", *FAST, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "policy.json").read_text() == (out / "policy.json").read_text()


def test_target_out_of_reach_is_infeasible(tables, tmp_path, capsys):
    code = status("policy", tables / "search.npz", "--target", "0.999", *FAST, "--out", tmp_path / "o")
    assert code == ExitCode.NOT_ACHIEVED == 3
    assert "INFEASIBLE: no policy met accuracy 0.999" in capsys.readouterr().out
    assert not json.loads((tmp_path / "o" / "summary.json").read_text())["feasible"]


def test_what_is_infeasible_is_not_said_to_have_a_loose_target(tables, tmp_path, capsys):
    asked = ("--target", "0.3", "--bound", "flip_rate_to_exit=0", "--bound", "macro_f1=0.999")
    assert status("policy", tables / "search.npz", *asked, *FAST, "--out", tmp_path / "o") == ExitCode.NOT_ACHIEVED
    printed = capsys.readouterr().out
    assert "INFEASIBLE: " in printed
    assert "Collapse" not in printed


def test_feasible_but_not_certifiable_is_3(tables, tmp_path, capsys):
    full = float((ClassificationTable.load(tables / "search.npz").logits[:, -1].argmax(1) == _labels(tables)).mean())
    arguments = ["--target", str(full - 0.001), "--certify", tables / "certify.npz", *FAST]
    assert status("policy", tables / "search.npz", *arguments, "--out", tmp_path / "o") == 3
    assert "NOT CERTIFIED" in capsys.readouterr().out


def _labels(tables):
    return ClassificationTable.load(tables / "search.npz").labels


def test_objective_latency_under_a_budget_by_preset(tables, tmp_path):
    arguments = ["--preset", "f1-under-budget", "--latency-ms", "1,3,6", "--budget", "2.5", *FAST]
    assert status("policy", tables / "search.npz", *arguments, "--out", tmp_path / "o") == ExitCode.DONE
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    front = pd.read_csv(tmp_path / "o" / "pareto_front.csv")
    assert (summary["quality"], summary["objective"]) == ("macro_f1", "latency")
    assert (front["mean_latency_ms"] <= 2.5).all()
    assert front.loc[front["selected"], "macro_f1"].item() == front["macro_f1"].max()
    mix = np.array(summary["selected"]["search"]["exit_mix"])
    assert mix @ [1, 3, 6] <= 2.5 + 1e-9
    assert summary["selected"]["search"]["mean_latency_ms"] == pytest.approx(mix @ [1, 3, 6])
    assert summary["baselines"]["grid_f1_under_budget"]["search"]["mean_latency_ms"] <= 4.0


def times_file(path, latency_ms=(1.0, 3.0, 6.0), **more):
    stated = {"executor": "onnx", "batch_size": 1, "device": "cpu", "processor": "A", "threads": 1, "model_hash": "ab"}
    path.write_text(json.dumps({**stated, "latency_ms": latency_ms, **more}))
    return path


def test_times_of_a_device_are_the_objective(tables, tmp_path, capsys):
    times = times_file(tmp_path / "times.json")
    arguments = ["--target", "0.7", "--objective", "latency", "--latency-from", times, *FAST]
    assert status("policy", tables / "search.npz", *arguments, "--out", tmp_path / "o") == ExitCode.DONE
    assert "Times up to each exit: onnx, batch 1, 1 thread, A" in capsys.readouterr().out
    figures = json.loads((tmp_path / "o" / "summary.json").read_text())["selected"]["search"]
    assert figures["mean_latency_ms"] == pytest.approx(np.array(figures["exit_mix"]) @ [1, 3, 6])


@pytest.mark.parametrize(
    ("latency_ms", "further", "message"),
    [
        ((1.0, 2.0), (), "the number of exits is 2 in --latency-from and 3 in"),
        ((3.0, 2.0, 1.0), (), "must be 3 increasing positive times"),
        ((1.0, 2.0, 3.0), ("--latency-ms", "1,2,3"), "--latency-ms and --latency-from both give the times"),
    ],
)
def test_times_that_cannot_be_are_one_line(tables, tmp_path, capsys, latency_ms, further, message):
    times = times_file(tmp_path / "times.json", latency_ms)
    arguments = ["--target", "0.7", "--latency-from", times, *further, *FAST, "--out", tmp_path / "o"]
    assert status("policy", tables / "search.npz", *arguments) == ExitCode.WRONG_INPUT
    assert message in capsys.readouterr().err.strip()
    assert not (tmp_path / "o").exists()


def test_times_of_another_network_are_refused(tmp_path, capsys):
    table = make_table(60, 3, 4)
    replace(table, meta={**table.meta, "model_hash": "cd"}).save(tmp_path / "search.npz")
    times = times_file(tmp_path / "times.json")
    arguments = ["--target", "0.7", "--latency-from", times, *FAST, "--out", tmp_path / "o"]
    assert status("policy", tmp_path / "search.npz", *arguments) == ExitCode.WRONG_INPUT
    assert "the model hash is ab in --latency-from and cd in" in capsys.readouterr().err


def test_islands_over_ray(ray_session, tables, tmp_path):
    arguments = ["--target", "0.75", "--islands", "2", *FAST, "--out", tmp_path / "o"]
    assert status("policy", tables / "search.npz", *arguments) == ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a search needs --target"),
        (("--target", "1.5"), "--target must be above 0 and at most 1 but 1.5 was given"),
        (("--target", "0.9", "--rule", "nothing"), "there is no rule 'nothing'. Known are"),
        (("--target", "0.9", "--rule", "dual-threshold"), "it has no 'stop_prob'"),
        (("--target", "0.9", "--objective", "joy"), "there is no objective 'joy'. Known are cost, depth, latency"),
        (("--target", "0.9", "--objective", "latency"), "needs latency_ms"),
        (("--target", "0.9", "--objective", "latency", "--latency-ms", "1,2"), "must be 3 increasing positive times"),
        (("--target", "0.9", "--latency-ms", "1,x"), "--latency-ms must be a number but 'x'"),
        (("--target", "0.9", "--bound", "macro_f1"), "--bound must be NAME=VALUE"),
        (("--target", "0.9", "--bound", "beauty=1"), "there is no quality 'beauty'"),
        (("--max-drop", "2"), "--max-drop must be at least 0 and below 1 but 2.0 was given"),
        (("--target", "0.9", "--delta", "0"), "delta"),
        (
            ("--target", "0.9", "--calibration", "magic"),
            "--calibration must be 'lbfgs' or 'grid' but 'magic'",
        ),
        (("--preset", "nothing"), "--preset must be 'f1-under-budget' but 'nothing' was given"),
        (("--target", "0.9", "--seed", "-1"), "--seed must be at least 0"),
        (
            ("--target", "0.9", "--population", "6"),
            "--population must be at least 4, at most 10,000 and a multiple of 4 but 6",
        ),
        (("--target", "0.9", "--certify", "search.npz"), "must not overlap"),
        (("--budget", "2", "--certify", "certify.npz"), "needs something that can be certified"),
        (("--max-drop-greedy", "0.1", "--certify", "certify.npz"), "needs something that can be certified"),
        (("--target", "0.8", "--quality", "macro_f1", "--certify", "certify.npz"), "no certificate for macro-F1"),
        (("--target", "0.9", "--certify", "missing.npz"), "there is no such exit table"),
        (("--target", "0.9", "--test", "other.npz"), "all tables must be of one network but the number of exits is 2"),
        (("--target", "0.9", "--out", "."), "must be a new or an empty folder"),
    ],
)
def test_mistakes_are_one_line_and_status_2(tables, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tables)
    if not (tables / "other.npz").exists():
        make_table(60, 2, prefix="o").save(tables / "other.npz")
    assert status("policy", "search.npz", *arguments) == ExitCode.WRONG_INPUT
    printed = capsys.readouterr().err.strip()
    assert message in printed
    assert len(printed.splitlines()) == 1


def test_help_shows_how_to_write_a_table_and_that_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 40)
    logits = rng.normal(size=(40, 3, 3)) + 4 * (np.arange(3) == labels[:, None])[:, None]
    flops, names = [3e6, 6e6, 1e7], [f"image {i}" for i in range(40)]
    np.savez("search.npz", logits=logits, labels=labels, cost=flops, ids=names)
    assert status("policy", "search.npz", "--target", "0.8", *FAST) == ExitCode.DONE
    assert (tmp_path / "runs" / "policy-1" / "policy.json").exists()


@pytest.fixture(scope="module")
def sited(tables, tmp_path_factory):
    """The same tables with a column of two sites."""
    folder = tmp_path_factory.mktemp("sited")
    for name in ("search", "certify", "test"):
        table = ClassificationTable.load(tables / f"{name}.npz")
        sites = np.array(["A", "B", "B"])[np.arange(table.n_samples) % 3]
        table.with_columns({"site": sites}).save(folder / f"{name}.npz")
    return folder


def test_a_policy_is_certified_for_every_value_of_a_column(sited, tmp_path, capsys):
    arguments = ("--target", "0.7", "--by", "site", *FAST, "--out", tmp_path / "out")
    assert status("policy", sited / "search.npz", *splits(sited), *arguments) == ExitCode.DONE
    assert "200 samples where site = A, the fewest of any value, prove at best" in capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["certified"] and summary["certificate"]["worst_subgroup"] in ("A", "B")
    assert "for every value of site by itself" in summary["certificate"]["claim"]
    assert {"--by", "site"} <= {*summary["table_search"]["options"]}


def test_a_column_that_is_not_there_is_told_before_the_search(tables, sited, tmp_path, capsys):
    for folder, more, message in (
        (tables, splits(tables), "column of that name but there is none; save one as 'column.site'"),
        (sited, (), "--by is for the certificate of --certify, which is not given; add it, or leave --by out"),
    ):
        arguments = ("--target", "0.7", "--by", "site", *FAST, "--out", tmp_path / "none")
        assert status("policy", folder / "search.npz", *more, *arguments) == ExitCode.WRONG_INPUT
        assert message in capsys.readouterr().err
        assert not (tmp_path / "none").exists()
