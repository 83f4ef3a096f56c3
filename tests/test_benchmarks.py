"""That the benchmarks' parts do what their tables say, on small inputs; nothing is timed."""

from dataclasses import replace
from io import StringIO
from itertools import product
from pathlib import Path
import sys

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
import soundfile
import torch

from policies import blocks
from policies.baselines.full_network import full_network
from policies.calibration.temperature import fit_temperatures
from policies.evaluation.population import PopulationEvaluator
from policies.evolution.settings import EvolveSettings
from policies.metrics.exits import exit_accuracies
from policies.policy import Policy
from policies.rules import DEFAULT_RULES
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from policies.tables.identity import describe_overlap
from trainables.data import SplitFractions
from trainables.models import cumulative_macs


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from certificates import (
    Judgement,
    Round,
    describe,
    extra_depth,
    judge,
    new_table,
    play,
    play_rounds,
    rows_of,
    share,
    target_of,
)
import deployment
import detection_quality
import drift
from large_tables import large_table, measure
import mixed_operations
from policy_evaluation import one_at_a_time, random_view
import reading_and_depth
from resampling import Parts, Pool, Shares, redraw, resplit
import sequence_comparison
from tables import GROUPED_RECIPES, PARTS, Recipe, TableSet, real_tables, synthetic_table
import uncertified_choices

from tests.recorded_tables import recordings_table
from tests.tables import make_table


QUICK = Recipe("digits", 2, 1, 64, 0.02, SplitFractions(train=0.1, search=0.3, certify=0.3, test=0.3))
SMALL = EvolveSettings(population=8, generations=2, max_levels=32)


def table_set(table, name="made-up-00"):
    """Three tables of the first, second and third third of a table's groups, or samples."""
    names = table.ids if table.groups is None else table.groups
    third = np.unique(names, return_inverse=True)[1] % 3
    return TableSet(name, "made up", *(table.take(np.flatnonzero(third == part)) for part in range(3)))


def grouped(table, size=5):
    return replace(table, groups=np.array([f"g{i // size}" for i in range(table.n_samples)]))


@pytest.fixture(scope="module")
def pool():
    return Pool.of(table_set(synthetic_table(900, 3, 4, seed=1)))


@pytest.mark.parametrize("n_exits", [3, 8])
@pytest.mark.parametrize("n_classes", [2, 10, 100])
def test_synthetic_networks_get_better_with_depth_and_are_overconfident(n_exits, n_classes):
    table = synthetic_table(4000, n_exits, n_classes, seed=3)
    accuracies = exit_accuracies(table)
    assert (np.diff(accuracies) > -0.01).all()
    assert accuracies[-1] > accuracies[0] + 0.02
    assert np.median(fit_temperatures(table)) == pytest.approx(1.3, abs=0.2)
    right = table.logits.argmax(axis=2) == table.labels[:, None]
    assert np.corrcoef(right[:, 0], right[:, -1])[0, 1] > 0.05
    assert (right[:, 0] & ~right[:, -1]).any()


