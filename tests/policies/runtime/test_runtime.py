"""The runtime decides what the policy decides on the table, for every rule and every batch size."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import time

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.agreement import Agreement
from policies.runtime.runtime import EarlyExitRuntime
from tests.policies.runtime.midpoints import policy_for
from tests.policies.runtime.table_stages import TableStages, rows_as_inputs
from tests.tables import CLASSIFIER_RULES, make_table, tied_tables, with_stop_prob


TEMPERATURES = (1.0, 1.5, 2.0, 0.8)


def temperatures_for(table):
    return TEMPERATURES[: table.n_exits]


@pytest.fixture(params=sorted(CLASSIFIER_RULES))
def rule(request):
    return get_rule(request.param)


@pytest.fixture(scope="module")
def table():
    return with_stop_prob(make_table(300, 4, 5))


def assert_same(answers, decision):
    np.testing.assert_array_equal(answers.exits, decision.exits)
    np.testing.assert_array_equal(answers.answers, decision.answers)
    np.testing.assert_allclose(answers.probabilities, decision.probabilities, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("chunk_size", [7, 32, 1000])
def test_a_batch_is_decided_as_the_policy_says(rule, table, chunk_size):
    policy = policy_for(rule, table, temperatures_for(table))
    decision = policy.decide(table)
    assert len(np.unique(decision.exits)) > 1, "a policy that all samples leave alike tests little"
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=chunk_size).run(rows_as_inputs(300))
    assert_same(answers, decision)


def test_single_samples_are_decided_as_the_policy_says(rule, table):
    policy = policy_for(rule, table, temperatures_for(table))
    runtime = EarlyExitRuntime(TableStages(table), policy)
    decision = policy.decide(table)
    for row in range(0, 300, 5):
        answers = runtime.run(np.array([row]).reshape(1, 1, 1, 1))
        assert (answers.exits[0], answers.answers[0]) == (decision.exits[row], decision.answers[row])
        assert answers.probabilities.shape == (1, 5)


def observed(scores):
    """Thresholds on observed scores, where a score just reaches its own."""
    return tuple(float(np.sort(column)[len(column) // 2]) for column in scores.T)


@given(tied_tables(max_samples=8), st.sampled_from(sorted(CLASSIFIER_RULES)), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_ties_are_decided_as_the_policy_says(table, name, chunk_size):
    policy = policy_for(
        get_rule(name), table, temperatures_for(table), lambda scores: tuple(max(v, -1e9) for v in observed(scores))
    )
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=chunk_size).run(rows_as_inputs(table.n_samples))
    assert_same(answers, policy.decide(table))


def test_what_is_after_the_exit_taken_is_not_computed(table):
    policy = policy_for(get_rule("confidence"), table, TEMPERATURES)
    stages = TableStages(table)
    EarlyExitRuntime(stages, policy, chunk_size=64).run(rows_as_inputs(300))
    exits = policy.decide(table).exits
    np.testing.assert_array_equal(stages.counts, [(exits >= k).sum() for k in range(4)])
    assert stages.largest == 64


def test_stages_after_the_last_sample_has_left_are_not_run(table):
    stages = TableStages(table)
    open_at_once = Policy("confidence", (0.0, 0.9, 0.9), TEMPERATURES)
    EarlyExitRuntime(stages, open_at_once).run(rows_as_inputs(300))
    assert stages.counts[0] >= 300
    assert stages.counts[1:].sum() == 0


def test_closed_gates_run_everything(table):
    closed = Policy("confidence", (np.inf,) * 3, TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), closed, chunk_size=300).run(rows_as_inputs(300))
    assert (answers.exits == 3).all()
    assert np.isinf(answers.closeness).all()
    assert answers.reason(0) == "exit 4 is the last"


def test_answers_say_why(table):
    policy = Policy("confidence", (0.7, 0.7, 0.7), TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=300).run(rows_as_inputs(300))
    row = int(np.flatnonzero(answers.exits == 1)[0])
    score = policy.view(table).scores[row, 1, 0]
    assert answers.scores[row, 0] == pytest.approx(score)
    assert answers.reason(row) == f"score {score:.4g} >= 0.7"
    np.testing.assert_array_equal(answers.depths, answers.exits + 1)
    np.testing.assert_allclose(answers.confidences, policy.decide(table).probabilities.max(axis=1))


def test_several_columns_say_which_were_reached(table):
    policy = policy_for(get_rule("conformal-gate"), table, TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=300).run(rows_as_inputs(300))
    reasons = {answers.reason(row).split()[0] for row in np.flatnonzero(answers.exits < 3)}
    assert reasons <= {"score", "scores"}


def test_closeness_is_the_least_distance_on_the_way(table):
    policy = Policy("confidence", (0.9, 0.8, 0.7), TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=50).run(rows_as_inputs(300))
    scores = policy.view(table).scores[:, :, 0]
    for row in range(300):
        asked = range(min(int(answers.exits[row]) + 1, 3))
        least = min(abs(scores[row, k] - policy.thresholds[k][0]) for k in asked)
        assert answers.closeness[row] == pytest.approx(least)


def test_the_chunk_size_is_measured_once_and_changes_nothing(table):
    policy = policy_for(get_rule("patience"), table, TEMPERATURES)
    runtime = EarlyExitRuntime(TableStages(table), policy)
    assert_same(runtime.run(rows_as_inputs(300)), policy.decide(table))
    n_run = runtime.stages.counts[0]
    assert n_run > 300
    runtime.run(rows_as_inputs(300))
    assert runtime.stages.counts[0] == n_run + 300


def test_one_exit_always_answers():
    table = make_table(20, 1, 3)
    answers = EarlyExitRuntime(TableStages(table), Policy("confidence", (), (1.0,))).run(rows_as_inputs(20))
    np.testing.assert_array_equal(answers.answers, table.exit_answers[:, 0])


def test_a_policy_of_another_network_is_refused(table):
    with pytest.raises(PolicyError, match="this one has 2 exits and the network 4"):
        EarlyExitRuntime(TableStages(table), Policy("confidence", (0.9,), (1.0, 1.0)))
    with pytest.raises(PolicyError, match="takes 5 thresholds per exit of this network but the policy has 1"):
        policy = Policy("class-wise", (0.9,) * 3, TEMPERATURES)
        EarlyExitRuntime(TableStages(table), policy).run(rows_as_inputs(5))


def test_agreement_names_what_is_close_and_what_differs(table):
    policy = Policy("confidence", (0.9, 0.8, 0.7), TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=300).run(rows_as_inputs(300))
    decision = policy.decide(table)
    same = Agreement.of(answers, decision.exits, decision.answers)
    assert same.holds
    assert same.sentence(table.ids) == "300 of 300 samples take the same exit and get the same answer"
    exits = decision.exits.copy()
    exits[[3, 7]] = (exits[[3, 7]] + 1) % 4
    other = Agreement.of(answers, exits, decision.answers)
    np.testing.assert_array_equal(other.unexplained, [3, 7])
    assert other.sentence(table.ids) == "2 of 300 samples differ: 's3', 's7'"
    excused = Agreement.of(answers, exits, decision.answers, rounding=np.inf)
    assert excused.holds
    assert "within rounding of a threshold" in excused.sentence(table.ids)


def test_what_is_close_is_named_though_it_agrees(table):
    policy = Policy("confidence", (0.9, 0.8, 0.7), TEMPERATURES)
    answers = EarlyExitRuntime(TableStages(table), policy, chunk_size=300).run(rows_as_inputs(300))
    close = answers.closeness.copy()
    close[[5, 9]] = 1e-7
    found = Agreement.of(replace(answers, closeness=close), answers.exits, answers.answers)
    assert found.sentence(table.ids) == (
        "300 of 300 samples take the same exit and get the same answer; within rounding of a threshold or another "
        "answer, 2: 's5', 's9'"
    )
    exits = answers.exits.copy()
    exits[5] = (exits[5] + 1) % 4
    other = Agreement.of(replace(answers, closeness=close), exits, answers.answers)
    assert other.sentence(table.ids) == (
        "1 of 300 samples differ within rounding of a threshold: 's5'; within rounding of a threshold or another "
        "answer, 1: 's9'"
    )
    both = found.with_another(other)
    assert (both.differing.tolist(), both.unsure.tolist()) == ([5], [5, 9])


def test_small_batches_settle_no_chunk_size(table):
    policy = policy_for(get_rule("confidence"), table, TEMPERATURES)
    stages = TableStages(table)
    runtime = EarlyExitRuntime(stages, policy)
    for n in (32, 200, 255):
        before = stages.counts[0]
        runtime.run(rows_as_inputs(n))
        assert (stages.counts[0] - before, stages.largest) == (n, n)
    runtime.run(rows_as_inputs(256))
    assert stages.counts[0] > 32 + 200 + 255 + 256, "measured"


def test_several_threads_measure_once(table, monkeypatch):
    policy = policy_for(get_rule("confidence"), table, TEMPERATURES)
    measured = []

    def slowly(_answer, inputs):
        measured.append(len(inputs))
        time.sleep(0.05)
        return 64

    monkeypatch.setattr("policies.runtime.runtime.fastest_chunk", slowly)
    runtime = EarlyExitRuntime(TableStages(table), policy)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: runtime.run(rows_as_inputs(300)), range(8)))
    assert measured == [300]
    for answers in found:
        assert_same(answers, policy.decide(table))
