"""The grids hold the values that they are said to hold."""

import numpy as np
import pytest

from policies.baselines.grid_policies import (
    conformal_grid,
    dual_threshold_grid,
    dual_threshold_sweep,
    evidence_grid,
    greedy_grid,
)
from tests.policies.searching import with_stop_probabilities
from tests.tables import make_table


TEMPERATURES = np.array([1.5, 1.2, 1.0])


def shared_rows(policies):
    """The one row of thresholds of each policy, which must be the same at all exits."""
    rows = []
    for policy in policies:
        assert len(policy.thresholds) == 2
        assert len(set(policy.thresholds)) == 1
        assert policy.temperatures == (1.5, 1.2, 1.0)
        rows.append(policy.thresholds[0])
    return rows


def test_greedy_grid():
    policies = list(greedy_grid(make_table(40, 3), TEMPERATURES))
    assert {policy.rule for policy in policies} == {"confidence"}
    assert shared_rows(policies) == [(tau,) for tau in (0.70, 0.75, 0.80, 0.85, 0.90, 0.92, 0.95)]


def test_conformal_grid():
    policies = list(conformal_grid(make_table(40, 3), TEMPERATURES))
    rows = shared_rows(policies)
    assert {policy.rule for policy in policies} == {"conformal-gate"}
    assert len(rows) == len(set(rows)) == 7 * 5
    assert {row[0] for row in rows} == {0.70, 0.75, 0.80, 0.85, 0.90, 0.92, 0.95}
    assert sorted({row[1] for row in rows}) == pytest.approx([0.90, 0.92, 0.95, 0.97, 0.98])


def test_evidence_grid():
    policies = list(evidence_grid(make_table(40, 3), TEMPERATURES))
    rows = shared_rows(policies)
    assert {policy.rule for policy in policies} == {"evidence"}
    grid = {(*row, p.params["stable_k"], p.params["flip_penalty"]) for row, p in zip(rows, policies, strict=True)}
    assert len(grid) == len(policies) == 8 * 2 * 6
    assert {0.05, 0.10, 0.15, 0.20, 0.25, 0.30} < {margin for margin, _, _ in grid}
    assert (min(grid)[0], max(grid)[0]) == (0.01, 0.35)
    assert {stable for _, stable, _ in grid} == {1, 2}
    assert (min(p for _, _, p in grid), max(p for _, _, p in grid)) == (0.0, 0.05)


def test_dual_threshold_grid_lies_at_quantiles():
    table = with_stop_probabilities(make_table(200, 3))
    policies = list(dual_threshold_grid(table, TEMPERATURES))
    rows = shared_rows(policies)
    assert {policy.rule for policy in policies} == {"dual-threshold"}
    assert len(policies) == 3 * 10 * 10
    assert {policy.params["conf_temp"] for policy in policies} == {0.7, 1.0, 1.5}
    early = np.sort(table.stop_prob[:, :-1].ravel())
    shares = [np.searchsorted(early, stop) / len(early) for stop in sorted({row[0] for row in rows})]
    np.testing.assert_allclose(shares, np.linspace(0.05, 0.95, 10), atol=0.005)


@pytest.mark.parametrize("grid", [dual_threshold_grid, dual_threshold_sweep])
def test_one_exit_has_no_thresholds_and_one_policy_of_each_kind_at_least(grid):
    policies = list(grid(with_stop_probabilities(make_table(40, 1)), np.ones(1)))
    assert {policy.thresholds for policy in policies} == {()}
    assert {policy.params["conf_temp"] for policy in policies} == {0.7, 1.0, 1.5}


def test_dual_threshold_sweep_contains_the_best_point_of_the_notes():
    table = with_stop_probabilities(make_table(40, 3))
    policies = list(dual_threshold_sweep(table, TEMPERATURES))
    rows = shared_rows(policies)
    assert {policy.rule for policy in policies} == {"dual-threshold"}
    grid = {(*row, p.params["conf_temp"], p.params["min_depth"]) for row, p in zip(rows, policies, strict=True)}
    assert len(grid) == len(policies) == 6 * 8 * 3 * 2
    assert {(0.05, 0.75, 0.7, 1), (0.05, 0.75, 0.7, 2)} <= grid
    assert {depth for *_, depth in grid} == {1, 2}
    assert all((policy.decide(table).exits > 0).all() for policy in policies if policy.params["min_depth"] == 2)


def test_least_depths_are_those_of_the_network():
    table = with_stop_probabilities(make_table(40, 1))
    policies = list(dual_threshold_sweep(table, np.ones(1)))
    assert {policy.params["min_depth"] for policy in policies} == {1}
