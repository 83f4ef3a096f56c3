import pytest

from policies.rules import RULES
from search.page.rule_words import _EXPLAINED
from search.page.sections.verdict import certainty
from search.run_folder.summary import Summary
from tests.search.summaries import made_up_summary


def told(**changes):
    return certainty(Summary.model_validate({**made_up_summary(0), **changes}))


def test_every_rule_is_explained():
    assert set(_EXPLAINED) == set(RULES)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, "With confidence 95 %, on new data of the same kind macro-F1 is at least 0.876 (bound 0.8812). This"),
        ({"feasible": False, "certified": False}, "None: no policy met macro_f1 0.876 on search."),
        (
            {"certified": False, "certificate": {"claim": "it holds", "reason": "too few", "bound": None}},
            "Not certified: too few (claim: it holds).",
        ),
        ({"certified": False, "certificate": None}, "None: nothing was claimed on samples kept for it."),
        (
            {"certified": False, "certificate": None, "estimate": {"meets": True, "sentence": "expected to do"}},
            "None: nothing was claimed on samples kept for it. Expected to do.",
        ),
    ],
)
def test_how_sure_is_said_in_a_sentence(changes, begins):
    assert told(**changes).startswith(begins)
