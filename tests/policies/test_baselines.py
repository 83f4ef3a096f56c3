import numpy as np

from policies.baselines import greedy_shared_threshold
from policies.metrics import policy_figures
from policies.policy import Policy
from tests.tables import make_table


def test_greedy_is_the_shallowest_feasible_shared_threshold():
    table = make_table(300)
    ones = np.ones(3)
    greedy = greedy_shared_threshold(table, ones, target=0.85)
    assert len(set(greedy.thresholds)) == 1
    reached = policy_figures(table, greedy.decide(table))
    assert reached["accuracy"] >= 0.85
    for tau in np.linspace(0, 1, 400):
        other = policy_figures(table, Policy("confidence", (tau, tau), (1.0, 1.0, 1.0)).decide(table))
        assert other["accuracy"] < 0.85 or other["mean_depth"] >= reached["mean_depth"] - 1e-12


def test_greedy_out_of_reach_is_the_most_accurate():
    table = make_table(300)
    greedy = policy_figures(table, greedy_shared_threshold(table, np.ones(3), target=1.0).decide(table))
    for tau in np.linspace(0, 1, 100):
        other = policy_figures(table, Policy("confidence", (tau, tau), (1.0, 1.0, 1.0)).decide(table))
        assert other["accuracy"] <= greedy["accuracy"] + 1e-12
