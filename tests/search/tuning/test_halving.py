import json
import math
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from ray.tune.schedulers import TrialScheduler

from search.tuning.halving import AsyncHalving, HalvingError
from search.tuning.priorities import PriorityError, nondominated_priority, scalar_priority


SETTINGS = {"grace_epochs": 2, "reduction": 3, "max_epochs": 20}


def halving(figure="loss", **changes):
    return AsyncHalving(scalar_priority(figure), **SETTINGS | changes)


def several(**changes):
    return AsyncHalving(nondominated_priority(), **SETTINGS | changes)


def tell(scheduler, epoch, losses):
    """Reports of trials a, b, ... at one epoch, in that order; whether each goes on."""
    return [scheduler.goes_on(chr(97 + i), epoch, {"loss": loss}) for i, loss in enumerate(losses)]


def tell_several(scheduler, *reports, epoch=2):
    """Reports of accuracy and mean depth of trials a, b, ...; their exits are alike."""
    return [
        scheduler.goes_on(chr(97 + i), epoch, {"accuracy": accuracy, "mean_depth": depth, "accuracy_exit_1": 0.5})
        for i, (accuracy, depth) in enumerate(reports)
    ]


@pytest.mark.parametrize(
    ("grace", "reduction", "epochs", "rungs"),
    [(2, 3, 20, (2, 6, 18)), (2, 3, 18, (2, 6)), (1, 2, 8, (1, 2, 4)), (5, 2, 5, ()), (4, 4, 15, (4,))],
)
def test_rungs_grow_by_the_reduction_and_end_before_the_training(grace, reduction, epochs, rungs):
    assert halving(grace_epochs=grace, reduction=reduction, max_epochs=epochs).rungs == rungs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grace_epochs": 0}, "grace_epochs must lie in [1, max_epochs = 20] but is 0"),
        ({"grace_epochs": 21}, "grace_epochs must lie in [1, max_epochs = 20] but is 21"),
        ({"reduction": 1}, "reduction must be at least 2 but is 1"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(HalvingError) as caught:
        halving(**changes)
    assert str(caught.value) == message


def test_first_arrival_goes_on_however_bad():
    assert tell(halving(), 2, [100.0]) == [True]


def test_one_in_three_goes_on():
    # Of n there go on fewer than ceil(n / 3) better ones: 1 of the first three, 2 of the first six.
    assert tell(halving(), 2, [5, 4, 6, 5.5, 3, 4.5, 4.2]) == [True, True, False, False, True, False, True]


def test_an_exempt_trial_goes_on_and_is_ranked_all_the_same():
    scheduler = halving(exempt=["c", "d"])
    assert tell(scheduler, 2, [5, 4, 6, 3, 3.5]) == [True, True, True, True, True]
    assert scheduler.stopped == {}
    assert tell(scheduler, 6, [5, 4, 6]) == [True, True, True]
    # As without the exemption: the last is the third of six.
    assert scheduler.goes_on("f", 2, {"loss": 3.7}) == halving_of([5, 4, 6, 3, 3.5, 3.7])[-1]


def halving_of(losses):
    return tell(halving(), 2, losses)


def test_later_arrivals_do_not_take_a_decision_back():
    scheduler = halving()
    assert tell(scheduler, 2, [5, 4, 3, 2]) == [True, True, True, True]
    assert tell(scheduler, 3, [5, 4, 3, 2]) == [True, True, True, True]


def test_all_that_tie_with_the_last_of_the_best_go_on():
    assert tell(halving(), 2, [1.0] * 7) == [True] * 7
    assert tell(halving(), 2, [1, 2, 2, 2, 2, 2]) == [True, False, False, True, True, True]


def test_nothing_is_compared_between_rungs():
    scheduler = halving()
    assert tell(scheduler, 1, [1, 2, 3]) == [True] * 3
    assert tell(scheduler, 2, [1, 1, 1]) == [True] * 3
    assert tell(scheduler, 3, [1, 20, 30]) == [True] * 3


def test_rungs_are_compared_apart():
    scheduler = halving()
    scheduler.goes_on("a", 2, {"loss": 1.0})
    scheduler.goes_on("a", 6, {"loss": 9.0})
    assert not scheduler.goes_on("b", 2, {"loss": 2.0})
    scheduler.goes_on("c", 2, {"loss": 0.5})
    assert scheduler.goes_on("c", 6, {"loss": 8.0})


def test_full_trainings_are_neither_compared_nor_stopped():
    scheduler = halving(max_epochs=6)
    assert tell(scheduler, 6, [1, 2, 3, 4]) == [True] * 4
    assert scheduler.state()["rungs"] == {"2": {}}


def test_same_report_twice_is_recorded_once_with_the_same_answer():
    scheduler = halving()
    first = tell(scheduler, 2, [1, 2, 0.5, 3])
    state = scheduler.state()
    assert tell(scheduler, 2, [1, 2, 0.5, 3]) == first
    assert tell(scheduler, 2, [100, 0, 100, 0]) == first
    assert scheduler.state() == state


def test_stopped_trials_stay_stopped():
    scheduler = halving()
    assert tell(scheduler, 2, [1, 2]) == [True, False]
    assert not scheduler.goes_on("b", 3, {"loss": 0.0})
    assert not scheduler.goes_on("b", 6, {"loss": 0.0})
    assert scheduler.goes_on("b", 1, {"loss": 0.0})
    assert scheduler.stopped == {"b": 2}
    assert scheduler.state()["rungs"]["6"] == {}


def test_a_report_between_rungs_stands_for_the_last_one_that_was_passed():
    scheduler = halving()
    assert tell(scheduler, 6, [1.0, 2.0]) == [True, False]
    assert not scheduler.goes_on("late", 7, {"loss": 3.0})
    assert "late" in scheduler.state()["rungs"]["6"]
    assert scheduler.state()["rungs"]["2"] == {}


def test_reports_from_before_the_latest_are_not_recorded():
    scheduler = halving()
    assert scheduler.goes_on("a", 7, {"loss": 1.0})
    assert scheduler.goes_on("a", 2, {"loss": 9.0})
    assert scheduler.state()["rungs"]["2"] == {}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_trial_that_is_not_a_number_is_not_compared(bad):
    scheduler = halving()
    assert tell(scheduler, 2, [bad, 2.0, bad, 3.0]) == [True, True, True, False]
    assert set(scheduler.state()["rungs"]["2"]) == {"b", "d"}
    scheduler = several()
    assert tell_several(scheduler, (bad, 2.0), (0.1, 3.0), (0.2, bad)) == [True, True, True]
    assert set(scheduler.state()["rungs"]["2"]) == {"b"}


def test_a_diverged_trial_is_not_compared_by_the_depth_that_it_reports():
    scheduler = halving("depth_at_target")
    diverged = {"accuracy": math.nan, "depth_at_target": 3.95}
    assert scheduler.goes_on("a", 2, {"accuracy": 0.9, "depth_at_target": 1.0})
    assert scheduler.goes_on("b", 2, diverged)
    assert set(scheduler.state()["rungs"]["2"]) == {"a"}


def test_a_missing_figure_is_an_error():
    with pytest.raises(PriorityError, match="a report must hold loss but it holds accuracy, epoch"):
        halving().goes_on("a", 2, {"accuracy": 1.0, "epoch": 2})


def test_dominated_trials_are_stopped():
    assert tell_several(several(), (0.7, 1.5), (0.6, 1.6), (0.65, 1.5)) == [True, False, False]


def test_trials_that_are_better_in_something_go_on():
    reports = (0.7, 1.5), (0.6, 1.2), (0.65, 1.6), (0.8, 2.0)
    assert tell_several(several(reduction=2), *reports) == [True, True, False, True]


REPORTS = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.integers(1, 12),
        st.floats(0, 1) | st.sampled_from([math.nan, 0.5]),
        st.floats(0, 1),
    ),
    max_size=60,
)


