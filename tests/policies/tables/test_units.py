from dataclasses import replace

import numpy as np
import pytest

from policies.pooling.answering import Answering
from policies.tables.units import Units
from tests.tables import make_table


def test_samples_are_units_where_there_are_no_groups():
    table = make_table(5)
    units = Units.of(table)
    assert (units.kind, units.n, units.hold_several) == ("sample", 5, False)
    losses = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    among = np.array([True, True, True, False, False])
    assert units.mean(losses, among).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("names", "several"), [("abcde", False), ("abcda", True)])
def test_groups_hold_one_sample_or_several(names, several):
    units = Units.of(make_table(5, groups=np.array(list(names))))
    assert (units.kind, units.n, units.hold_several) == ("group", len(set(names)), several)


def test_mean_is_within_each_group_that_is_among_them_in_the_order_of_names():
    units = Units.of(make_table(5, groups=np.array(list("bacab"))))
    losses = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    assert units.mean(losses, np.ones(5, dtype=bool)).tolist() == [0.5, 0.5, 1.0]
    assert units.mean(losses, np.array([True, True, False, True, False])).tolist() == [0.5, 1.0]


def test_parents_that_ids_tell_are_units_where_answers_are_pooled():
    table = replace(make_table(6), ids=np.array([f"p{i // 2}#{i % 2}" for i in range(6)]))
    assert (Units.of(table).kind, Units.of(table).n) == ("sample", 6)
    pooled = Units.of(table.answered(Answering(pooling="mean")))
    assert (pooled.kind, pooled.of_sample.tolist()) == ("parent", [0, 0, 1, 1, 2, 2])
