"""Baselines of the sweep file beside the front."""

import numpy as np
import pandas as pd
import pytest

from policies.baselines import full_network
from policies.calibrate import fit_temperatures
from policies.document_grids import document_choices
from policies.metrics import policy_figures
from policies.policy import Policy
from search.baseline_trials import compare_baselines
from tests.tables import make_table


def tables(seed):
    return {"search": make_table(seed=seed), "test": make_table(seed=seed + 50, prefix="t")}


NETWORKS = {"trial-0002": tables(1), "trial-0003": tables(2)}


def front():
    rows = []
    for network, threshold in (("trial-0002", 0.5), ("trial-0003", 0.8), ("trial-0002", 0.97)):
        policy = Policy("confidence", ((threshold,), (threshold,)), (1.0, 1.0, 1.0))
        own = NETWORKS[network]["search"]
        figures = policy_figures(own, policy.decide(own))
        rows.append({"network": network, "policy": policy} | {key: figures[key] for key in ("accuracy", "mean_depth")})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def compared():
    asked = []

    def tables_of(network):
        asked.append(network)
        return NETWORKS[network]

    rows = compare_baselines({"study": tables(7), "other": tables(8)}, front(), tables_of)
    return rows, asked


def test_a_row_for_the_full_network_and_each_grid_on_its_own_tables(compared):
    rows, _ = compared
    own = tables(7)
    temperatures = fit_temperatures(own["search"])
    choices = document_choices(own["search"], temperatures)
    assert [(row["trial"], row["policy"]) for row in rows] == [
        (trial, policy) for trial in ("study", "other") for policy in ("full_network", *choices)
    ]
    policies = [full_network(3, temperatures), *(choice.point.policy for choice in choices.values())]
    for row, policy in zip(rows, policies, strict=False):
        for split, table in own.items():
            assert row[split] == policy_figures(table, policy.decide(table))


def test_what_stands_beside_it_is_the_best_by_the_figures_on_search(compared):
    rows, asked = compared
    found = front()
    assert set(asked) <= set(NETWORKS)
    for row in rows:
        own = row["search"]
        no_deeper = found[found["mean_depth"] <= own["mean_depth"]]
        no_worse = found[found["accuracy"] >= own["accuracy"]]
        for key, allowed, figure, best in (
            ("same_depth", no_deeper, "accuracy", max),
            ("same_accuracy", no_worse, "mean_depth", min),
        ):
            if allowed.empty:
                assert row[key] is None
            else:
                assert row[key]["search"][figure] == best(allowed[figure])
                chosen = found[found["network"] == row[key]["network"]]
                assert row[key]["search"]["mean_depth"] in chosen["mean_depth"].to_numpy()
    assert any(row["same_depth"] for row in rows)


def test_nothing_stands_beside_what_nothing_reaches():
    nothing = front().assign(mean_depth=3.5, accuracy=0.0)
    rows = compare_baselines({"study": tables(7)}, nothing, NETWORKS.get)
    assert all(row["same_depth"] is None and row["same_accuracy"] is None for row in rows)
    assert np.isfinite([row["test"]["accuracy"] for row in rows]).all()
