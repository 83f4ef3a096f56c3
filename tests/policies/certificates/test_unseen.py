"""A policy that knows what it was chosen on is certified on nothing of that."""

from dataclasses import replace
import json

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.unseen import require_unseen
from policies.errors import ClaimError, ExitTableError, PolicyError
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.tables.classification import ClassificationTable
from policies.tables.origin import Origin
from tests.policies.outcomes import GATE, table_with_errors
from tests.tables import make_table


SEARCH = table_with_errors(400, first=4, last=2)
CHOSEN = replace(GATE, origin=Origin.of(SEARCH))
CLAIM = Claim(target=0.9)


@pytest.fixture
def loaded(tmp_path):
    CHOSEN.save(tmp_path / "policy.json")
    return Policy.load(tmp_path / "policy.json")


@pytest.mark.parametrize("rows", [slice(0, 392), slice(200, None), slice(7, 8), slice(None, None, -1)])
def test_any_part_of_the_search_table_is_refused(loaded, rows):
    table = SEARCH.take(np.arange(400)[rows])
    expected = "all 400" if table.n_samples == 400 else f"{table.n_samples} of the {table.n_samples}"
    with pytest.raises(ClaimError, match=f"the policy was chosen on {expected} samples.* of the table, so that these"):
        certify_policy(loaded, table, CLAIM)


def test_some_known_samples_among_others_are_counted_and_named(loaded):
    others = table_with_errors(300, first=0, last=0, prefix="new")
    mixed = replace(others, ids=np.concatenate([others.ids[:297], np.array(["c5", "c7 ", "c399"])]))
    with pytest.raises(ClaimError, match="on 3 of the 300 samples, such as 'c399', 'c5', 'c7 ', of the table"):
        certify_policy(loaded, mixed, CLAIM)
    certificate = certify_policy(loaded, others, CLAIM)
    assert certificate.certified
    assert certificate.notes == ()


def test_a_shared_group_is_overlap_though_no_sample_is_shared(tmp_path):
    groups = np.array([f"speaker {k % 100}" for k in range(400)])
    replace(GATE, origin=Origin.of(replace(SEARCH, groups=groups))).save(tmp_path / "policy.json")
    policy = Policy.load(tmp_path / "policy.json")
    others = table_with_errors(300, first=0, last=0, prefix="new")
    ours = replace(others, groups=np.array([f"speaker {k % 150 + 98}" for k in range(300)]))
    with pytest.raises(ClaimError, match="2 of the 150 groups, such as 'speaker 98', 'speaker 99', of the table"):
        certify_policy(policy, ours, CLAIM)
    require_unseen(policy, replace(others, groups=np.array([f"other {k % 100}" for k in range(300)])))
    assert "has no 'groups'" in certify_policy(policy, others, CLAIM).notes[0]


@given(st.integers(1, 60), st.integers(0, 100), st.integers(1, 60))
def test_overlap_is_found_exactly_where_there_is_one(n_search, start, n_certify):
    ids = np.array([f"sample {k}" for k in range(200)])
    search = replace(table_with_errors(n_search, first=0, last=0), ids=ids[:n_search])
    certify = replace(table_with_errors(n_certify, first=0, last=0), ids=ids[start : start + n_certify])
    n_shared = max(0, min(n_search, start + n_certify) - start)
    found = Origin.of(search).describe_overlap(certify)
    assert (found == "") == (n_shared == 0)
    assert found.startswith(("all", f"{n_shared} of the {n_certify} samples")) or n_shared == 0


def test_origin_is_kept_by_saving_and_is_no_part_of_the_policy(loaded, tmp_path):
    assert loaded == GATE
    assert loaded.policy_hash == GATE.policy_hash
    loaded.save(tmp_path / "again.json", workload="made up")
    data = json.loads((tmp_path / "again.json").read_text())
    first = json.loads((tmp_path / "policy.json").read_text())
    assert data == first | {"workload": "made up"}
    assert (data["n_classes"], data["cost"], data["search_hash"]) == (2, [0.5, 1.0], SEARCH.split_hash)
    assert data["chosen_on"]["n_samples"] == 400
    assert list(data)[-1] == "chosen_on"


def test_names_and_hash_of_the_network_are_kept(tmp_path):
    meta = {"class_names": ["ant", "bee"], "model_hash": "a" * 64}
    table = replace(SEARCH, meta=meta)
    replace(GATE, origin=Origin.of(table)).save(tmp_path / "policy.json")
    policy = Policy.load(tmp_path / "policy.json")
    policy.decide(table)
    with pytest.raises(PolicyError, match="the name of class 0 .* another order.*; the model hash is aaaa"):
        policy.decide(replace(table, meta={"class_names": ["bee", "ant"], "model_hash": "b" * 64}))


