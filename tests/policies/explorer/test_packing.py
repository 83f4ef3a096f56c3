"""A packed table is whole, and small enough where it must be."""

from base64 import b64decode
import gzip
import json

import numpy as np
import pytest

from policies.explorer.bounded import bounded_table
from policies.explorer.counting import counted
from policies.explorer.packing import packed
from policies.rules import get_rule
from tests.policies.runtime.midpoints import policy_for
from tests.tables import make_table


def seen(n_samples, n_exits):
    table = make_table(n_samples, n_exits)
    policy = policy_for(get_rule("confidence"), table, np.ones(n_exits))
    view = policy.view(table)
    return policy, view, table.truth.right(view.answers).astype(float), table.cost


def unpacked(form):
    raw, start, arrays = gzip.decompress(b64decode(form["rows"])), 0, {}
    for name, width, n_columns in form["columns"]:
        size = width * n_columns * form["n_rows"]
        assert start % width == 0
        arrays[name] = np.frombuffer(raw[start : start + size], f"<u{width}").reshape(n_columns, form["n_rows"]).T
        start += size
    assert start == len(raw)
    return arrays


@pytest.mark.parametrize(("n_exits", "n_values"), [(1, 2), (3, 2), (60, 700)])
def test_what_is_packed_comes_out_again(n_exits, n_values):
    policy, view, _, cost = seen(900, n_exits)
    worth = np.random.default_rng(0).integers(0, n_values, (900, n_exits)) / n_values
    table = counted(policy, view, worth, cost)
    form = json.loads(json.dumps(packed(table), allow_nan=False))
    arrays = unpacked(form)
    np.testing.assert_array_equal(arrays.pop("counts")[:, 0], table.counts)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, getattr(table, name), err_msg=name)
    assert form["values"] == table.values.tolist()


def test_a_coarser_grid_keeps_within_the_size():
    whole = bounded_table(*seen(4000, 8), most_bytes=10**9)
    small = bounded_table(*seen(4000, 8), most_bytes=20_000)
    assert len(small.form["rows"]) <= 20_000 < len(whole.form["rows"])
    assert small.is_coarser and not whole.is_coarser
    for found in (small, whole):
        assert len(found.table.dials) <= found.most_dials
        assert max(len(dial.thresholds) for dial in found.table.dials) in (found.max_levels, found.max_levels + 1)
    worths = [found.table.evaluate(found.table.own_levels).worth for found in (small, whole)]
    assert worths[0] == worths[1]
