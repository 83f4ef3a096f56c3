"""Times by a clock that only stages advance: what is predicted is what is measured, and turns are taken."""

from collections import Counter
import gc

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.policy import Policy
from policies.runtime.candidates import ALL_HEADS, CONTROL, FULL, FULL_AGAIN, POLICY, exit_alone, make_candidates
from policies.runtime.speed import Speed, Times, best_throughput, measure_speed
from policies.runtime.timing import Effort, batches_of, time_in_turns
from policies.runtime.verdict import throughput_line, verdict
from tests.policies.runtime.table_stages import TableStages, rows_as_inputs
from tests.tables import make_table


STAGE_MS, HEAD_MS = (1.0, 2.0, 4.0), (0.25, 0.5, 0.125)
N = 90


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class TimedStages(TableStages):
    """Each stage and each head takes its milliseconds for each sample."""

    def __init__(self, table, clock):
        super().__init__(table)
        self._clock = clock

    def run(self, exit_index, features, *, with_head=True):
        own = STAGE_MS[exit_index] + with_head * HEAD_MS[exit_index]
        self._clock.now += own * len(features) / 1000
        return super().run(exit_index, features, with_head=with_head)


class PlainStages:
    """One stage that takes three milliseconds for each sample."""

    n_exits = 1

    def __init__(self, clock):
        self._clock = clock

    def begin(self, inputs):
        return inputs

    def run(self, exit_index, features, *, with_head=True):
        self._clock.now += 0.003 * len(features)
        return features, None


@pytest.fixture(scope="module", autouse=True)
def own_garbage_only():
    """Each round begins with a collection, which would walk through everything that other tests have loaded."""
    gc.freeze()


@pytest.fixture(scope="module")
def table():
    return make_table(N, 3, 4, seed=1)


@pytest.fixture(scope="module")
def policy(table):
    scores = Policy("confidence", (1.0, 1.0), (1.0,) * 3).view(table).scores[:, :, 0]
    return Policy("confidence", tuple(float(np.sort(scores[:, k])[44:46].mean()) for k in range(2)), (1.0,) * 3)


def measured(table, policy, batch_size, *, with_control=False, **more):
    clock = Clock()
    return measure_speed(
        TimedStages(table, clock),
        policy,
        rows_as_inputs(N),
        batch_size=batch_size,
        cost=table.cost,
        plain={CONTROL: PlainStages(clock)} if with_control else None,
        clock=clock,
        **more,
    )


@pytest.mark.parametrize("batch_size", [1, 7, 30, 90])
def test_where_nothing_but_stages_takes_time_the_prediction_is_exact(table, policy, batch_size):
    speed = measured(table, policy, batch_size, with_control=True)
    assert speed.policy_ms == pytest.approx(speed.predicted_ms)
    assert speed.share_of_latency == pytest.approx(1)
    assert speed.exit_ms == pytest.approx([1.25, 3.75, 7.875])
    assert speed.times[FULL].mean_ms == pytest.approx(7.125), "no early heads"
    assert speed.times[ALL_HEADS].mean_ms == pytest.approx(7.875)
    assert speed.times[exit_alone(1)].mean_ms == pytest.approx(3.5)
    assert speed.times[CONTROL].mean_ms == pytest.approx(3.0)
    assert speed.over(FULL) == pytest.approx(speed.predicted_from_latency)
    assert speed.noise == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("batch_size", [1, 30])
def test_the_mix_and_the_compute_are_the_policys(table, policy, batch_size):
    speed = measured(table, policy, batch_size)
    decision = policy.decide(table)
    mix = np.bincount(decision.exits, minlength=3) / N
    assert speed.exit_mix == pytest.approx(mix)
    assert speed.predicted_from_macs == pytest.approx(1 / (mix @ table.cost))
    assert not speed.has_control


