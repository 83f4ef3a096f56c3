"""The selected policy beside the front."""

from dataclasses import replace

from policies.goals.front import FrontPoint
from policies.policy import Policy
from search.reporting.selected_point import with_selected
from search.run_folder.summary import Summary
from tests.search.summaries import LONG, made_up_summary


ON_THE_FRONT = FrontPoint(Policy("confidence", (0.5,), (1.0, 1.0)), {"accuracy": 0.9}, 0.0, selected=True)
CHOSEN = Policy("confidence", (0.7,), (1.0, 1.0))


def test_one_on_the_front_stands_there_alone():
    summary = Summary.model_validate(made_up_summary(0))
    assert with_selected([ON_THE_FRONT], summary, CHOSEN) == (ON_THE_FRONT,)


def test_another_stands_behind_with_its_figures_on_search():
    found = made_up_summary(0)
    beaten = replace(ON_THE_FRONT, selected=False)
    first, last = with_selected([beaten], Summary.model_validate(found), CHOSEN)
    assert first is beaten and last.policy is CHOSEN
    assert (last.network, last.certified, last.selected, last.feasible) == (LONG, True, True, True)
    assert last.figures["mean_depth"] == found["selected"]["search"]["mean_depth"]
    assert "exit_mix" not in last.figures


def test_where_nothing_was_claimed_its_certificate_was_not_tried():
    found = Summary.model_validate({**made_up_summary(0), "certificate": None, "certified": False})
    assert with_selected([], found, CHOSEN)[0].certified is None
