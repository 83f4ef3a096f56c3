"""The prepared gate is open exactly where the policy's own comparison says so."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np

from policies.rules.base import Step
from policies.runtime.exit_gate import ExitGate
from policies.views.view import Combine, gate_is_open


SCORES = st.sampled_from([-np.inf, -1.0, 0.0, 1e-300, 0.1 + 0.2, 0.3, 1.0, 1e300])
THRESHOLDS = st.sampled_from([-1.0, 0.0, 1e-300, 0.3, 0.1 + 0.2, 1.0, np.inf])


@given(st.data(), st.integers(1, 4), st.integers(1, 6), st.sampled_from(list(Combine)))
def test_it_is_open_where_the_policy_says_so(data, n_columns, n_samples, combine):
    scores = data.draw(arrays(np.float64, (n_samples, n_columns), elements=SCORES))
    thresholds = data.draw(st.lists(THRESHOLDS, min_size=n_columns, max_size=n_columns))
    eligible = data.draw(st.none() | arrays(np.bool_, n_samples))
    leaves, distance = ExitGate.of(thresholds, combine).look(
        Step(scores, np.zeros(n_samples, dtype=np.int64), eligible=eligible)
    )
    expected = gate_is_open(scores, np.array(thresholds), combine)
    np.testing.assert_array_equal(leaves, expected if eligible is None else expected & eligible)
    reachable = [k for k, threshold in enumerate(thresholds) if threshold < np.inf]
    if combine is Combine.ALL and len(reachable) < n_columns:
        reachable = []
    for row in range(n_samples):
        assert distance[row] == min((abs(scores[row, k] - thresholds[k]) for k in reachable), default=np.inf)


@given(st.lists(SCORES, min_size=1, max_size=5), THRESHOLDS)
def test_one_column_needs_no_second_axis(scores, threshold):
    answers = np.zeros(len(scores), dtype=np.int64)
    flat = ExitGate.of([threshold], Combine.ANY).look(Step(np.array(scores), answers))
    deep = ExitGate.of([threshold], Combine.ANY).look(Step(np.array(scores)[:, None], answers))
    np.testing.assert_array_equal(flat, deep)
