"""Facts about samples that a claim may be made for every value of, from a source to a table."""

import numpy as np
import pytest
import torch
from torch import nn

from trainables.data import SPLIT_NAMES, Samples, SplitFractions, split_samples
from trainables.errors import SamplesError
from trainables.models import NetworkSpec
from trainables.tasks import get_training_task
from trainables.training.imported_table import imported_table
from trainables.workloads import get_workload


N = 60
SITES = np.array(["north", "south", "east"])[np.arange(N) // 2 % 3]


def samples(**options):
    rows = np.arange(N)
    given = {
        "inputs": np.random.default_rng(0).integers(0, 256, (N, 1, 8, 8), dtype=np.uint8),
        "labels": rows % 2,
        "ids": [f"s{row}" for row in rows],
        "class_names": ("cat", "dog"),
        "columns": {"site": SITES, "year": [2020 + row % 4 for row in rows]},
    }
    return Samples(**given | options)


def test_columns_go_with_their_samples_into_the_splits():
    splits = split_samples(samples(), SplitFractions(), seed=0)
    for name in SPLIT_NAMES:
        own = splits[name]
        rows = [int(one[1:]) for one in own.ids]
        assert own.columns["site"].tolist() == SITES[rows].tolist()
        assert own.take(np.array([1, 0])).columns["year"].tolist() == [2020 + row % 4 for row in rows[1::-1]]
    assert samples().take(np.array([4])).columns["site"].tolist() == ["east"]


def test_columns_are_part_of_what_the_data_are():
    one, bare = (split_samples(own, SplitFractions(), seed=0) for own in (samples(), samples(columns={})))
    turned = split_samples(samples(columns={"site": SITES[::-1]}), SplitFractions(), seed=0)
    assert one.hashes == bare.hashes
    assert len({own.data_hashes["certify"] for own in (one, bare, turned)}) == 3


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        (["site"], "columns must be values for each sample by name but are"),
        ({"site": SITES[:4]}, r"'column.site' must have shape \(60,\)"),
        ({"site": ["", *SITES[1:]]}, "'column.site' must have a value for each sample but row 0 has none"),
        ({"age": np.full(N, 0.5)}, r"columns\['age'\] must be text or whole numbers but row 0 is 0.5"),
        ({"site": np.zeros((N, 2))}, r"'column.site' must have shape"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns, rule):
    with pytest.raises(SamplesError, match=rule) as caught:
        samples(columns=columns)
    assert "\n" not in str(caught.value)


def test_tables_of_trained_and_of_given_networks_have_them():
    split = split_samples(samples(), SplitFractions(), seed=0).search
    model = get_workload("digits").build_model(split, 2, NetworkSpec(2, width=4))
    trained = get_training_task("classification").table(model, split, {})
    given = imported_table(_Flat(), split, cost=None, metadata={}, name="a:b")
    for table in (trained, given):
        assert {name: own.tolist() for name, own in table.columns.items()} == {
            name: own.tolist() for name, own in split.columns.items()
        }


class _Flat(nn.Module):
    """Says of two classes what two pixels are, at each of two exits."""

    def forward(self, x):
        return torch.stack([x.flatten(1)[:, :2], x.flatten(1)[:, 2:4]], 1) * 8 - 4
