from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.tables.identity import SampleDigest, canonical_names


NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), min_size=1, max_size=30)


@given(first=NAMES, second=NAMES)
def test_holds_what_the_names_share(first, second):
    left, right = np.array(first), np.array(second)
    digest = SampleDigest.from_text(SampleDigest.of(left).to_text())
    shared = np.isin(canonical_names(right), canonical_names(left))
    assert digest.holds(right).tolist() == shared.tolist()
    assert len(digest) == np.unique(canonical_names(left)).size


def test_order_and_doubles_do_not_count():
    assert SampleDigest.of(np.array(["b", "a", "b"])).to_text() == SampleDigest.of(np.array(["a", "b"])).to_text()


def test_no_name_can_be_read_and_no_name_takes_more_than_11_characters():
    names = np.array([f"patient-{k}" for k in range(1000)])
    text = SampleDigest.of(names).to_text()
    assert len(text) <= 11 * len(names)
    assert "patient" not in text


def test_names_are_the_same_in_any_unicode_form_and_with_spaces_around():
    names = np.array(["é", "e\u0301 ", "\ufeffé", " é\t"])
    assert canonical_names(names).tolist() == ["é"] * 4
    assert canonical_names(np.array(["a b ", "A"], dtype=">U4")).tolist() == ["a b", "A"]
    assert SampleDigest.of(names[:1]).holds(names).all()


@pytest.mark.parametrize("text", ["AAAA", "!", "AAAAAAAAAAIAAAAAAAAAAQ=="])
def test_damaged_text_is_refused(text):
    with pytest.raises(ValueError, match="."):
        SampleDigest.from_text(text)
