from dataclasses import replace

import numpy as np
import pytest

from trainables.errors import TrainingError
from trainables.routing.presets import PHASES, get_phase
from trainables.routing.settings import QualityGate, RoutingSettings, Thresholds


FIXED = RoutingSettings(thresholds=Thresholds.FIXED, start=(0.4, 0.5))


def test_progressive_thresholds_stay_in_the_warm_up_and_reach_their_end_in_the_last_epoch():
    settings = RoutingSettings(
        thresholds=Thresholds.PROGRESSIVE, start=(0.2, 0.3), end=(0.6, 0.5), epochs=6, warm_up_epochs=1
    )
    planned = np.array([settings.at_thresholds(epoch, 2) for epoch in range(6)])
    assert np.allclose(planned[:, 0], [0.2, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert np.allclose(planned[-1], [0.6, 0.5])
    shortest = settings.shortened(2)
    assert [shortest.at_thresholds(epoch, 2)[0] for epoch in range(2)] == pytest.approx([0.2, 0.6])


@pytest.mark.parametrize(("n_early", "expected"), [(1, [0.4]), (2, [0.4, 0.5]), (3, [0.4, 0.45, 0.5])])
def test_thresholds_fit_other_numbers_of_exits(n_early, expected):
    assert FIXED.at_thresholds(0, n_early).tolist() == pytest.approx(expected)


def test_a_target_mix_is_equal_shares_unless_it_is_said():
    assert FIXED.mix(4).tolist() == [0.25] * 4
    assert replace(FIXED, target_mix=(0.5, 0.3, 0.2)).mix(3).tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert replace(FIXED, target_mix=(0.5, 0.3, 0.2)).mix(5).sum() == pytest.approx(1)


def test_a_shorter_training_keeps_the_share_of_the_warm_up_and_at_least_one_epoch_of_each():
    settings = PHASES["1.9"].settings
    assert (settings.epochs, settings.warm_up_epochs) == (20, 3)
    assert [settings.shortened(n).warm_up_epochs for n in (1, 2, 3, 10, 40)] == [0, 1, 1, 2, 6]
    assert FIXED.shortened(3).warm_up_epochs == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": ()}, "a threshold for each early exit"),
        ({"start": (0.4, 1.0)}, r"thresholds must lie in \[0, 1\) but \(0.4, 1.0\)"),
        ({"end": (0.5, 0.5)}, "progressive thresholds, and no others, must have an end"),
        ({"thresholds": Thresholds.PROGRESSIVE}, "must have an end but None"),
        ({"thresholds": Thresholds.PROGRESSIVE, "end": (0.5,)}, "of equal length"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"warm_up_epochs": 20}, "warm_up_epochs must lie in"),
        ({"distribution_weight": -1.0}, "distribution_weight"),
        ({"target_mix": (0.5, 0.6)}, "with sum 1"),
        ({"target_mix": (1.0, 0.0)}, "positive shares"),
        ({"least_temperature": 3.0}, "must be below the most but"),
        ({"least_temperature": 0.0}, "least temperature must be positive"),
        ({"most_temperature": 1.2}, r"between their limits, 0.5 and 1.2, but \(1.5, 1.0\)"),
        ({"last_temperature": 0.0, "least_temperature": None}, "temperatures must be positive"),
        ({"n_top": 0}, "n_top"),
        ({"softness": 0.0}, "softness must be positive"),
        ({"router_rate": float("nan")}, "router_rate must be positive"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_numbers_out_of_range_are_refused(change, said):
    with pytest.raises(TrainingError, match=said):
        replace(FIXED, **change)


@pytest.mark.parametrize(("objectness", "n_objects"), [(0.0, 1), (1.0, 1), (0.5, 0)])
def test_a_gate_asks_for_something_that_can_be(objectness, n_objects):
    with pytest.raises(TrainingError):
        QualityGate(objectness=objectness, n_objects=n_objects)


def test_the_nine_phases_are_those_of_the_notes():
    assert list(PHASES) == [f"1.{n}" for n in range(1, 10)]
    starts = {name: phase.settings.start for name, phase in PHASES.items()}
    assert starts["1.2"] == (0.4, 0.5) and starts["1.3"] == (0.65, 0.8) and starts["1.4"] == (0.45, 0.6)
    assert [name for name, phase in PHASES.items() if phase.settings.gate] == ["1.1", "1.8", "1.9"]
    assert [name for name, phase in PHASES.items() if phase.settings.most_temperature is None] == ["1.7"]
    assert [name for name, phase in PHASES.items() if phase.noted.exit_mix[0] == 1] == ["1.2", "1.4", "1.7"]
    assert {phase.noted.exit_mix for phase in PHASES.values()} == {(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)}
    assert max(PHASES.values(), key=lambda phase: phase.noted.temperatures[0]).name == "1.7"


def test_an_unknown_phase_is_told():
    with pytest.raises(TrainingError, match=r"phase must be one of 1.1, .* but is '2.0'"):
        get_phase("2.0")
