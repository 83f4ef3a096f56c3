import pytest

from search.trials.time_left import TimeLeft, spoken


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Timed:
    """An estimate that is told the time by a clock."""

    def __init__(self, clock):
        self._clock, self._left = clock, TimeLeft()

    def started(self, trial):
        self._left.started(trial, self._clock())

    def ended(self, trial):
        self._left.ended(trial, self._clock())

    def seconds(self, n_open):
        return self._left.seconds(n_open, self._clock())


@pytest.fixture
def clock():
    return Clock()


def run(left, clock, durations):
    """One trial after the other."""
    for number, seconds in enumerate(durations):
        left.started(f"ended-{number}")
        clock.now += seconds
        left.ended(f"ended-{number}")


def test_nothing_is_said_before_enough_have_ended(clock):
    left = Timed(clock)
    run(left, clock, [10, 10])
    assert left.seconds(8) is None
    run(left, clock, [10])
    assert left.seconds(7) == pytest.approx(70)


def test_as_many_as_run_at_once_must_have_ended(clock):
    left = Timed(clock)
    for number in range(5):
        left.started(str(number))
    clock.now = 10
    for number in range(4):
        left.ended(str(number))
        left.started(f"next-{number}")
    assert left.seconds(16) is None
    left.ended("4")
    # Four run from now on and eleven wait, five at a time.
    assert left.seconds(15) == pytest.approx(15 * 10 / 5)


def test_what_runs_already_takes_less_and_one_alone_takes_its_own_time(clock):
    left = Timed(clock)
    run(left, clock, [60] * 4)
    left.started("a")
    left.started("b")
    clock.now += 20
    assert left.seconds(4) == pytest.approx((40 + 40 + 60 + 60) / 2)
    assert left.seconds(2) == pytest.approx(40)


def test_trials_that_are_stopped_early_count_with_what_they_took(clock):
    left = Timed(clock)
    run(left, clock, [100, 20, 20, 20])
    assert left.seconds(10) == pytest.approx(10 * 40)


def test_long_ones_count_before_they_end(clock):
    left = Timed(clock)
    left.started("long")
    run(left, clock, [10] * 3)
    # 30 seconds so far: the mean is of 10, 10, 10 and 30.
    assert left.seconds(9) == pytest.approx((0 + 8 * 15) / 2)


def test_trials_of_an_earlier_session_tell_nothing(clock):
    left = Timed(clock)
    for number in range(5):
        left.ended(str(number))
    assert left.seconds(5) is None


def test_a_trial_that_goes_on_keeps_its_start(clock):
    left = Timed(clock)
    run(left, clock, [10, 10])
    left.started("a")
    clock.now += 20
    left.started("a")
    clock.now += 20
    left.ended("a")
    assert left.seconds(1) == pytest.approx(20)


def test_a_clock_that_is_set_back_gives_no_time_back(clock):
    left = Timed(clock)
    run(left, clock, [10, 10, 10, 10])
    left.started("a")
    clock.now -= 100
    assert left.seconds(2) == pytest.approx(20)
    left.ended("a")
    assert left.seconds(1) == pytest.approx(8)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((3, "less than a minute"), (50, "about 1 min"), (130, "about 2 min"), (599, "about 10 min")),
        *((1700, "about 30 min"), (5390, "about 90 min"), (9000, "about 2.5 h"), (200000, "about 2.3 days")),
    ],
)
def test_durations_are_told_as_roughly_as_they_are_known(seconds, words):
    assert spoken(seconds) == words
