"""What samples are parts of, from a source to a table."""

from dataclasses import replace

import numpy as np
import pytest

from trainables.data import SPLIT_NAMES, LabelledSamples, Samples, Split, SplitFractions, split_samples
from trainables.data.class_order import in_class_order
from trainables.data.copies import report_copies
from trainables.errors import SamplesError
from trainables.models import NetworkSpec
from trainables.tasks import get_training_task
from trainables.workloads import get_workload


N = 60


def samples(kind=Samples, **options):
    rows = np.arange(N)
    given = {
        "inputs": np.random.default_rng(0).integers(0, 256, (N, 1, 8, 8), dtype=np.uint8),
        "labels": rows // 3 % 2,
        "ids": [f"s{row}" for row in rows],
        "class_names": ("cat", "dog"),
        "parents": [f"clip {row // 3}" for row in rows],
        "order": rows % 3,
    }
    return kind(**given | options)


def test_parents_are_groups_where_there_are_none():
    one = samples()
    assert one.groups.tolist() == one.parents.tolist()
    assert one.order.dtype == np.int64
    assert samples(groups=[f"talk {row // 6}" for row in range(N)]).groups[5] == "talk 0"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"order": np.zeros(N)}, "'clip 0' has two at 0 .40 such samples.; number them"),
        ({"order": np.arange(N) / 2}, "order must be whole numbers but row 1 is 0.5"),
        ({"order": ["first"] * N}, "order must be whole numbers but row 0 is"),
        ({"order": np.arange(4)}, "order must have shape"),
        ({"parents": None}, "order tells places in parents but there are no parents"),
        (
            {"groups": [f"g{row % 2}" for row in range(N)]},
            "one group but those of 'clip 0' have 'g0' and 'g1' .20 such",
        ),
        ({"parents": ["a", None] * (N // 2)}, "parents must name every sample but row 1 has none"),
        ({"parents": ["a"]}, "parents must have shape"),
    ],
)
def test_parents_that_cannot_be_are_refused(given, rule):
    with pytest.raises(SamplesError, match=rule) as caught:
        samples(**given)
    assert "\n" not in str(caught.value)


def test_parents_go_along_into_splits_and_parts_of_these():
    one = samples()
    place = {name: row for row, name in enumerate(one.ids)}
    splits = split_samples(one, SplitFractions(), seed=0)
    for name in SPLIT_NAMES:
        for split in (splits[name], splits[name].spread(5)):
            rows = [place[key] for key in split.ids]
            assert split.parents.tolist() == one.parents[rows].tolist()
            assert split.order.tolist() == one.order[rows].tolist()
    moved = replace(splits.train, order=splits.train.order[::-1].copy())
    assert moved.data_hash != splits.train.data_hash


def test_hashes_count_what_ids_and_groups_do_not_tell():
    parents, order = np.repeat(["a.wav", "b.wav"], 3), np.tile(np.arange(3), 2)
    ids = np.array([f"{parent}#{place:03d}" for parent, place in zip(parents, order, strict=True)])
    bare = Split(np.zeros((6, 1)), np.zeros(6, dtype=np.int64), ids, parents)
    # Sweeps of recordings that were begun before samples had parents can go on.
    assert replace(bare, parents=parents, order=order).data_hash == bare.data_hash
    chunks = np.array(["a.wav#chunk-000", "b.wav#chunk-000"])[[0, 0, 0, 1, 1, 1]]
    chunked = replace(bare, groups=chunks)
    assert replace(chunked, parents=chunks, order=order).data_hash == chunked.data_hash
    talks = replace(bare, groups=np.repeat("talk", 6), parents=parents, order=order)
    others = [
        replace(talks, parents=np.repeat(["a", "b"], 3)),
        replace(talks, parents=talks.groups, order=np.arange(6)),
        replace(talks, order=order[::-1].copy()),
    ]
    assert len({one.data_hash for one in (talks, bare, chunked, *others)}) == 6


def test_other_numbers_of_classes_leave_parents_alone():
    one = in_class_order(samples(), ("owl", "dog", "cat"))
    assert one.labels.tolist() == (2 - np.arange(N) // 3 % 2).tolist()
    assert one.parents.tolist() == samples().parents.tolist()
    sets = samples(LabelledSamples, labels=[["cat", "dog"], ["dog"], []] * 20)
    other = in_class_order(sets, ("owl", "dog", "cat"))
    assert other.labels[:3].tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert other.order.tolist() == sets.order.tolist()


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        (np.full((N, 2), 0.5), "labels must be 0 or 1 but row 0 has 0.5 for 'cat' .120 such values"),
        (np.full((N, 2), np.nan), "labels must be 0 or 1 but row 0 has nan"),
        (np.zeros(N, dtype=int), r"labels must have shape \(60, 2\)"),
        (np.zeros((N, 3)), r"labels must have shape \(60, 2\)"),
        ([["cat"]] * (N - 1) + [["cow"]], "among class_names, 'cat', 'dog', but row 59 has 'cow'"),
        ([["cat"]] * (N - 1) + ["dog"], "lists of names for all samples or none but row 59 is str 'dog'"),
        (np.full((N, 2), "yes"), "labels must be 0 or 1 but row 0 holds"),
        (None, "labels must be an array or a list"),
    ],
)
def test_sets_of_labels_that_cannot_be_are_refused(labels, rule):
    with pytest.raises(SamplesError, match=rule) as caught:
        samples(LabelledSamples, labels=labels)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("labels", [np.eye(2)[np.arange(N) % 2], np.eye(2, dtype=bool)[np.arange(N) % 2].tolist()])
def test_sets_of_labels_become_bytes(labels):
    one = samples(LabelledSamples, labels=labels)
    assert one.labels.dtype == np.uint8
    assert one.memberships[:2].tolist() == [[True, False], [False, True]]


def test_a_label_alone_will_do():
    assert samples(LabelledSamples, labels=np.ones((N, 1)), class_names=["cat"]).class_names == ("cat",)


@pytest.mark.usefixtures("no_other_warnings")
def test_copies_within_a_parent_cannot_lie_in_two_splits():
    inputs = samples().inputs.copy()
    inputs[1] = inputs[0]
    report_copies(samples(inputs=inputs))


def test_tables_tell_parents():
    split = split_samples(samples(), SplitFractions(), seed=0).search
    model = get_workload("digits").build_model(split, 2, NetworkSpec(2, width=4))
    table = get_training_task("classification").table(model, split, {})
    assert table.parents.tolist() == split.parents.tolist()
    assert table.order.tolist() == split.order.tolist()