def test_synthetic_table_is_the_same_for_the_same_seed():
    first, again, other = (synthetic_table(50, 3, 4, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.logits, again.logits)
    assert not np.array_equal(first.logits, other.logits)


def test_real_tables_are_made_once(tmp_path):
    made = []
    sets = real_tables(tmp_path, recipes=(QUICK,), on_made=made.append)
    assert made == [one.name for one in sets] == ["digits-00", "digits-01"]
    for one in sets:
        assert describe_overlap({part: getattr(one, part) for part in PARTS}) == ""
        assert one.search.meta["workload"] == one.workload == "digits"
    assert sets[0].test.split_hash != sets[1].test.split_hash

    again = real_tables(tmp_path, recipes=(QUICK,), on_made=made.append)
    assert len(made) == 2
    np.testing.assert_array_equal(again[1].test.logits, sets[1].test.logits)

    (tmp_path / "digits-01-certify.npz").write_bytes(b"half a file")
    repaired = real_tables(tmp_path, recipes=(QUICK,), on_made=made.append)
    assert made[2:] == ["digits-01"]
    np.testing.assert_array_equal(repaired[1].certify.logits, sets[1].certify.logits)


def test_tables_of_another_recipe_are_made_anew(tmp_path):
    made = []
    for recipe in (replace(QUICK, n_networks=1), replace(QUICK, n_networks=1, batch_size=32)):
        real_tables(tmp_path, recipes=(recipe,), on_made=made.append)
    assert made == ["digits-00", "digits-00"]


def test_workloads_that_need_files_are_left_out_without_a_folder(tmp_path):
    recipe = replace(QUICK, workload="fashion-mnist", needs_data_dir=True)
    assert real_tables(tmp_path, recipes=(recipe,)) == []


def test_two_recipes_of_one_workload_keep_their_own_tables(tmp_path):
    made = []
    recipes = (replace(QUICK, n_networks=1), replace(QUICK, n_networks=1, label="digits-again", epochs=2))
    for _ in range(2):
        sets = real_tables(tmp_path, recipes=recipes, on_made=made.append)
    assert made == [one.name for one in sets] == ["digits-00", "digits-again-00"]
    assert [one.workload for one in sets] == ["digits", "digits-again"]


def test_spoken_digits_are_grouped_and_lie_in_their_own_folder(tmp_path):
    folder = tmp_path / "data" / GROUPED_RECIPES[0].folder
    folder.mkdir(parents=True)
    seconds = np.arange(8000) / 8000
    for digit, speaker, index in product(range(2), ("ann", "bob"), range(6)):
        wave = 0.4 * np.sin(2 * np.pi * (300 + 400 * digit + index) * seconds)
        soundfile.write(folder / f"{digit}_{speaker}_{index}.wav", wave, 8000)
    quick = [replace(one, n_networks=1, epochs=1, batch_size=8) for one in GROUPED_RECIPES]
    by_recording, by_session = real_tables(tmp_path / "tables", tmp_path / "data", recipes=tuple(quick))
    for one, n_groups in ((by_recording, 24), (by_session, 12)):
        pool = Pool.of(one)
        assert len(pool.units) < n_groups
        assert max(len(unit) for unit in pool.units) > 1
    assert {name.count("_") for name in by_session.search.groups} == {1}


def test_pool_holds_every_row_once():
    table = synthetic_table(90, 3, 4)
    for tables in (table, grouped(table)):
        pool = Pool.of(table_set(tables))
        assert pool.table.split_hash == table.split_hash
        np.testing.assert_array_equal(np.sort(np.concatenate(pool.units)), np.arange(90))
        assert {len(unit) for unit in pool.units} == {90 // len(pool.units)}


def test_resplit_shares_the_rows_out(pool):
    parts = resplit(pool, Shares(0.2, 0.3), np.random.default_rng(0))
    tables = (parts.search, parts.certify, parts.judged)
    assert [table.n_samples for table in tables] == [180, 270, 450]
    together = np.concatenate([table.logits[:, 0, 0] for table in tables])
    np.testing.assert_array_equal(np.sort(together), np.sort(pool.table.logits[:, 0, 0]))


def test_redraw_repeats_rows_and_judges_on_the_pool(pool):
    parts = redraw(pool, Shares(0.5, 0.5), np.random.default_rng(0))
    assert parts.judged is pool.table
    assert parts.search.n_samples == 450
    assert len(np.unique(parts.search.logits[:, 0, 0])) < 450
    assert describe_overlap({"search": parts.search, "certify": parts.certify}) == ""


@pytest.mark.parametrize("sampling", [resplit, redraw])
def test_groups_stay_whole(sampling):
    pool = Pool.of(table_set(grouped(synthetic_table(90, 3, 4))))
    parts = sampling(pool, Shares(0.4, 0.4), np.random.default_rng(0))
    for table in (parts.search, parts.certify):
        assert set(np.unique(table.groups, return_counts=True)[1].tolist()) == {5}


def test_judgement_compares_with_the_target(pool):
    policy = full_network(pool.table, np.ones(3))
    accuracy = target_of(pool, 0)
    assert accuracy == exit_accuracies(pool.table)[-1]
    assert judge(policy, pool.table, accuracy) == Judgement(misses=False, beyond_noise=False, mean_depth=3.0)
    assert judge(policy, pool.table, accuracy + 0.001) == Judgement(misses=True, beyond_noise=False, mean_depth=3.0)
    assert judge(policy, pool.table, accuracy + 0.05).beyond_noise


def test_easy_target_is_met_by_both_choices(pool):
    shared = [replace(pool.table, ids=np.array([f"{part}-{i}" for i in range(900)])) for part in PARTS]
    played = play(Parts(*shared), target_of(pool, 8), delta=0.05, settings=SMALL)
    assert played.uncertified is not None and not played.uncertified.misses
    assert played.certified is not None and not played.certified.misses
    # Cross-fitted figures choose, and the depth is measured afterwards: a few samples may leave elsewhere.
    assert played.certified.mean_depth >= played.uncertified.mean_depth - 0.02


def test_nothing_is_chosen_at_an_impossible_target(pool):
    parts = resplit(pool, Shares(0.2, 0.02), np.random.default_rng(0))
    assert play(parts, 0.9999, delta=0.05, settings=SMALL) == Round(None, None)


@pytest.mark.parametrize("sampling", [resplit, redraw])
def test_rounds_make_two_lines(sampling):
    pools = [Pool.of(table_set(grouped(synthetic_table(300, 3, 4, seed=seed)))) for seed in range(2)]
    rounds = play_rounds(pools, 5.0, sampling, shares=Shares(), n_rounds=3, delta=0.2, settings=SMALL)
    table = new_table(0.2, 3)
    for line in rows_of(rounds, is_exact=sampling is redraw):
        table.add_row("made up", "5", sampling.__name__, *line)
    assert table.row_count == 2
    assert describe("made up", pools) == "made up: 2 networks, search 18, certify 21 of 60"


def test_lines_count_what_was_missed():
    deep, shallow = (
        Judgement(misses=missed, beyond_noise=False, mean_depth=d) for missed, d in ((False, 2), (True, 1))
    )
    rounds = [Round(shallow, deep), Round(shallow, deep), Round(shallow, None), Round(deep, None)]
    uncertified, certified = rows_of(rounds, is_exact=False)
    assert uncertified[:3] == ["uncertified", "0", share(3, 4)]
    assert certified[:3] == ["certified", "50", share(0, 4)]
    assert extra_depth(rounds) == "+1.00 ± 0.00"
    assert extra_depth(rounds[1:]) == "-"
    assert share(3, 4).startswith("75.0 (")


def test_peer_of_the_evaluator_agrees():
    view, truth = random_view(200, 3, 4)
    evaluator = PopulationEvaluator(view, truth, np.linspace(1 / 3, 1, 3))
    genomes = np.stack([np.random.default_rng(0).integers(0, n, 20) for n in evaluator.n_levels], axis=1)
    thresholds = np.array([evaluator.thresholds(genome) for genome in genomes])
    outcome = evaluator.evaluate(genomes)
    accuracy, depth = one_at_a_time(view, truth.right(view.answers), thresholds)
    np.testing.assert_allclose(outcome.qualities["accuracy"], accuracy)
    np.testing.assert_allclose(outcome.mean_depth, depth)


@pytest.fixture(scope="module")
def uncertified():
    """Choices of some rounds over two networks with groups."""
    pools = [Pool.of(table_set(grouped(synthetic_table(600, 3, 4, seed=seed), 3))) for seed in range(2)]
    played = uncertified_choices.play_rounds(pools, 60, [1.0, 8.0], n_rounds=4, settings=SMALL, rules=("confidence",))
    return pd.DataFrame(played)


def test_uncertified_choices_are_made_by_every_method(uncertified):
    assert len(uncertified) == 4 * 2 * 5
    assert uncertified.groupby("method", sort=False).size().index.tolist() == [
        "bare",
        "today's margin",
        "uncorrected",
        "estimate",
        "second look",
    ]
    by_method = {name: own.reset_index(drop=True) for name, own in uncertified.groupby("method")}
    bare, estimate, second = (by_method[name] for name in ("bare", "estimate", "second look"))
    assert bare["has_margin"].any()
    assert (estimate["has_margin"] <= bare["has_margin"]).all()
    assert (second["has_margin"] <= estimate["has_margin"]).all()
    easy = uncertified[(uncertified["points"] == 8) & (uncertified["method"] == "estimate")]
    assert easy["has_margin"].any()


def test_uncertified_choices_are_summed_up(uncertified):
    frame = uncertified.assign(workload="made up", grouped=True)
    parts = dict(uncertified_choices.groups_of(frame))
    assert list(parts) == ["up to 100 units", "more than 100 units", "groups", "made up, 60"]
    assert parts["more than 100 units"].empty
    lines = uncertified_choices.summary(frame)
    assert [line[0] for line in lines] == ["bare", "today's margin", "uncorrected", "estimate", "second look"]
    bare = frame[frame["method"] == "bare"]
    sure = bare[bare["has_margin"]]
    assert lines[0][2] == share(int(sure["misses"].sum()), 8)
    assert lines[0][3] == share(int(sure["misses"].sum()), len(sure))
    assert lines[0][6] == "+0.00"
    console = Console(width=150, record=True, file=None, quiet=True)
    uncertified_choices.show(console, frame, "rounds")


def test_todays_margin_is_none_where_nothing_can_be_certified(pool):
    few, many = (resplit(pool, Shares(0.2, certify), np.random.default_rng(0)) for certify in (0.02, 0.5))
    assert uncertified_choices.todays_target(0.95, few) == 0.95
    assert 0.95 < uncertified_choices.todays_target(0.95, many) < 1


def test_large_pools_are_thinned(pool, monkeypatch):
    tables = table_set(synthetic_table(900, 3, 4, seed=1))
    assert len(uncertified_choices.pool_of(tables).units) == 900
    monkeypatch.setattr(uncertified_choices, "_MOST_UNITS", 300)
    thinned = uncertified_choices.pool_of(tables)
    assert len(thinned.units) == thinned.table.n_samples == 300


def test_a_search_in_blocks_finds_what_a_search_in_one_piece_finds(tmp_path, monkeypatch):
    table = large_table(300, 3, 20)
    accuracies = exit_accuracies(table)
    assert (np.diff(accuracies) > 0).all()
    table.save(tmp_path / "search.npz")
    settings = EvolveSettings(population=16, generations=3)
    whole = measure(tmp_path / "search.npz", DEFAULT_RULES, settings)
    monkeypatch.setattr(blocks, "BLOCK_VALUES", 600)
    in_blocks = measure(tmp_path / "search.npz", DEFAULT_RULES, settings)
    for name in ("table_bytes", "front_size", "accuracy", "mean_depth"):
        assert getattr(in_blocks, name) == getattr(whole, name)
    assert whole.accuracy >= accuracies[-1] - 0.01


@pytest.fixture(scope="module")
def deployed():
    """A policy that is watched; no network is needed for streams of its answers."""
    policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
    return drift.Deployed(None, None, policy, False, make_table(300, seed=2), make_table(400, seed=3))


def test_streams_have_the_wanted_errors(deployed):
    samples = deployed.answers(deployed.test)
    rates = np.repeat([0.0, 1.0, 0.2], 2000)
    drawn, is_wrong = drift.stream(samples, rates, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.predictions != drawn.labels, is_wrong)
    np.testing.assert_allclose(is_wrong.reshape(3, -1).mean(axis=1), [0.0, 1.0, 0.2], atol=0.03)


def test_a_delay_is_that_of_the_first_alarm_after_the_change():
    assert drift.delay([100, 530, 700], 500) == 30
    assert drift.delay((), 0) == np.inf
    assert drift.binomial_alarm(np.ones(40, dtype=bool))
    assert not drift.binomial_alarm(np.zeros(400, dtype=bool))


def test_failures_change_the_images_as_they_say():
    inputs = np.random.default_rng(0).random((5, 1, 8, 8)).astype(np.float32)
    changed = dict(drift.failures(inputs, np.random.default_rng(0)))
    assert {images.shape for images in changed.values()} == {inputs.shape}
    np.testing.assert_array_equal(changed["shifted 1 px"][..., 1:], inputs[..., :-1])
    np.testing.assert_allclose(changed["inverted"], 1 - inputs)
    assert changed["noise .4"].min() >= 0


def test_tables_of_watching(deployed):
    console = Console(width=130, file=StringIO())
    for make in (drift.false_alarms, drift.false_alarms_of_data, drift.labels_until_alarm):
        console.print(make(deployed, 3))
    text = console.file.getvalue()
    assert "5.0%, the limit" in text
    assert "2,000, followed" in text
    assert "10% after 500 at 2%" in text


def test_the_deployed_policy_takes_the_imposed_mix_and_the_control_is_no_dearer():
    case = deployment.CASES[-1]
    model, inputs = case.build(case.width), deployment.noise(case, 40)
    stages = TorchStages(model)
    policy = deployment.imposed_policy(stages, inputs, case.mix)
    taken = EarlyExitRuntime(stages, policy, chunk_size=40).run(inputs).exits
    assert np.bincount(taken, minlength=3).tolist() == [24, 10, 6]
    mean_macs = float(np.dot(case.mix, cumulative_macs(model, case.input_shape)))
    control = deployment.static_control(case, mean_macs)
    assert control.n_exits == 1
    assert cumulative_macs(control, case.input_shape)[-1] <= mean_macs
    assert cumulative_macs(deployment.plain(model), case.input_shape) <= cumulative_macs(model, case.input_shape)[-1]


def test_the_plain_loop_is_the_same_network():
    setting = mixed_operations.Setting("tiny", (1, 8, 8), 4, 1, 6)
    mixture, loop = (mixed_operations.network(setting, is_loop=is_loop) for is_loop in (False, True))
    own = mixture.state_dict()
    shared = {name: value for name, value in loop.state_dict().items() if name in own}
    assert len(shared) > 50
    loop.load_state_dict({**loop.state_dict(), **{name: own[name] for name in shared}})
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    # While training, the pools of each edge are normalised by the same batch.
    torch.testing.assert_close(loop(images), mixture(images), rtol=1e-4, atol=1e-4)


def test_a_step_of_either_is_timed_and_its_operators_are_named():
    setting = mixed_operations.Setting("tiny", (1, 8, 8), 4, 1, 6)
    seconds = mixed_operations.measure(setting, 2)
    assert [len(one) for one in seconds] == [2, 2]
    found = mixed_operations.shares(setting, is_loop=False, most=3)
    assert len(found) == 3
    assert all(0 < share < 1 for _, share in found)


def test_mixtures_of_boxes_are_judged_alike_by_all():
    table = detection_quality.made_up(8, n_boxes=30)
    peers = detection_quality.measure(table, 20, rounds=2)
    assert [one.n_mixtures for one in peers] == [3, 3, 20]
    assert all(len(one.seconds) == 2 for one in peers)
    assert 0.05 < peers[-1].values.min() <= peers[-1].values.max() < 0.95
    assert detection_quality.table_of(peers, "made up").row_count == 3


def test_reading_and_depth_are_compared_where_nothing_was_chosen(tmp_path):
    for seed, split in enumerate(("search", "certify", "test")):
        table = recordings_table([3] * 40, seed=seed)
        replace(table, ids=np.array([f"{split}-{one}" for one in table.ids])).save(tmp_path / f"{split}.npz")
    asked = reading_and_depth.Asked(rules=("confidence",), max_levels=32)
    found = reading_and_depth.compare(tmp_path, asked, 0.02).set_index("way")
    assert list(found.index) == list(reading_and_depth.WAYS)
    assert (found.loc[["depth", "whole parents"], "read"] == 3).all()
    # Alone, reading is at full depth: what it costs is what is read.
    alone = found.loc["reading"]
    assert alone["depth"] == pytest.approx(3 * alone["cost"])
    assert alone["cost"] == pytest.approx(alone["read"] / 3)
    assert (found["cost"] <= 1).all()
    table = reading_and_depth.table_of(found.reset_index().assign(folder="one"))
    assert table.row_count == 5


def test_sequences_are_compared_by_what_they_certify():
    world = synthetic_table(4000, 3, 4, seed=2)
    options = {"settings": SMALL, "rules": ("confidence", "ensemble")}
    rounds = [sequence_comparison.play(world, 500, 0.04, seed=seed, **options) for seed in range(2)]
    names = ["front", "plain path", "two paths", "two halves", "front, 4 starts"]
    assert all(list(played) == names for played in rounds)
    for own in (own for played in rounds for own in played.values()):
        assert 1 <= own.mean_depth <= 3
        assert own.is_certified or (own.mean_depth == 3 and not own.is_wrong)
    # The full network loses nothing, so that whatever starts there certifies something.
    assert all(played[name].is_certified for played in rounds for name in names[:4])
    lines = sequence_comparison.rows_of(rounds)
    assert [line[:2] for line in lines[:4]] == [[name, "1.00"] for name in names[:4]]


def test_nothing_certified_counts_as_the_full_network():
    world = synthetic_table(2000, 3, 4, seed=2)
    (line, *_) = sequence_comparison.rows_of(
        [{"way": sequence_comparison.Outcome(False, False, float(world.n_exits))}] * 2
    )
    assert line == ["way", "0.00", "3.00", "0.000"]
    with_few = sequence_comparison.play(world, 20, 0.01, seed=0, settings=SMALL, rules=("confidence",))
    assert {(own.is_certified, own.mean_depth) for own in with_few.values()} == {(False, 3.0)}
