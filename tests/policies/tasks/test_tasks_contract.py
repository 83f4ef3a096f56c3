"""What every task and its tables must hold to, that of a toy included."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.pooling.answering import Answering, Level
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.tasks import TASKS, get_task, load_table
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table
from tests.toys.ordinal import ORDINAL, make_ordinal_table


TABLES = {
    "classification": lambda: make_table(80, 3),
    "detection": lambda: make_detection_table(80, 3),
    "multi-label": lambda: make_label_table(80, 3),
    ORDINAL.name: lambda: make_ordinal_table(80, 3),
}

PARENTS = np.array([f"parent {k // 5}" for k in range(80)])
POOLED = {
    "classification": lambda: replace(make_table(80, 3), parents=PARENTS, order=np.arange(80) % 5),
    "multi-label": lambda: make_label_table(80, 3, parents_of=5, labels_differ=True),
}


@pytest.fixture(params=[*TASKS, ORDINAL.name])
def task(request):
    return get_task(request.param)


@pytest.fixture
def table(task):
    return TABLES[task.name]()


def test_its_parts_are_of_its_kind(task, table):
    assert isinstance(table, task.table_type) and table.task == task.name
    assert get_quality(task.quality).task == task.name
    for name in (*task.rules, task.baseline_rule):
        assert get_rule(name).why_not(table) == ""
    assert task.qualities(["x", task.quality, "x"]) == (task.quality, "x")


def test_temperatures_are_one_per_exit(task, table):
    temperatures = task.fit_temperatures(table)
    assert temperatures.shape == (table.n_exits,)
    assert (temperatures > 0).all()


def test_figures_are_json_and_hold_the_tasks_quality(task, table):
    temperatures = task.fit_temperatures(table)
    exits = task.exit_figures(table, temperatures)
    assert [one["depth"] for one in exits] == [1, 2, 3]
    assert json.loads(json.dumps(exits, allow_nan=False)) == exits
    decision = full_network(table, temperatures).decide(table)
    figures = task.policy_figures(table, decision)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures[task.quality] == pytest.approx(exits[-1][task.quality])
    assert (figures["mean_depth"], figures["n_samples"], figures["exit_mix"]) == (3.0, 80, [0.0, 0.0, 1.0])


@pytest.mark.parametrize("level", [*Level])
@pytest.mark.parametrize("name", POOLED)
def test_figures_of_pooled_answers_are_those_of_parents(name, level):
    task, table = get_task(name), POOLED[name]()
    table = table.answered(Answering(level=level, pooling="mean", parent_labels="majority"))
    temperatures = task.fit_temperatures(table)
    exits = task.exit_figures(table, temperatures)
    figures = task.policy_figures(table, full_network(table, temperatures).decide(table))
    for one in (exits, figures):
        assert json.loads(json.dumps(one, allow_nan=False)) == one
    assert figures[task.quality] == pytest.approx(exits[-1][task.quality])
    assert (figures[task.quality] * 16) % 1 == pytest.approx(0)
    assert (figures["n_samples"], figures["n_parents"], figures["mean_depth"]) == (80, 16, 3.0)


def test_a_table_comes_back_from_its_file(table, tmp_path):
    table.save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    assert type(again) is type(table)
    for key, values in table.arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], values)
    assert again.split_hash == table.split_hash


def test_some_samples_are_taken_with_all_that_belongs_to_them(table):
    rows = np.array([7, 3, 60])
    some = table.take(rows)
    assert some.ids.tolist() == table.ids[rows].tolist()
    np.testing.assert_array_equal(some.exit_answers, table.exit_answers[rows])
    np.testing.assert_array_equal(some.truth.strata, table.truth.strata[rows])
    assert some.outputs.n_samples == some.truth.n_samples == 3
    assert (some.outputs.n_exits, some.n_exits) == (3, 3)


def test_cost_can_be_given_later(table):
    dearer = table.with_cost(np.array([0.5, 0.75, 1.0]))
    assert dearer.cost.tolist() == [0.5, 0.75, 1.0]
    np.testing.assert_array_equal(dearer.exit_answers, table.exit_answers)
