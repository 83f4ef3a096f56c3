"""Few labels give the very certificate that all labels give."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.labelling.few_labels import certify_with_few_labels
from policies.certificates.labelling.order import labelling_order
from policies.errors import ClaimError
from policies.pooling.answering import Answering
from tests.policies.certificates.labelling.tables import SURE, labels_asked, pair, true_labels, without_labels
from tests.tables import make_table


CLAIMS = (
    Claim(max_drop=0.02),
    Claim(max_drop=0.2),
    Claim(max_degradation=0.03),
    Claim(max_drop={"accuracy": 0.05}, max_degradation=0.1, max_disagreement=0.2),
)


def in_groups(table, size):
    groups = np.array([f"g{row // size}" for row in range(table.n_samples)])
    return replace(table, groups=groups)


def of_parents(table, size):
    """Samples of one class a parent."""
    parents = np.array([f"p{row // size}" for row in range(table.n_samples)])
    first = np.arange(table.n_samples) // size * size
    return replace(table, parents=parents, labels=table.labels[first])


POOLED = replace(SURE, answering=Answering(level="parent", pooling="mean"))
SHAPES = {
    "samples": (SURE, lambda table: table),
    "groups": (SURE, lambda table: in_groups(table, 3)),
    "parents that are units": (SURE, lambda table: of_parents(table, 3)),
    "pooled answers": (POOLED, lambda table: of_parents(table, 3)),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 10_000), claim=st.sampled_from(CLAIMS), searched=st.booleans())
@settings(max_examples=8, deadline=None)
def test_every_part_is_that_of_a_table_with_all_labels(shape, seed, claim, searched):
    policy, formed = SHAPES[shape]
    table = formed(make_table(240, seed=seed))
    search = formed(make_table(240, seed=seed + 1, prefix="x")) if searched else None
    if search is not None:
        search = replace(
            search,
            groups=None if search.groups is None else np.char.add("x", search.groups),
            parents=None if search.parents is None else np.char.add("x", search.parents),
        )
    unknown = without_labels(table)
    labels = labels_asked(policy, table, unknown, claim, search=search)
    few = certify_with_few_labels(policy, unknown, claim, labels, search=search)
    whole = certify_policy(policy, table, claim, search=search)
    assert len(labels) < table.n_samples
    assert few.notes[1:] == whole.notes
    assert replace(few, notes=()) == replace(whole, notes=())


def test_the_certificate_says_how_few_they_were():
    table, unknown = pair(600)
    claim = Claim(max_drop=0.05)
    labels = labels_asked(SURE, table, unknown, claim)
    certificate = certify_with_few_labels(SURE, unknown, claim, labels)
    assert certificate.notes[0].startswith(f"{len(labels)} of 600 samples were labelled")


def test_a_label_that_is_missing_is_asked_for():
    table, unknown = pair(600)
    claim = Claim(max_drop=0.05)
    order = labelling_order(SURE, unknown, claim)
    labels = true_labels(table, order.asked[:-2])
    with pytest.raises(ClaimError, match=f"all {len(order.asked)} samples whose answers differ must be labelled but 2"):
        certify_with_few_labels(SURE, unknown, claim, labels)


def test_where_nothing_differs_no_label_is_needed():
    table, unknown = pair(600)
    closed = replace(SURE, thresholds=(np.inf, np.inf))
    certificate = certify_with_few_labels(closed, unknown, Claim(max_drop=0.02), {})
    assert certificate.certified
    assert certificate.parts == certify_policy(closed, table, Claim(max_drop=0.02)).parts
