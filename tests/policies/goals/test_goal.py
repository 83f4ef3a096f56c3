from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from policies.errors import ExitSearchError
from policies.evaluation.evaluator import PopulationOutcome
from policies.goals.goal import Assessment, Goal
from policies.policy import first_open_exit
from tests.policies.searching import evaluator_of, rank
from tests.tables import make_table


POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(0, 2)), min_size=1, max_size=25)
GOALS = st.sampled_from([Goal(), Goal(target=0.5), Goal(budget=2.0), Goal(target=0.5, budget=2.0)])


def assessment_of(points):
    return Assessment(*(np.array(column, dtype=float) for column in zip(*points, strict=True)))


@given(points=POINTS, goal=GOALS)
def test_best_is_the_least_by_pairwise_comparison(points, goal):
    assessment = assessment_of(points)
    expected = min(range(len(points)), key=lambda row: rank(goal, assessment, row))
    assert goal.best(assessment) == expected


@given(points=POINTS)
def test_front_is_feasible_and_nobody_beats_it(points):
    assessment = assessment_of(points)
    feasible = [p for p in points if p[2] == 0]
    found = [points[row] for row in assessment.front()]
    if not feasible:
        least = min(p[2] for p in points)
        assert len(found) == 1
        assert found[0][2] == least
        assert found[0][1] == min(p[1] for p in points if p[2] == least)
        return

    def is_beaten(p):
        return any(q[0] >= p[0] and q[1] <= p[1] and q[:2] != p[:2] for q in feasible)

    assert {p[:2] for p in found} == {p[:2] for p in feasible if not is_beaten(p)}
    assert [p[1] for p in found] == sorted({p[1] for p in found})


@given(points=POINTS, target=st.floats(0, 4), budget=st.floats(0.5, 6))
def test_limits_are_constraints_like_any_other(points, target, budget):
    before = assessment_of(points)
    limited = before.with_limits(target, budget)
    for row, (quality, objective, violation) in enumerate(points):
        missed = violation + max(target - quality, 0) + max(objective / budget - 1, 0)
        assert limited.violation[row] == pytest.approx(missed)
        assert (limited.violation[row] <= 0) == (violation == 0 and quality >= target and objective <= budget)


EVERYTHING = {"macro_f1": 0.8, "worst_class_recall": 0.7, "flip_rate_to_exit": 0.1}


@pytest.mark.parametrize(
    "goal",
    [
        Goal(target=0.85),
        Goal(target=0.8, quality="macro_f1", objective="cost"),
        Goal(target=0.8, bounds=EVERYTHING),
        Goal(quality="macro_f1", objective="latency", budget=4.0, latency_ms=(1.5, 3.0, 7.0), bounds=EVERYTHING),
    ],
)
def test_assessment_is_what_each_policy_does_one_by_one(goal):
    table = make_table(150, 3, seed=4)
    evaluator = evaluator_of(table, goal)
    rng = np.random.default_rng(0)
    genomes = np.concatenate([rng.integers(0, evaluator.n_levels, (40, 2)), [[0, 0], evaluator.n_levels - 1]])
    assessment = goal.assess(evaluator.evaluate(genomes))
    objectives = {"depth": [1, 2, 3], "cost": table.cost, "latency": goal.latency_ms}[goal.objective]
    for row, genome in enumerate(genomes):
        figures, exits = figures_one_by_one(evaluator, table, genome)
        objective = np.mean([objectives[k] for k in exits])
        violation = max((goal.target or 0) - figures[goal.quality], 0)
        violation += max(objective / goal.budget - 1, 0) if goal.budget else 0
        for name, bound in goal.bounds.items():
            missing = figures[name] - bound if name == "flip_rate_to_exit" else bound - figures[name]
            violation += max(missing, 0)
        assert assessment.quality[row] == pytest.approx(figures[goal.quality])
        assert assessment.objective[row] == pytest.approx(objective)
        assert assessment.violation[row] == pytest.approx(violation, abs=1e-12)


def figures_one_by_one(evaluator, table, genome):
    exits = first_open_exit(evaluator.view, np.asarray(evaluator.thresholds(genome)))
    all_answers = evaluator.view.answers
    answers = all_answers[np.arange(table.n_samples), exits]
    flips = [len(set(all_answers[i, : exits[i] + 1])) > 1 for i in range(table.n_samples)]
    return {
        "accuracy": accuracy_score(table.labels, answers),
        "macro_f1": f1_score(table.labels, answers, average="macro"),
        "worst_class_recall": recall_score(table.labels, answers, average=None).min(),
        "flip_rate_to_exit": np.mean(flips),
    }, exits


