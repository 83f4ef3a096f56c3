import unicodedata

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.names import clean_array, clean_id, clean_name, describe_clash, list_some, one_spelling


CAFE, CAFE_DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("found", "name", "identifier"),
    [
        ("cat", "cat", "cat"),
        ("cat ", "cat", "cat"),
        ("\ufeffcat", "cat", "cat"),
        ("\u00a0speaker\u00a01\t", "speaker 1", "speaker\u00a01"),
        ("a  b", "a b", "a  b"),
        ("c\u200bat\u00ad", "cat", "cat"),
        (CAFE_DECOMPOSED, CAFE, CAFE),
        ("Cat", "Cat", "Cat"),
        # A joiner that Persian is spelled with is a letter's part.
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("  ", "", ""),
    ],
)
def test_one_spelling_of_each_name(found, name, identifier):
    assert clean_name(found) == name
    assert clean_id(found) == identifier


@given(st.text())
def test_a_clean_name_stays_as_it_is(text):
    for clean in (clean_name, clean_id):
        once = clean(text)
        assert clean(once) == once == clean(unicodedata.normalize("NFD", text)) == clean(f"\ufeff {text}\t")


def test_arrays_that_need_no_cleaning_are_not_touched():
    fine = np.array(["a", "bb"], dtype="U9")
    assert clean_array(fine, clean_name) is fine
    assert one_spelling(fine) == (fine, ())
    assert clean_array(np.array(["a ", "b"]), clean_name).tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "clash"),
    [
        (["cat", "dog"], ""),
        (["a", "A", "b"], ""),
        (["cat", "dog", "Cat"], "'cat' and 'Cat' differ in case only"),
        (["stra\u00dfe", "STRASSE"], "differ in case only"),
        (["cat", "cat "], "'cat' and 'cat ' differ in spaces, invisible characters or Unicode form only"),
        (["a", "a "], "'a' and 'a ' differ in spaces"),
        ([CAFE, CAFE_DECOMPOSED], r"'caf\xe9' and 'cafe\u0301' differ in spaces, invisible"),
        (["cat", "dog", "cat"], "'cat' occurs twice"),
    ],
)
def test_names_that_a_person_takes_for_one(names, clash):
    found = describe_clash(names)
    assert clash in found
    assert bool(found) == bool(clash)


def test_origins_that_differ_in_case_are_one():
    names, joined = one_spelling(np.array(["s2", "S1", "s1 ", "S2", CAFE_DECOMPOSED, CAFE, "x"]))
    assert names.tolist() == ["S2", "S1", "S1", "S2", CAFE, CAFE, "x"]
    assert joined == (("S1", "s1"), ("S2", "s2"))


def test_a_list_of_names_stays_one_line():
    assert list_some([]) == ""
    assert list_some(["a", "b"]) == "'a', 'b'"
    assert list_some([f"n{i}" for i in range(4000)]) == "'n0', 'n1', 'n2', 'n3', 'n4' and 3995 more"
    assert list_some(range(4), most=2) == "'0', '1' and 2 more"
    assert len(list_some(["x" * 5000, "line\nbreak"])) < 110
    assert "\n" not in list_some(["line\nbreak"])