def tell_all(scheduler, reports):
    return [
        scheduler.goes_on(name, epoch, {"accuracy_exit_1": one, "accuracy": one, "mean_depth": two, "loss": one})
        for name, epoch, one, two in reports
    ]


@pytest.mark.parametrize("make", [halving, several])
@settings(max_examples=60, deadline=None)
@given(reports=REPORTS)
def test_replaying_the_reports_gives_the_same_decisions(make, reports):
    first, again = (make(reduction=2, max_epochs=10) for _ in range(2))
    decisions = tell_all(first, reports)
    assert tell_all(again, reports) == decisions
    assert again.state() == first.state()
    # Once more over the same object: every report gets its answer again, and nothing changes.
    assert tell_all(first, reports) == decisions
    assert again.state() == first.state()


@pytest.mark.parametrize("make", [halving, several])
@settings(max_examples=60, deadline=None)
@given(reports=REPORTS, cut=st.integers(0, 60))
def test_a_restored_state_is_as_good_as_one_never_interrupted(make, reports, cut):
    whole, before, after = (make(reduction=2, max_epochs=10) for _ in range(3))
    decisions = tell_all(before, reports[:cut])
    after.load_state(json.loads(json.dumps(before.state())))
    assert decisions + tell_all(after, reports[cut:]) == tell_all(whole, reports)
    assert after.state() == whole.state()