def test_violations_of_all_that_is_asked_for_are_added():
    goal = Goal(*(0.35, "macro_f1", "latency"), budget=1.0, bounds={"accuracy": 0.15}, latency_ms=(1.0, 2.0))
    qualities = {"accuracy": np.array([0.1, 0.2]), "macro_f1": np.array([0.3, 0.4])}
    outcome = PopulationOutcome(np.array([[9, 1], [8, 2]]), qualities, np.array([0.5, 1.0]))
    assert goal.assess(outcome).violation.tolist() == pytest.approx([0.05 + 0.05 + 0.1, 0.2])


def test_of_a_quality_where_less_is_better_least_is_wanted():
    goal = Goal(quality="flip_rate_to_exit", target=0.2)
    outcome = PopulationOutcome(
        exit_counts=np.array([[4, 0], [2, 2], [0, 4]]),
        qualities={"flip_rate_to_exit": np.array([0.0, 0.1, 0.5])},
        cost=np.array([0.5, 1.0]),
    )
    found = goal.assess(outcome)
    assert found.quality.tolist() == [0.0, -0.1, -0.5]
    assert found.violation.tolist() == [0.0, 0.0, 0.3]
    assert found.front().tolist() == [0]
    within = replace(goal, target=None, budget=1.6).objective_at_target(found, outcome.cost)
    assert within[0] < within[1] < 1


def test_what_policies_are_judged_by_is_listed_once_the_main_quality_first():
    goal = Goal(quality="macro_f1", bounds={"accuracy": 0.5, "macro_f1": 0.2, "worst_class_recall": 0.5})
    assert goal.qualities == ("macro_f1", "accuracy", "worst_class_recall")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": -0.1}, r"target must lie in \[0, 1\] but is -0.1"),
        ({"target": 94.0}, r"target must lie in \[0, 1\] but is 94.0"),
        ({"target": float("nan")}, r"target must lie in \[0, 1\] but is nan"),
        ({"quality": "beauty"}, "no quality 'beauty'. Known are accuracy"),
        ({"objective": "joules"}, "there is no objective 'joules'. Known are cost, depth, latency"),
        ({"budget": 0.0}, "budget must be a positive number but is 0.0"),
        ({"budget": -1.0}, "budget must be a positive number but is -1.0"),
        ({"budget": float("inf")}, "budget must be a positive number but is inf"),
        ({"budget": float("nan")}, "budget must be a positive number but is nan"),
        ({"bounds": {"beauty": 0.5}}, "no quality 'beauty'"),
        ({"bounds": {"macro_f1": 1.5}}, r"the bound of macro_f1 must lie in \[0, 1\] but is 1.5"),
        ({"bounds": {"macro_f1": float("nan")}}, r"the bound of macro_f1 must lie in \[0, 1\] but is nan"),
        ({"objective": "latency"}, "objective 'latency' needs latency_ms"),
    ],
)
def test_wrong_values_are_refused_in_one_line(wrong, message):
    with pytest.raises(ExitSearchError, match=message) as caught:
        Goal(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "times", [(1.0, 2.0), (1.0, 2.0, 3.0, 4.0), (1.0, 3.0, 2.0), (1.0, 1.0, 2.0), (0.0, 1.0, 2.0), (1.0, 2.0, np.nan)]
)
def test_times_that_do_not_fit_the_exits_are_refused(times):
    goal = Goal(objective="latency", latency_ms=times)
    with pytest.raises(ExitSearchError, match="latency_ms must be 3 increasing positive times, one per exit, but is"):
        goal.objective_of_exits(np.array([0.2, 0.5, 1.0]))


def test_effort_of_leaving_at_each_exit():
    cost = np.array([0.2, 0.5, 1.0])
    assert Goal().objective_of_exits(cost).tolist() == [1, 2, 3]
    assert Goal(objective="cost").objective_of_exits(cost).tolist() == [0.2, 0.5, 1.0]
    assert Goal(objective="latency", latency_ms=(2, 3, 5)).objective_of_exits(cost).tolist() == [2, 3, 5]
