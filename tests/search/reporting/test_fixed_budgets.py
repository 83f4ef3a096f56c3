"""The best of a front within each compute budget, against going through all of it."""

import numpy as np
import pandas as pd
import pytest

from policies.goals.front import Front, FrontPoint
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from search.reporting.fixed_budgets import BUDGETS, at_fixed_budgets, write_budgets
from search.run_folder.result_files import ResultFiles
from tests.tables import make_table


def networks(n_classes, n_exits=4):
    return {
        name: {
            "search": make_table(300, n_exits, n_classes, seed=seed),
            "test": make_table(200, n_exits, n_classes, seed=seed + 50, prefix="t"),
        }
        for seed, name in enumerate(("trial-0001", "trial-0002"), start=1)
    }


def front(tables, thresholds=(0.4, 0.5, 0.7, 0.8, 0.9, 0.99, np.inf)):
    points = []
    for place, threshold in enumerate(thresholds):
        network = list(tables)[place % len(tables)]
        own = tables[network]["search"]
        policy = Policy("confidence", ((threshold,),) * (own.n_exits - 1), (1.0,) * own.n_exits)
        figures = policy_figures(own, policy.decide(own))
        points.append(FrontPoint(policy, {key: figures[key] for key in ("accuracy", "mean_cost")}, 0.0, network))
    return Front(tuple(points))


@pytest.mark.parametrize("n_classes", [4, 8])
def test_the_most_accurate_on_search_is_told_on_test(n_classes):
    tables = networks(n_classes)
    policies = front(tables)
    found = {one.budget: one for one in at_fixed_budgets(policies, tables.__getitem__, quality="accuracy")}
    assert set(found) == {b for b in BUDGETS if min(point.figures["mean_cost"] for point in policies) <= b}
    assert len(found) > 3 and len({one.position for one in found.values()}) > 2
    for budget, one in found.items():
        within = [point for point in policies if point.figures["mean_cost"] <= budget]
        chosen = policies.points[one.position - 1]
        assert chosen in within
        assert one.search == {key: chosen.figures[key] for key in ("accuracy", "mean_cost")}
        assert one.search["accuracy"] == max(point.figures["accuracy"] for point in within)
        assert (one.network, one.rule) == (chosen.network, "confidence")
        test = tables[one.network]["test"]
        decision = chosen.policy.decide(test)
        cost = test.cost[decision.exits]
        assert one.test["accuracy"] == pytest.approx((decision.answers == test.labels).mean())
        assert one.test["mean_cost"] == pytest.approx(cost.mean())
        assert one.test["worst_cost"] == cost.max()
        assert one.test["p90_cost"] == np.sort(cost)[int(0.9 * len(cost)) - 1]
        if n_classes > 5:
            order = np.argsort(-decision.probabilities, axis=1)[:, :5]
            assert one.test["top5_accuracy"] == pytest.approx((order == test.labels[:, None]).any(axis=1).mean())
        else:
            assert "top5_accuracy" not in one.test


def test_of_equally_accurate_policies_the_cheapest_is_taken():
    tables = networks(4)
    policy = front(tables).points[0].policy
    points = [FrontPoint(policy, {"accuracy": 0.9, "mean_cost": cost}, 0.0, "trial-0001") for cost in (0.45, 0.35, 0.4)]
    found = at_fixed_budgets(Front(tuple(points)), tables.__getitem__, quality="accuracy")
    assert [(one.budget, one.position) for one in found] == [(budget, 2) for budget in BUDGETS[1:]]


def test_tables_are_asked_for_only_of_networks_that_are_chosen():
    tables = networks(4)
    policy = front(tables).points[0].policy
    costs = {"trial-0002": (0.8, 0.6), "trial-0001": (0.9, 0.35)}
    points = [
        FrontPoint(policy, {"accuracy": accuracy, "mean_cost": cost}, 0.0, name)
        for name, (accuracy, cost) in costs.items()
    ]
    asked = []

    def tables_of(network):
        asked.append(network)
        return tables[network]

    at_fixed_budgets(Front(tuple(points)), tables_of, quality="accuracy")
    assert set(asked) == {"trial-0001"}


def test_the_file_has_a_row_for_each_budget(tmp_path):
    tables = {name: {"search": own["search"]} for name, own in networks(4).items()}
    for own, columns in (
        (tables, {"search_accuracy", "search_mean_cost"}),
        (networks(8), {"test_accuracy", "test_top5_accuracy", "test_mean_cost", "test_p90_cost", "test_worst_cost"}),
    ):
        found = at_fixed_budgets(front(own), own.__getitem__, quality="accuracy")
        write_budgets(ResultFiles(tmp_path), found)
        written = pd.read_csv(tmp_path / "budgets.csv")
        assert columns | {"budget", "position", "network", "rule"} <= set(written)
        assert written["budget"].tolist() == [one.budget for one in found]
        assert written["search_accuracy"].tolist() == [one.search["accuracy"] for one in found]
        assert any(name.startswith("test_") for name in written) == (own is not tables)


def test_nothing_is_written_where_the_front_reaches_no_budget(tmp_path):
    write_budgets(ResultFiles(tmp_path), [])
    assert not list(tmp_path.iterdir())
