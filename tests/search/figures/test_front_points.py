"""What the pictures of a front show, from what a search found."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from policies.evaluation.shared_thresholds import shared_threshold_figures
from policies.goals.front import Front, FrontPoint
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.latency import with_latency
from policies.tasks import get_task
from search.figures.front_points import FrontFigure
from search.run_folder.summary import Summary
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


BASELINES = ("greedy_shared_threshold", "full_network")
TABLE = with_latency(make_table(300), np.array([1.0, 2.5, 4.0]))
POLICY = Policy("confidence", (0.8, 0.9), (1.0, 1.0, 1.0))
FULL = Policy("confidence", (np.inf, np.inf), (1.0, 1.0, 1.0))


def found(**more):
    """A summary and a selection as they are after a search; the front has other figures than the summary."""
    own, full = ({"search": policy_figures(TABLE, policy.decide(TABLE))} for policy in (POLICY, FULL))
    summary = {
        "target": 0.8,
        "quality": "accuracy",
        "objective": "depth",
        "bounds": {},
        "feasible": True,
        "selected": own,
        "baselines": {"greedy_shared_threshold": own, "full_network": full},
        "baseline_trials": [{"trial": "study", "policy": "best_single_exit", **full}],
        "oracle": {"search": 1.25},
    } | more
    columns = ("accuracy", "macro_f1", "mean_depth", "mean_cost", "mean_latency_ms")
    front = Front(
        (
            FrontPoint(POLICY, {name: own["search"][name] - 0.01 for name in columns}, 0.0, selected=True),
            FrontPoint(FULL, {name: full["search"][name] for name in columns}, 0.0, selected=False),
        )
    )
    network = SimpleNamespace(search=TABLE, temperatures=np.ones(3))
    least = summary["target"] if summary["quality"] == "accuracy" else summary["bounds"].get("accuracy")
    summary["least_accuracy"] = least or summary["bounds"].get("accuracy")
    return Summary.model_validate(summary), SimpleNamespace(front=front, network=network)


def test_the_star_lies_on_the_front():
    summary, selection = found()
    figure = FrontFigure.of("title", summary, selection)
    on_front = selection.front.points[0].figures
    assert figure.selected == (on_front["mean_depth"], on_front["accuracy"])
    selection.front = Front(selection.front.points[1:])
    own = summary.selected.by_split["search"]
    assert FrontFigure.of("title", summary, selection).selected == (own["mean_depth"], own["accuracy"])


def test_shared_thresholds_are_those_of_the_exact_ladder():
    view = get_rule("confidence").view(TABLE, np.ones(3))
    exact = shared_threshold_figures(view, view.answers == TABLE.labels[:, None])
    curve = FrontFigure.of("title", *found()).shared
    assert curve["threshold"].tolist() == exact.thresholds.tolist()
    assert curve["accuracy"].to_numpy() == pytest.approx(exact.accuracy)
    assert curve["mean_depth"].to_numpy() == pytest.approx(exact.mean_depth)


@pytest.mark.parametrize(
    ("objective", "column", "objectives"),
    [
        ("depth", "mean_depth", (1.0, 3.0)),
        ("cost", "mean_cost", (1 / 3, 1.0)),
        ("latency", "mean_latency_ms", (1.0, 4.0)),
    ],
)
def test_everything_is_of_the_quality_and_effort_that_were_asked_for(objective, column, objectives):
    summary, selection = found(quality="macro_f1", objective=objective)
    trials = pd.DataFrame({"trial_id": ["t"], "accuracy": [0.9], "mean_depth": [1.0]})
    figure = FrontFigure.of("title", summary, selection, trials)
    full = summary.baselines["full_network"].by_split["search"]
    assert figure.objectives == pytest.approx(objectives)
    assert figure.full == (full[column], full["macro_f1"])
    assert figure.baselines.to_dict("records") == [
        {"name": "study: best single exit", column: full[column], "macro_f1": full["macro_f1"]}
    ]
    assert figure.shared.iloc[-1].tolist() == pytest.approx([np.inf, full[column], full["macro_f1"]])
    assert figure.oracle is None
    assert figure.trials.empty
    has_both = trials.assign(**{column: 1.0, "macro_f1": 0.9})
    assert len(FrontFigure.of("title", summary, selection, has_both).trials) == 1


def test_a_bound_is_the_target_where_the_quality_has_none():
    assert FrontFigure.of("title", *found(target=0.0, bounds={"accuracy": 0.7})).target == 0.7
    assert FrontFigure.of("title", *found(target=0.0)).target is None


def controlled(cost, **more):
    """With a plain network of this cost, relative to the full network."""
    own = {"accuracy": 0.83, "macro_f1": 0.8, "mean_cost": cost, "mean_latency_ms": 0.7}
    named = {"network": "plain", "family": "digits", "width": 8, "exit": 2, "seed": 0, "macs": 1, "budget_macs": 1}
    told = {**named, "relative_cost": cost, "parameters": 1, "temperature": 1.0, "search": own}
    summary, selection = found(control=told, **more)
    selection.front = Front(selection.front.points[1:])
    figure = FrontFigure.of("title", summary, selection)
    return figure, summary.selected.by_split["search"]


def test_a_plain_network_is_placed_by_its_cost_beside_the_policy():
    _, policy = controlled(0.5)
    same, _ = controlled(policy["mean_cost"])
    assert same.control == pytest.approx((policy["mean_depth"], 0.83))
    assert same.control[0] == pytest.approx(same.selected[0])
    assert controlled(0.9 * policy["mean_cost"])[0].control[0] < policy["mean_depth"]
    assert [controlled(cost)[0].control[0] for cost in (0.01, 1 / 3, 1.0)] == pytest.approx([1.0, 1.0, 3.0])


def test_on_an_axis_of_its_own_figures_a_plain_network_has_those():
    assert controlled(0.4, objective="cost")[0].control == (0.4, 0.83)
    assert controlled(0.4, objective="latency", quality="macro_f1")[0].control == (0.7, 0.8)
    assert FrontFigure.of("title", *found()).control is None
    cheap = controlled(0.01, objective="cost")[0]
    assert cheap.objective_range[0] < 0.01


def test_policies_that_read_less_lie_left_of_the_first_exit():
    summary, selection = found()
    less = {**selection.front.points[0].figures, "mean_depth": 0.4}
    selection.front = Front((FrontPoint(POLICY, less, 0.0, selected=True), selection.front.points[1]))
    figure = FrontFigure.of("title", summary, selection)
    assert figure.objectives[0] == 1.0
    assert figure.objective_range[0] < 0.4
    assert figure.objective_range[1] > 3.0


LABELS = make_label_table(200)


@pytest.mark.parametrize(("target", "told"), [(0.9, "target 0.9"), (0.001, "target 0.001, missed by 0.")])
def test_less_of_a_loss_is_better(target, told):
    policies = [Policy("label-margin", (least, least), (1.0, 1.0, 1.0)) for least in (0.3, np.inf)]
    own, full = (get_task("multi-label").policy_figures(LABELS, one.decide(LABELS)) for one in policies)
    told_of = {"selected": {"search": own}, "baselines": {name: {"search": full} for name in BASELINES}}
    summary = Summary.model_validate({"oracle": {}, "quality": "hamming", "target": target, **told_of})
    columns = ("hamming", "mean_depth")
    points = [FrontPoint(one, {name: own[name] for name in columns}, 0.0, selected=True) for one in policies[:1]]
    selection = SimpleNamespace(
        front=Front(tuple(points)), network=SimpleNamespace(search=LABELS, temperatures=np.ones(3))
    )
    trials = pd.DataFrame({"trial_id": ["good", "poor"], "hamming": [own["hamming"], 0.8], "mean_depth": [1.5, 2.5]})
    figure = FrontFigure.of("title", summary, selection, trials)
    assert figure.target_name.startswith(told)
    assert figure.met_range == (-1.0, target)
    assert figure.quality_range[0] < own["hamming"] <= figure.quality_range[1] < 1.02
    assert figure.trials_name.endswith(" (1 above)") == (target == 0.001)
