"""The order in which the samples of a parent are read."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.policy import Policy
from policies.pooling.answering import Answering
from tests.recorded_tables import recordings_table


READING = Answering(level="reading", pooling="mean", read_until=0.8)
POLICY = Policy("confidence", (0.8, 0.7), (1.0, 1.0, 1.0), answering=READING)


def test_rows_in_any_order_are_read_alike():
    table = recordings_table([5, 1, 3], seed=3)
    shuffled = np.random.default_rng(0).permutation(table.n_samples)
    exits = POLICY.decide(table).exits
    np.testing.assert_array_equal(POLICY.decide(table.take(shuffled)).exits, exits[shuffled])
    assert (exits == -1).any()


def test_order_goes_before_the_numbers_of_ids():
    table = recordings_table([5, 4], seed=3)
    numbers = np.array([int(name.rpartition("#")[2]) for name in table.ids])
    backwards = replace(table, order=-numbers)
    first = POLICY.decide(backwards).exits != -1
    for name in np.unique([name.rpartition("#")[0] for name in table.ids]):
        own = np.flatnonzero([one.startswith(f"{name}#") for one in table.ids])
        assert first[own[numbers[own].argmax()]]


def test_samples_without_an_order_are_refused_in_one_line():
    table = recordings_table([2, 2])
    names = np.array([name.rpartition("#")[0] for name in table.ids])
    without = replace(table, ids=np.array([f"s{i}" for i in range(4)]), parents=names)
    with pytest.raises(ExitTableError, match=r"^samples are read in an order but none is told: .*level sample"):
        POLICY.decide(without)
    whole = replace(POLICY, answering=Answering(level="parent", pooling="mean"))
    assert whole.decide(without).exits.shape == (4,)