def test_in_a_single_stream_a_sample_has_the_time_of_its_exit(table, policy):
    speed = measured(table, policy, 1)
    own = np.array([1.25, 3.75, 7.875])[policy.decide(table).exits]
    found = speed.times[POLICY]
    expected = (own.mean(), *np.percentile(own, (50, 90, 99)), own.max())
    assert (found.mean_ms, found.p50_ms, found.p90_ms, found.p99_ms, found.worst_ms) == pytest.approx(expected)
    assert found.p99_ms > speed.times[FULL].p99_ms, "who goes to the end passes every head"


def test_times_are_medians_over_rounds():
    seconds = np.array([[1.0, 5.0], [2.0, 6.0], [90.0, 1.0]])
    found = Times.of(seconds, batch_size=2)
    assert (found.mean_ms, found.worst_ms) == pytest.approx((1750.0, 2500.0))
    assert found.samples_per_second == pytest.approx(1000 / 1750)


@given(st.integers(1, 50), st.integers(1, 70), st.integers(0, 5))
def test_batches_are_whole_and_hold_everybody(n_samples, batch_size, seed):
    batches = batches_of(n_samples, batch_size, np.random.default_rng(seed))
    counts = Counter(batches.ravel().tolist())
    assert batches.shape[1] == batch_size
    assert set(counts) == set(range(n_samples))
    assert max(counts.values()) - min(counts.values()) <= 1
    assert batches.size < n_samples + batch_size


@pytest.mark.parametrize(("batch_size", "block"), [(1, 32), (4, 8), (20, 4)])
def test_candidates_take_turns_in_short_blocks(batch_size, block):
    told = []
    candidates = {name: (lambda inputs, name=name: told.append((name, inputs[0].item()))) for name in "abc"}
    batches = np.arange(20 * block * batch_size).reshape(-1, batch_size)
    timed = time_in_turns(
        candidates,
        np.arange(batches.size),
        batches,
        effort=Effort(rounds=2, seconds=1e9),
        rng=np.random.default_rng(0),
        clock=Clock(),
    )
    assert timed["a"].seconds.shape == (2, len(batches))
    turns = np.array(told[9:], dtype=object).reshape(-1, block + 1, 2)
    assert len(turns) == 2 * 20 * 3
    for turn in turns:
        assert len(set(turn[:, 0])) == 1
        assert turn[0, 1] == turn[-1, 1], "the first run of a block does not count"
        assert turn[1:, 1].tolist() == batches[:, 0][np.isin(batches[:, 0], turn[:, 1])].tolist()
    for three in turns[:, 0, 0].reshape(-1, 3):
        assert set(three) == {"a", "b", "c"}
    first = Counter(turns[::3, 0, 0])
    assert min(first.values()) > 5, "nobody is always first"


