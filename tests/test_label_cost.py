"""That the benchmark of certified early exits on many tables draws, judges and counts as it says, on small inputs."""

from dataclasses import replace
from functools import partial
import os
from pathlib import Path
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
from PIL import Image
import pytest

from policies.baselines.full_network import full_network
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from trainables.data import SplitFractions


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import label_cost
from label_cost_rounds import Case, Differences, World, decided_policies, most_wanted, play_case, row_of
from many_tables import MANY_RECIPES, write_wake_words
from resampling import Pool
import revisions
from tables import Recipe, TableSet, real_tables, synthetic_table

from tests.tables import make_table


SMALL = EvolveSettings(population=8, generations=2, max_levels=32)


@pytest.fixture(scope="module")
def pool():
    table = synthetic_table(900, 3, 4, seed=1)
    return Pool.of(TableSet("made-up-00", "made up", *(table.take(np.arange(part, 900, 3)) for part in range(3))))


@pytest.fixture(scope="module")
def rounds(pool):
    return play_case(pool, Case("made-up-00", 400, 0, 3, max_drop=0.05), SMALL)


def write_fashion_mnist(folder, n=60):
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        for kind, array in (("images-idx3", rng.integers(0, 256, (n, 28, 28))), ("labels-idx1", np.arange(n) % 10)):
            header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (raw / f"{part}-{kind}-ubyte").write_bytes(header + array.astype(np.uint8).tobytes())


def test_there_are_thirty_networks_of_four_kinds_with_names_of_their_own():
    assert sum(one.n_networks for one in MANY_RECIPES) >= 30
    assert len({one.name for one in MANY_RECIPES}) == len(MANY_RECIPES)
    assert len({str(one) for one in MANY_RECIPES if one.workload == "digits"}) == 2
    assert {one.workload for one in MANY_RECIPES} == {"digits", "fashion-mnist", "audio-folder", "image-folder"}


def test_wake_words_are_a_class_and_as_many_of_the_others(tmp_path):
    write_fashion_mnist(tmp_path / "data")
    (tmp_path / "pictures").mkdir()
    write_wake_words("Coat", tmp_path / "data", tmp_path / "pictures", n_pictures=10)
    present, absent = (sorted((tmp_path / "pictures" / name).glob("*.png")) for name in ("present", "absent"))
    assert len(present) == len(absent) == 10
    assert {int(path.stem.split("-")[1]) % 10 for path in present} == {4}
    assert 4 not in {int(path.stem.split("-")[1]) % 10 for path in absent}


def test_files_that_a_recipe_writes_are_read_and_gone_afterwards(tmp_path, monkeypatch):
    places = []

    def write(data_dir, folder, *, word):
        places.append(folder)
        for label, name in enumerate(("absent", word)):
            (folder / name).mkdir()
            for i in range(20):
                grey = np.full((16, 16), 5 * i + 150 * label, dtype=np.uint8)
                Image.fromarray(grey).save(folder / name / f"{i}.png")

    monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path / "own"))
    recipe = Recipe(
        "image-folder",
        1,
        1,
        8,
        0.01,
        SplitFractions(train=0.4, search=0.2, certify=0.2, test=0.2),
        needs_data_dir=True,
        label="wake",
        family="small-cnn",
        width=4,
        write=partial(write, word="present"),
    )
    (one,) = real_tables(tmp_path / "tables", tmp_path, recipes=(recipe,))
    assert one.search.meta["class_names"] == ["absent", "present"]
    assert one.search.n_samples + one.certify.n_samples + one.test.n_samples == 24
    assert not places[0].exists()
    assert not (tmp_path / "own").exists()
    assert os.environ["EXITSEARCH_CACHE"] == str(tmp_path / "own")
    assert "width 4" in str(recipe)


def test_a_thinned_pool_keeps_whole_units(pool):
    assert pool.thinned(900) is pool
    grouped = replace(pool.table, groups=np.array([f"g{i // 3}" for i in range(900)]))
    units = tuple(np.arange(900).reshape(300, 3))
    thinned = Pool(pool.name, grouped, units).thinned(50)
    assert len(thinned.units) == 50
    assert thinned.table.n_samples == 150
    for unit in thinned.units:
        assert len(set(thinned.table.groups[unit])) == 1


def test_a_draw_does_not_depend_on_how_many_there_are(pool, rounds):
    alike = play_case(pool, Case("made-up-00", 400, 0, 2, max_drop=0.05), SMALL)
    assert [replace(one, seconds=0.0) for one in alike] == [replace(one, seconds=0.0) for one in rounds[:2]]


def test_rounds_tell_what_is_certified_and_what_it_takes(rounds):
    assert any(one.selected.certified and one.selected.depth < 1 for one in rounds)
    for one in rounds:
        assert 1 / 3 <= one.alone.depth < 1
        assert one.path_to_label >= one.selected.to_label * one.selected.certified
    row = row_of(Case("made-up-00", 400, 0, 3), 2, rounds[2])
    assert row["draw"] == 2
    assert row["selected_depth"] == rounds[2].selected.depth


def test_truth_is_what_the_pool_says():
    table = make_table(300, seed=2)
    policy = Policy("confidence", (0.6, 0.6), (2.0, 2.0, 2.0))
    decision = policy.decide(table)
    full = full_network(table, np.ones(3)).decide(table)
    depth, drop = World(table).depth_and_drop(policy)
    assert depth == pytest.approx((decision.exits.mean() + 1) / 3)
    assert depth < 1
    assert drop == pytest.approx((full.answers == table.labels).mean() - (decision.answers == table.labels).mean())
    assert World(table).depth_and_drop(full_network(table, np.ones(3))) == (1.0, 0.0)


