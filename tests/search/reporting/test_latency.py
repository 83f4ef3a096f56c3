"""How long the selected policy takes beside the full network, by a clock that only stages advance, and really."""

import numpy as np
import pytest
import torch

from policies.policy import Policy
from search.reporting.latency import MOST_SAMPLES, measure_latency, report_latency
from search.run_folder.summary import LatencySummary
from tests.policies.runtime.table_stages import rows_as_inputs
from tests.policies.runtime.test_timing import HEAD_MS, STAGE_MS, Clock, TimedStages
from tests.tables import make_table
from trainables.models.families.small_cnn import small_cnn


N = 90
ONE = (1.0,) * 3


@pytest.fixture(scope="module")
def table():
    return make_table(N, 3, 4, seed=1)


def digits_network():
    return small_cnn(input_shape=(1, 8, 8), n_classes=10, n_exits=3, width=4, mean=[0.3], std=[0.2])


def measured(table, thresholds):
    clock = Clock()
    policy = Policy("confidence", thresholds, ONE)
    return policy, measure_latency(TimedStages(table, clock), policy, rows_as_inputs(N), seed=0, clock=clock)


def test_each_sample_takes_the_time_of_its_exit(table):
    policy, found = measured(table, (0.6, 0.6))
    exits = policy.decide(table).exits
    up_to = np.cumsum(np.add(STAGE_MS, HEAD_MS))
    assert found.policy.mean == pytest.approx(up_to[exits].mean())
    assert found.policy.p90 == pytest.approx(np.percentile(up_to[exits], 90))
    assert found.policy.worst == pytest.approx(up_to[exits].max())
    assert found.exit_mix == pytest.approx(np.bincount(exits, minlength=3) / N)


def test_the_full_network_has_no_early_heads(table):
    _, found = measured(table, (np.inf, np.inf))
    full = sum(STAGE_MS) + HEAD_MS[-1]
    assert [found.full.mean, found.full.p90, found.full.worst] == pytest.approx([full] * 3)
    assert found.ratio == pytest.approx((sum(STAGE_MS) + sum(HEAD_MS)) / full), "heads on the way cost something"
    assert found.figures["ratio"] == found.ratio
    assert found.figures["policy_mean_ms"] == found.policy.mean


def test_of_many_samples_some_are_timed(table):
    clock = Clock()
    rows = np.resize(rows_as_inputs(N), (3 * N, *rows_as_inputs(N).shape[1:]))
    found = measure_latency(TimedStages(table, clock), Policy("confidence", (0.0, 0.0), ONE), rows, seed=0, clock=clock)
    assert found.n_samples == MOST_SAMPLES
    assert found.ratio == pytest.approx((STAGE_MS[0] + HEAD_MS[0]) / (sum(STAGE_MS) + HEAD_MS[-1]))


def test_a_network_is_really_run_and_the_summary_can_be_read_again():
    model = digits_network()
    policy = Policy("confidence", (0.0, 0.0), ONE)
    inputs = np.random.default_rng(0).random((12, 1, 8, 8)).astype(np.float32)
    threads = torch.get_num_threads()
    findings = report_latency(model, policy, inputs, seed=0)
    assert torch.get_num_threads() == threads
    found = findings.summary
    assert (found.executor, found.threads, found.n_samples, findings.notes) == ("torch", 1, 12, ())
    assert found.exit_mix[0] == 1.0
    assert 0 < found.policy.mean <= found.policy.worst
    assert LatencySummary.model_validate(found.model_dump()) == found
    assert f"{found.ratio:.3f} of it (torch, 1 thread, 12 samples" in found.sentence


def test_what_cannot_be_timed_costs_a_note():
    model = digits_network()
    wrong = Policy("confidence", (0.0,), (1.0, 1.0))
    findings = report_latency(model, wrong, np.zeros((3, 1, 8, 8), dtype=np.float32), seed=0)
    assert findings.told == {}
    (note,) = findings.notes
    assert note.startswith("the latency of the policy is not measured: ")