def test_no_garbage_is_collected_while_something_is_timed():
    assert gc.isenabled()
    seen = []
    options = {"effort": Effort(rounds=2), "rng": np.random.default_rng(0), "clock": Clock()}
    rows = np.arange(4)
    time_in_turns({"one": lambda inputs: seen.append(gc.isenabled())}, rows, rows[:, None], **options)
    assert not any(seen[3:]) and len(seen) == 3 + 2 * 5
    with pytest.raises(ZeroDivisionError):
        time_in_turns({"one": lambda inputs: 1 // (3 - inputs[0].item())}, rows, rows[:, None], **options)
    assert gc.isenabled()


@pytest.mark.parametrize(("seconds", "n_rounds"), [(0.0, 2), (35.0, 3), (1e9, 5)])
def test_no_round_is_begun_that_would_end_too_late_once_there_are_a_dozen_timings(seconds, n_rounds):
    clock = Clock()

    def slow(inputs):
        clock.now += 1.0

    timed = time_in_turns(
        {"slow": slow},
        np.arange(10),
        np.arange(10)[:, None],
        effort=Effort(rounds=5, seconds=seconds),
        rng=np.random.default_rng(0),
        clock=clock,
    )
    assert timed["slow"].seconds.shape == (n_rounds, 10)
    assert (timed["slow"].seconds == 1.0).all()


def test_the_full_network_asks_its_last_exit_alone(table, policy):
    asked = []

    class Watched(TableStages):
        def run(self, exit_index, features, *, with_head=True):
            asked.append((exit_index, with_head))
            return super().run(exit_index, features, with_head=with_head)

    candidates = make_candidates(Watched(table), policy, batch_size=4)
    candidates[FULL](rows_as_inputs(4))
    assert asked == [(0, False), (1, False), (2, True)]
    asked.clear()
    candidates[exit_alone(0)](rows_as_inputs(4))
    assert asked == [(0, True)]


def speed_of(batch_size, policy_ms, full_ms, *, control_ms=None, again_ms=None):
    means = {POLICY: policy_ms, FULL: full_ms, FULL_AGAIN: again_ms or full_ms}
    if control_ms:
        means[CONTROL] = control_ms
    return Speed(
        batch_size=batch_size,
        n_samples=10,
        n_rounds=1,
        exit_ms=(1.0,),
        exit_mix=(1.0,),
        predicted_from_macs=1.0,
        times={
            name: Times(mean_ms=mean, p50_ms=mean, p90_ms=mean, p99_ms=mean, worst_ms=mean)
            for name, mean in means.items()
        },
    )


@pytest.mark.parametrize(
    ("full_ms", "words"),
    [
        ((2, 3, 4), "pays at every batch size"),
        ((0.5, 2, 3), "does not pay below batch 8"),
        ((1, 1, 3), "does not pay below batch 64"),
        ((2, 2, 0.5), "does not pay above batch 8"),
        ((0.5, 0.5, 1.0), "never pays"),
        ((1.01, 0.99, 1.0), "makes no difference beyond noise"),
        ((2, 0.5, 3), "pays at batch 1, 64 only"),
    ],
)
def test_a_verdict_in_every_case(full_ms, words):
    sizes = (1, 8, 64)
    speeds = [speed_of(size, 1.0, full) for size, full in zip(sizes, full_ms, strict=True)]
    told = verdict(speeds[::-1], FULL)
    assert told.startswith(f"{words} against the full network: ")
    assert all(f"at batch {size}" in told for size in sizes)


def test_a_verdict_says_by_how_much():
    speeds = [speed_of(1, 1.2, 1.0, control_ms=0.6), speed_of(8, 1.0, 1.5, control_ms=1.0)]
    assert verdict(speeds, FULL) == (
        "does not pay below batch 8 against the full network: takes 1.20 times as long at batch 1, "
        "1.50 times as fast at batch 8"
    )
    assert verdict(speeds, CONTROL) == (
        "never pays against the plain network that costs at most as much: takes 2.00 times as long at batch 1, "
        "as fast as far as noise tells at batch 8"
    )
    assert verdict(speeds[:1], FULL).startswith("does not pay at batch 1 against")
    assert verdict(speeds[1:], FULL).startswith("pays at batch 8 against")


def test_a_difference_within_noise_is_none():
    assert verdict([speed_of(1, 1.0, 1.1)], FULL).startswith("pays")
    assert verdict([speed_of(1, 1.0, 1.1, again_ms=1.3)], FULL).startswith("makes no difference")


def test_throughput_is_compared_at_everybodys_best():
    speeds = [speed_of(1, 2.0, 4.0), speed_of(8, 1.0, 5.0)]
    assert best_throughput({speed.batch_size: speed for speed in speeds}, FULL) == (1, 250.0)
    assert throughput_line(speeds) == "most samples per second: policy 1,000 at batch 8, full network 250 at batch 1"


def test_what_was_measured_is_json(table, policy):
    speed = measured(table, policy, 30)
    assert Speed.model_validate_json(speed.model_dump_json()) == speed
