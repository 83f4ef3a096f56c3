"""What samples are parts of: read, checked, saved, and shared by no two tables."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.errors import ExitTableError, ExitTableWarning
from policies.parents.membership import Parents
from policies.pooling.answering import Answering
from policies.tables.identity import require_disjoint
from policies.tables.origin import Origin
from policies.tasks import load_table
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


N = 80
PARENTS = np.array([f"clip {k // 4}" for k in range(N)])
ORDER = np.arange(N, dtype=np.int64) % 4


def with_parents(make, prefix="s"):
    return replace(make(N, prefix=prefix), parents=PARENTS, order=ORDER)


TABLES = {
    "classification": lambda prefix="s": with_parents(make_table, prefix),
    "detection": lambda prefix="s": with_parents(make_detection_table, prefix),
    "multi-label": lambda prefix="s": with_parents(make_label_table, prefix),
}


@pytest.fixture(params=sorted(TABLES))
def make(request):
    return TABLES[request.param]


def test_parents_and_order_are_saved_and_taken(make, tmp_path):
    make().save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    assert again.parents.tolist() == PARENTS.tolist()
    assert again.order.tolist() == ORDER.tolist() and again.order.dtype == np.int64
    taken = again.take(np.array([5, 9]))
    assert taken.parents.tolist() == ["clip 1", "clip 2"] and taken.order.tolist() == [1, 1]


def given(table, **changes):
    return {**table.arrays(), "meta": dict(table.meta), **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"order": np.zeros(N)}, r"'order' must differ within a parent but rows 0 and 1 of 'clip 0' are both 0 \(20"),
        ({"order": ORDER + 0.5}, "'order' must be whole numbers but entry 0 is 0.5"),
        ({"order": np.full(N, np.nan)}, "'order' must be whole numbers but entry 0 is nan"),
        ({"order": ORDER.astype(str)}, "'order' must be whole numbers but is <U"),
        ({"order": ORDER[:9]}, r"'order' must have shape \(80,\)"),
        ({"parents": None}, "'order' is the place of a sample in its parent but samples have none; add 'parents'"),
        ({"parents": PARENTS[:9]}, r"'parents' must have shape \(80,\)"),
        ({"parents": np.where(PARENTS == "clip 3", " ", PARENTS)}, r"but row 12 has none \(4 such rows\); .* its id"),
        (
            {"groups": np.array([f"talk {k // 10}" for k in range(N)])},
            r"samples of 'clip 2' are of 'talk 0' \(row 8\) and of 'talk 1' \(row 10\) \(4 such parents\)",
        ),
        (
            {"meta": {"class_names": ["a", "b", "c"], "parent_names": ["clip 1"]}},
            "row 0 is a part of 'clip 0' .19 such",
        ),
        ({"meta": {"class_names": ["a", "b", "c"], "parent_names": "clips"}}, "'parent_names' must be a list of names"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, changes, message):
    table = make()
    if "class_names" in changes.get("meta", {}) and table.task == "classification":
        changes = {"meta": {"parent_names": changes["meta"]["parent_names"]}}
    with pytest.raises(ExitTableError, match=message):
        type(table).of(given(table, **changes))


def test_parents_without_samples_are_counted_and_named(make):
    table = make()
    listed = [*np.unique(PARENTS).tolist(), "clip 98", "clip 99"]
    with pytest.warns(ExitTableWarning, match="2 of the 22 parents of meta's 'parent_names', such as 'clip 98', 'clip"):
        read = type(table).of(given(table, meta={**table.meta, "parent_names": listed}))
    assert Parents.of(read).n == 20


def test_parents_may_be_of_any_size_and_in_any_order_and_lie_in_groups(make):
    table = make()
    rows = np.random.default_rng(0).permutation(N)[:50]
    groups = np.array([f"talk {k // 20}" for k in range(N)])
    own = Parents.of(type(table).of(given(table, groups=groups, order=ORDER.astype(np.float64))).take(rows))
    assert own.sizes.sum() == 50 and len(np.unique(own.sizes)) > 1
    read = ORDER[rows][own.rows]
    assert all((np.diff(read[start:end]) > 0).all() for start, end in zip(own.starts[:-1], own.starts[1:], strict=True))


def test_order_goes_by_ids_or_groups_where_there_are_no_parents():
    table = make_label_table(8, groups=np.array(["a"] * 4 + ["b"] * 4))
    assert replace(table, order=np.arange(8) % 4).order is not None
    named = replace(make_label_table(8), ids=np.array([f"p{k // 2}#{k % 2}" for k in range(8)]))
    assert replace(named, order=np.arange(8) % 2).order is not None
    with pytest.raises(ExitTableError, match="'order' must differ within a parent"):
        replace(named, order=np.arange(8) // 4)


def test_tables_share_no_parent(make):
    first, second = make(), make("other")
    with pytest.raises(ExitTableError, match="'search' and 'certify' share 20 parents, such as 'clip 0'; make the"):
        require_disjoint({"search": first, "certify": second})
    require_disjoint({"search": first, "certify": replace(second, parents=np.char.add("new ", PARENTS))})


def test_parents_that_ids_name_count_where_answers_are_pooled():
    """Ids such as ``train#7`` mean no parent as long as nothing is pooled."""
    ids = np.array([f"clip {k // 2}#{k % 2}" for k in range(20)])
    plain = replace(make_label_table(20), ids=ids)
    first, second = plain.take(np.arange(0, 20, 2)), plain.take(np.arange(1, 20, 2))
    require_disjoint({"search": first, "certify": second})
    pooled = Answering(pooling="mean")
    with pytest.raises(ExitTableError, match="share 10 parents"):
        require_disjoint({"search": first.answered(pooled), "certify": second.answered(pooled)})


def test_a_policy_knows_the_parents_that_it_was_chosen_on(make):
    search = make()
    origin = Origin.of(search)
    data = json.loads(json.dumps({**origin.to_dict(), **origin.chosen_on()}))
    again = Origin.from_dict(data, n_exits=3, least_classes=1)
    same = make("other")
    other = replace(same, parents=np.char.add("new ", PARENTS))
    assert again.describe_overlap(same) == "20 of the 20 parents, such as 'clip 0', 'clip 1', 'clip 10',"
    assert again.describe_overlap(other) == "" and again.doubts(other) == ()
    assert "has no 'parents'" in again.doubts(replace(same, parents=None, order=None))[0]


def test_parents_that_ids_tell_of_lie_in_one_group_each():
    ids = np.array([f"clip{row // 4}#{row % 4}" for row in range(N)])
    groups = np.array([f"talk {row // 6}" for row in range(N)])
    table = replace(make_label_table(N), ids=ids, groups=groups)
    with pytest.raises(ExitTableError, match="must each lie in one group but samples of 'clip1' are of 'talk 0'"):
        Parents.of(table)
    assert Parents.of(replace(table, groups=np.array([f"talk {row // 8}" for row in range(N)]))).n == N // 4
