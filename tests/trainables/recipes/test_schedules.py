import pytest

from trainables.errors import TrainingError
from trainables.recipes.schedules import LinearSchedule, constant


def test_linear_after_warm_up():
    schedule = LinearSchedule(start=0.9, end=0.3, until=8, warmup=2)
    assert [schedule.at(epoch) for epoch in (0, 1)] == [0.0, 0.0]
    assert schedule.at(2) == pytest.approx(0.9)
    assert schedule.at(5) == pytest.approx(0.6)
    assert schedule.at(8) == schedule.at(20) == pytest.approx(0.3)


def test_margin_of_run_sixteen():
    """Section 4, run 16: margin weight 0.04 -> 0 by epoch 20."""
    schedule = LinearSchedule(start=0.04, end=0.0, until=20)
    assert schedule.at(0) == 0.04
    assert schedule.at(10) == pytest.approx(0.02)
    assert schedule.at(20) == schedule.at(49) == 0.0


def test_constant_is_constant():
    assert {constant(0.6).at(epoch) for epoch in range(50)} == {0.6}


def test_end_before_warm_up_is_refused():
    with pytest.raises(TrainingError, match="ends at 2, after 2"):
        LinearSchedule(start=1.0, end=0.0, until=2, warmup=2)
