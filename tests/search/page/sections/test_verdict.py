from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from policies.rules import RULES
from search.page.rule_words import _EXPLAINED
from search.page.sections.verdict import _weaknesses, certainty, headline, verdict
from search.run_folder.summary import SplitsSummary, Summary
from tests.search.page.sections.finished import searched
from tests.search.summaries import made_up_summary
from tests.tables import make_table


def told(**changes):
    return certainty(Summary.model_validate({**made_up_summary(0), **changes}))


def test_every_rule_is_explained():
    assert set(_EXPLAINED) == set(RULES)


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        ({}, "With confidence 95 %, on new data of the same kind macro-F1 is at least 0.876 (bound 0.8812). This"),
        ({"feasible": False, "certified": False}, "None: no policy met macro f1 0.876 on search."),
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


PARTLY = {
    "certified": True,
    "feasible": True,
    "asked": "image_f1 0.5, a relative drop of map_50 of at most 0.1 against the full network",
    "certificate": {"claim": "image_f1 is at least 0.5", "reason": "", "bound": 0.69},
}
ESTIMATE = {"sentence": "estimated", "quality": "relative drop of map_50", "side": "at most", "limit": 0.1}


@pytest.mark.parametrize(
    ("meets", "told"),
    [
        (True, "Estimated, not certified: relative drop of mAP@.5 at most 0.1."),
        (False, "Not certified, and by an estimate not to be expected: relative drop of mAP@.5 at most 0.1."),
    ],
)
def test_what_is_only_estimated_is_not_called_certified(meets, told):
    changes = {**PARTLY, "estimate": {**ESTIMATE, "meets": meets}}
    said = headline(Summary.model_validate({**made_up_summary(0), **changes}))
    assert said.startswith("Certified that image F1 is at least 0.5: ")
    assert said.endswith(f". {told}")


def test_where_all_is_certified_it_is_said_for_all():
    said = headline(Summary.model_validate({**made_up_summary(0), **PARTLY, "estimate": None}))
    assert said.startswith("Certified for image F1 0.5, a relative drop of mAP@.5")


def test_the_worst_class_is_named_and_weaknesses_are_sentences(tmp_path):
    found = searched(tmp_path, make_table, "--target", "0.7", "--rule", "confidence", splits=("search", "test"))
    table = make_table(seed=1, prefix="test")
    right = found.policy.decide(table).answers == table.labels
    recalls = [right[table.labels == label].mean() for label in range(4)]
    worst = int(np.argmin(recalls))
    n = int((table.labels == worst).sum())
    splits = SplitsSummary(differ=True, sentence="search and certify are of different kinds")
    alarms = {"alarms": ["depth 1 takes nothing"], "undertrained": "", "splits": splits}
    alarmed = found.summary.model_copy(update=alarms)
    html = verdict(replace(found, summary=alarmed)).html
    recall = f"Worst class recall {recalls[worst]:.4f} on test"
    assert (
        f"Depth 1 takes nothing. Search and certify are of different kinds. {recall} (class {worst}, {n} samples)."
        in html
    )
    found.folder.classes_csv.unlink()
    assert f"{recall}." in verdict(found).html


def test_where_nothing_is_wrong_nothing_is_called_weak():
    found = made_up_summary(0)
    right = {"accuracy": 1.0, "macro_f1": 1.0, "worst_class_recall": 1.0, "mean_depth": 2.0}
    selected = {**found["selected"], "search": right, "test": right}
    differ = {"differ": True, "sentence": "search and certify are of different kinds", "differences": []}
    changes = {"selected": selected, "alarms": [], "undertrained": "", "splits": differ}
    told = _weaknesses(SimpleNamespace(summary=Summary.model_validate({**found, **changes})))
    assert told == ["Search and certify are of different kinds."]


def test_of_the_nearest_policy_it_is_said_how_near_it_came_where_it_was_looked_for():
    found = made_up_summary(0)
    changes = {"feasible": False, "certified": False, "asked": "macro_f1 0.99, for every value of site"}
    said = headline(Summary.model_validate({**found, **changes}))
    near, last = found["selected"]["search"]["macro_f1"], found["selected"]["test"]["accuracy"]
    assert said.startswith(
        "No policy met macro f1 0.99, for every value of site, on search; the nearest one has macro f1 "
        f"{near:.4f} there, and accuracy {last:.4f} at mean depth"
    )