def test_policies_differ_where_their_answers_do():
    table = make_table(300, seed=2)
    differs = Differences(table)
    full = full_network(table, np.ones(3)).decide(table).answers
    for thresholds in ((0.6, 0.6), (0.9, 0.8), (0.0, 0.0)):
        policy = Policy("confidence", thresholds, (2.0, 2.0, 2.0))
        np.testing.assert_array_equal(differs.of(policy), policy.decide(table).answers != full)
    assert not differs.of(full_network(table, np.ones(3))).any()


def test_policies_that_decide_are_noted_and_no_others_afterwards():
    table, policy = make_table(30), Policy("confidence", (0.6, 0.6), (2.0, 2.0, 2.0))
    with decided_policies() as seen:
        policy.decide(table)
        policy.decide(table)
    policy.decide(table)
    assert seen == [policy]


def test_nothing_is_wanted_more_than_the_full_network_where_nothing_reaches_the_target(pool):
    draw = partial(pool.draw, np.random.default_rng(0).integers(0, 900, 400))
    search, certify = draw("search"), draw("certify")
    easy, hard = Request(target=0.5), Request(target=0.999)
    network = search_network("made-up", search, certify, PolicySearch(asked=easy, settings=SMALL))
    assert most_wanted(network, table_target(easy, search, certify)).leaves_early
    assert not most_wanted(network, table_target(hard, search, certify)).leaves_early


def line_of(which, n, draw, depth, *, certified=True, drop=0.0):
    parts = {
        f"{who}_{key}": value
        for who in ("selected", "alone")
        for key, value in {"certified": certified, "depth": depth, "drop": drop, "to_label": 0.1}.items()
    }
    return {"which": which, "network": "one", "n": n, "search": 0, "draw": draw, "seconds": 1.0} | parts


def test_lines_count_certified_exits_and_violations():
    rows = [
        line_of("old", 300, 0, 0.5, drop=0.02),
        line_of("old", 300, 1, 0.5, certified=False, drop=0.02),
        line_of("new", 300, 0, 0.4, drop=0.01),
        line_of("new", 300, 1, 1.0),
    ]
    frame = pd.DataFrame(rows).assign(n_tested=2, path_to_label=0.25)
    old, new = label_cost.summary(frame, max_drop=0.01)
    assert old[:6] == ["300", "old", "50.0", "50.0", "75.0", "50.0"]
    assert new[:6] == ["300", "new", "100.0", "50.0", "70.0", "40.0"]
    assert old[6].startswith("1 of 2: 50.0 (")
    assert new[6].startswith("0 of 2: 0.0 (")
    assert old[10] == "10.0 / 25.0 / 10.0"
    assert label_cost.table_of(frame, title="made up", max_drop=0.01).row_count == 2
    alone = label_cost.summary(frame[frame["which"] == "old"], max_drop=0.01)
    assert alone[0][5] == "-"


def test_what_was_played_is_kept_and_half_a_line_is_not(tmp_path):
    path = tmp_path / "results.jsonl"
    cases = [Case("one", n, 0, 1) for n in (1000, 300)]
    kept = revisions.Results(path)
    for which in ("new", "old"):
        kept.add(which, cases[0], [{"n": 1000}])
    path.write_text(path.read_text() + '{"which": "ol')
    again = revisions.Results(path)
    assert again.missing("old", cases) == [cases[1]]
    again.add("old", cases[1], [{"n": 300}])
    frame = revisions.Results(path).frame(["old", "new"], cases)
    assert list(zip(frame["n"], frame["which"], strict=True)) == [(300, "old"), (1000, "old"), (1000, "new")]


def test_a_checkout_is_made_and_removed(tmp_path, monkeypatch):
    def git(*arguments):
        named = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *named, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("first")
    git("add", "file")
    git("commit", "-m", "first")
    (tmp_path / "file").write_text("second")
    monkeypatch.setattr(revisions, "this_tree", lambda: tmp_path)
    with revisions.checkout_of("HEAD") as folder:
        assert (folder / "file").read_text() == "first"
    assert not folder.exists()
    assert (tmp_path / "file").read_text() == "second"
    assert len(revisions.short_name("HEAD")) >= 7


@pytest.mark.slow
def test_revisions_are_played_in_processes_of_their_own(tmp_path, monkeypatch, capsys):
    quick = Recipe("digits", 1, 1, 64, 0.02, SplitFractions(train=0.1, search=0.3, certify=0.3, test=0.3))
    monkeypatch.setattr(label_cost, "MANY_RECIPES", (quick,))
    results = tmp_path / "results.jsonl"
    asked = ["--tables", str(tmp_path), "--out", str(results), "--sizes", "60", "--draws", "2", "--points", "30"]
    monkeypatch.setattr(sys, "argv", ["label_cost.py", *asked, "--delta", "0.2"])
    for _ in range(2):
        label_cost.main()
        assert len(results.read_text().splitlines()) == 1
        assert "1 networks, a drop of at most 30 points" in capsys.readouterr().out
    case = Case("digits-00", 60, 0, 2, max_drop=0.3, delta=0.2)
    frame = revisions.Results(results).frame([revisions.THIS_TREE], [case])
    assert frame["draw"].tolist() == [0, 1]
    assert frame["selected_depth"].between(1 / 3, 1).all()