def test_restoring_from_a_file(tmp_path):
    path = str(tmp_path / "scheduler.json")
    scheduler = halving()
    tell(scheduler, 2, [1, 2, 3])
    scheduler.save(path)
    restored = halving()
    restored.restore(path)
    assert restored.state() == scheduler.state()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reduction": 4}, "whose reduction is 3 but here it is 4"),
        ({"max_epochs": 19}, "whose max_epochs is 20 but here it is 19"),
        ({"grace_epochs": 3}, "has rungs 2, 6, 18 but here they are 3, 9"),
    ],
)
def test_the_state_of_another_halving_is_refused(changes, message):
    with pytest.raises(HalvingError, match=message):
        halving(**changes).load_state(halving().state())


def test_the_state_of_another_priority_is_refused():
    with pytest.raises(HalvingError, match="whose priority is 'asha' but here it is 'mo-asha'"):
        several().load_state(halving().state())


def test_tune_is_answered_by_the_name_in_the_parameters():
    scheduler = halving()
    trials = [SimpleNamespace(trial_id=f"random{i}", config={"trial": f"trial-{i:04d}"}) for i in range(2)]
    answers = [scheduler.on_trial_result(None, trial, {"epoch": 2, "loss": loss}) for loss, trial in enumerate(trials)]
    assert answers == [TrialScheduler.CONTINUE, TrialScheduler.STOP]
    assert scheduler.stopped == {"trial-0001": 2}
    assert scheduler.debug_string() == "Halving by asha: 2 at epoch 2, 0 at epoch 6, 0 at epoch 18; 1 stopped"


def test_last_reports_of_trials_that_end_by_themselves_are_recorded():
    scheduler = halving()
    ended, unheard = (SimpleNamespace(config={"trial": name}) for name in ("trial-0000", "trial-0001"))
    scheduler.on_trial_complete(None, ended, {"epoch": 2, "loss": 1.0})
    scheduler.on_trial_complete(None, unheard, {})
    assert scheduler.state()["rungs"]["2"] == {"trial-0000": [1.0]}
    assert not scheduler.goes_on("trial-0001", 2, {"loss": 2.0})


def test_rungless_halving_stops_nothing():
    scheduler = halving(grace_epochs=20)
    assert all(tell(scheduler, epoch, [1, 2, 3]) == [True] * 3 for epoch in (1, 10, 20))
    assert "no rungs" in scheduler.debug_string()