def test_a_policy_of_its_own_states_nothing(tmp_path):
    GATE.save(tmp_path / "policy.json", workload="made up")
    policy = Policy.load(tmp_path / "policy.json")
    assert policy.origin is None
    (note,) = certify_policy(policy, SEARCH, CLAIM).notes
    assert note.startswith("the policy does not state what it was chosen on")


def test_tables_that_call_themselves_search_are_doubted(loaded):
    table = table_with_errors(300, first=0, last=0, prefix="new", meta={"split": "train"})
    assert "the table calls itself 'train'" in certify_policy(loaded, table, CLAIM).notes[-1]


def test_samples_without_ids_are_known_by_their_logits(tmp_path):
    table = make_table(400, 2, 3)
    content = {"logits": table.logits, "labels": table.labels, "cost": table.cost}
    with pytest.warns(UserWarning, match="no 'ids'"):
        search = ClassificationTable.of(content)
        part = ClassificationTable.of(content | {"logits": table.logits[9:], "labels": table.labels[9:]})
    replace(GATE, origin=Origin.of(search)).save(tmp_path / "policy.json")
    policy = Policy.load(tmp_path / "policy.json")
    with pytest.raises(ClaimError, match="was chosen on 391 of the 391 samples"):
        certify_policy(policy, part, CLAIM)
    assert "samples without ids" in certify_policy(policy, make_table(300, 2, 3, seed=3), CLAIM).notes[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chosen_on": 3}, "a policy's 'chosen_on' cannot be '3'"),
        ({"chosen_on": {"ids": "?"}}, "'chosen_on' is damaged"),
        ({"chosen_on": {"ids": "AAAA"}}, "3 bytes are not whole hashes"),
        ({"n_classes": 1}, "a policy's 'n_classes' cannot be '1'"),
        ({"class_names": "abc"}, "a policy's 'class_names' cannot be 'abc'"),
        ({"cost": [1, "x"]}, "a policy's 'cost.1' cannot be 'x'"),
        ({"search_hash": 3}, "a policy's 'search_hash' cannot be '3'"),
    ],
)
def test_facts_that_cannot_be_are_refused_in_one_line(tmp_path, changes, message):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(GATE.to_dict() | changes))
    with pytest.raises(PolicyError, match=message) as caught:
        Policy.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("n_classes", "is_read"), [(1, True), (0, False)])
def test_one_class_is_enough_for_a_detector(tmp_path, n_classes, is_read):
    path = tmp_path / "policy.json"
    detector = Policy("top-scores", (0.5,), (1.0, 1.0), {"k": 3})
    path.write_text(json.dumps(detector.to_dict() | {"n_classes": n_classes}))
    if is_read:
        assert Policy.load(path).network.n_classes == n_classes
    else:
        with pytest.raises(PolicyError, match="'n_classes' cannot be '0' .answers of its kind have at least 1"):
            Policy.load(path)


@pytest.mark.parametrize("chosen_by", ["origin", "search"])
def test_a_parent_that_only_ids_tell_of_is_overlap_where_answers_are_pooled(chosen_by):
    search, others = make_table(120), make_table(120, seed=1)
    search = replace(search, ids=np.array([f"clip{row // 4}#{row % 4}" for row in range(120)]))
    others = replace(others, ids=np.array([f"clip{row // 4 + 29}#{row % 4 + 4}" for row in range(120)]))
    pooled = Policy("confidence", (0.9, 0.9), (1.0, 1.0, 1.0), answering=Answering(pooling="mean"))
    plain = replace(pooled, answering=Answering())
    search, others = (replace(one, labels=one.labels[4 * (np.arange(120) // 4)]) for one in (search, others))
    if chosen_by == "origin":
        policy = replace(pooled, origin=Origin.of(search.answered(pooled.answering)))
        with pytest.raises(ClaimError, match="on 1 of the 30 parents, such as 'clip29', of the table"):
            certify_policy(policy, others, CLAIM)
    else:
        with pytest.raises(ExitTableError, match="'search' and 'certify' share 1 parents, such as 'clip29'"):
            certify_policy(pooled, others, CLAIM, search=search)
    # Of samples that answer for themselves such names tell nothing.
    certify_policy(replace(plain, origin=Origin.of(search)), others, CLAIM, search=search)
