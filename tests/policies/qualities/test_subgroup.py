"""Qualities of the samples that have one value of a column, against the same quality of a table of these alone."""

import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.evaluation.population import PopulationEvaluator
from policies.goals.figures import quality_of
from policies.policy import Policy
from policies.qualities import get_quality, name_where, require_judges, split_where
from tests.detection_tables import make_detection_table
from tests.tables import make_table


NAMES = ("accuracy", "macro_f1", "worst_class_recall", "top5_accuracy", "flip_rate_to_exit")
SITES = np.array(["A", "B = b", "A where"])


def table_of(n, seed=0):
    made = make_table(n, seed=seed)
    return made.with_columns({"site": np.random.default_rng(seed).choice(SITES, n, p=[0.6, 0.3, 0.1])})


@pytest.mark.parametrize("name", [*NAMES, "label_f1[a where b = c]", "label_recall[dog]"])
@pytest.mark.parametrize("value", [*SITES, "x]"])
def test_a_name_says_of_which_samples_it_is(name, value):
    told = name_where(name, "site", value)
    assert split_where(told) == (name, "site", value)
    assert split_where(name) is None
    assert get_quality(told).name == told


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", SITES)
def test_it_is_the_quality_of_a_table_of_these_samples(name, value):
    table = table_of(300)
    policy = Policy("confidence", (0.5,) * (table.n_exits - 1), (1.0,) * table.n_exits)
    alone = table.take(np.flatnonzero(table.columns["site"] == value))
    own = quality_of(name_where(name, "site", value), table, policy.decide(table))
    assert own == pytest.approx(quality_of(name, alone, policy.decide(alone)))


def test_populations_are_judged_by_every_value_in_one_pass():
    table = table_of(400)
    policy = Policy("confidence", (0.5,) * (table.n_exits - 1), (1.0,) * table.n_exits)
    names = [*NAMES, *(name_where(name, "site", value) for name in NAMES for value in SITES)]
    evaluator = PopulationEvaluator(policy.view(table), table.truth, table.cost, qualities=names)
    rng = np.random.default_rng(0)
    genomes = rng.integers(0, evaluator.n_levels, (20, evaluator.n_genes))
    found, lines = evaluator.evaluate(genomes).qualities, [evaluator.line(own, 0) for own in genomes]
    for row, genome in enumerate(genomes):
        own = Policy("confidence", evaluator.thresholds(genome), policy.temperatures)
        decision = own.decide(table)
        for name in names:
            assert found[name][row] == pytest.approx(quality_of(name, table, decision)), name
            assert lines[row].qualities[name][genome[0]] == found[name][row]


def test_a_table_that_does_not_know_which_samples_is_refused():
    with pytest.raises(ExitSearchError, match="takes a column 'site' of the table but of columns there is none; give"):
        require_judges("accuracy where site = A", make_table(50))
    with pytest.raises(ExitSearchError, match="'town' of the table but of columns there is only 'site'"):
        require_judges("accuracy where town = A", table_of(50))


def test_what_looks_at_all_answers_in_its_own_way_is_refused():
    with pytest.raises(ExitSearchError, match="'map_50' must be counted, or a mean over answers, to be judged where"):
        get_quality("map_50 where site = A")


def test_a_mean_of_answers_is_taken_over_these_samples():
    boxes = make_detection_table(40)
    table = boxes.with_columns({"site": np.array(["A", "B", "B"])[np.arange(40) % 3]})
    policy = Policy("top-scores", (0.5,) * (table.n_exits - 1), (1.0,) * table.n_exits)
    alone = table.take(np.flatnonzero(table.columns["site"] == "B"))
    own = quality_of("image_f1 where site = B", table, policy.decide(table))
    assert own == pytest.approx(quality_of("image_f1", alone, policy.decide(alone)))
    assert np.isnan(quality_of("image_f1 where site = C", table, policy.decide(table)))
    assert np.isnan(quality_of("found_objects where site = C", table, policy.decide(table)))
