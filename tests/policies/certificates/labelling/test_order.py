"""Which labels are asked for, and in which order: those of answers that differ, blind to labels and to rows."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.certificates.labelling.order import labelling_order
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.origin import Origin
from tests.multilabel_tables import make_label_table
from tests.policies.certificates.labelling.tables import SURE, pair, true_labels, without_labels
from tests.tables import make_table


DROP = Claim(max_drop=0.1)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_exactly_those_are_asked_for_whose_answers_differ(seed):
    table, unknown = pair(80, seed=seed)
    order = labelling_order(SURE, unknown, DROP)
    differ = SURE.decide(table).answers != table.exit_answers[:, -1]
    assert sorted(order.asked) == sorted(table.ids[differ].tolist())
    assert order.n == 80
    assert sorted(order.names.tolist()) == sorted(table.ids.tolist())


def test_the_order_is_the_same_for_any_order_of_rows():
    _, unknown = pair(300)
    rows = np.random.default_rng(1).permutation(300)
    one, other = (labelling_order(SURE, table, DROP) for table in (unknown, unknown.take(rows)))
    assert one.asked == other.asked
    assert one.digests == other.digests
    assert list(one.asked) != sorted(one.asked)


def test_the_order_is_one_of_all_equally_likely_ones():
    """Each sample comes first about as often as any other, over tables that differ in a single figure."""
    _, unknown = pair(8)
    first = []
    for seed in range(400):
        logits = unknown.logits.copy()
        logits[0, 0, 0] += np.float32(seed / 1000)
        first.append(labelling_order(SURE, replace(unknown, logits=logits), DROP).names[0])
    counts = np.unique(first, return_counts=True)[1]
    assert len(counts) == 8
    assert ((counts - 50) ** 2 / 50).sum() < 24.3  # 99.9 % of chi-square with 7 degrees of freedom


def test_another_policy_or_table_has_another_order():
    _, unknown = pair(300)
    names = [
        labelling_order(policy, table, DROP).names.tolist()
        for policy, table in (
            (SURE, unknown),
            (replace(SURE, thresholds=(0.8, 0.9)), unknown),
            (SURE, replace(unknown, logits=unknown.logits + np.float32(0.25))),
        )
    ]
    assert names[0] != names[1]
    assert names[0] != names[2]


def test_what_is_settled_with_the_order_is_in_its_digest():
    _, unknown = pair(300)
    search = make_table(200, seed=9, prefix="x")
    stated = [
        str(labelling_order(SURE, unknown, claim, **options).digests)
        for claim, options in (
            (DROP, {}),
            (DROP, {"delta": 0.1}),
            (DROP, {"sequential": True}),
            (DROP, {"search": search}),
            (Claim(max_drop=0.05), {}),
            (Claim(max_degradation=0.1), {}),
        )
    ]
    assert len({*stated}) == len(stated)
    assert len({text.rpartition("-")[0] for text in stated}) == 1


def test_labels_stand_where_they_are_given_and_nowhere_else():
    table, unknown = pair(300)
    order = labelling_order(SURE, unknown, DROP)
    filled = order.labelled(true_labels(table, order.asked))
    differ = SURE.decide(table).answers != table.exit_answers[:, -1]
    np.testing.assert_array_equal(filled.labels[differ], table.labels[differ])
    np.testing.assert_array_equal(filled.labels[~differ], table.exit_answers[~differ, -1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"nobody": 0}, "are asked for but 1 are of others, such as 'nobody'"),
        ({None: 4}, r"labels must lie in 0..3 but that of 's\d+' is 4"),
        ({None: -1}, r"labels must lie in 0..3 but that of 's\d+' is -1"),
    ],
)
def test_labels_that_cannot_be(labels, message):
    order = labelling_order(SURE, pair(300)[1], DROP)
    with pytest.raises(ClaimError, match=message):
        order.labelled({name or order.asked[0]: label for name, label in labels.items()})


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim(target=0.9), "but the claim has target, which needs every label"),
        (Claim(max_drop=0.1, target=0.9, class_floor=0.5), "has target and class_floor, which needs every label"),
        (Claim(max_drop=0.1, exit_floor=0.5), "has exit_floor"),
        (Claim(max_relative_drop=0.1), "has max_relative_drop"),
        (Claim(max_drop=0.1, bounds={"macro_f1": 0.5}), "has bounds"),
        (Claim(max_drop={"hamming": 0.1}), "has max_drop of hamming, which needs every label"),
        (Claim(max_disagreement=0.1), "max_disagreement alone needs no labels at all"),
    ],
)
def test_other_claims_need_every_label_or_none(claim, message):
    with pytest.raises(ClaimError, match=message):
        labelling_order(SURE, pair(100)[1], claim)


def test_a_table_with_labels_is_refused():
    with pytest.raises(ClaimError, match="must be fixed before labels are seen but the table has them"):
        labelling_order(SURE, pair(100)[0], DROP)


def test_sets_of_labels_are_refused():
    with pytest.raises(ClaimError, match="answers are classes but these are of task 'multi-label'"):
        labelling_order(Policy("label-margin", (0.2, 0.1), (1.0, 1.0, 1.0)), make_label_table(60), DROP)


def test_samples_that_the_policy_was_chosen_on_are_refused():
    table, unknown = pair(100)
    chosen = replace(SURE, origin=Origin.of(table.take(np.arange(9))))
    with pytest.raises(ClaimError, match="was chosen on 9 of the 100 samples"):
        labelling_order(chosen, without_labels(table), DROP)
    assert labelling_order(replace(SURE, origin=Origin.of(make_table(9, prefix="x"))), unknown, DROP).n == 100
