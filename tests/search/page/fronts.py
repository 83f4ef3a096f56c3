"""A finished sweep with a front of digits, made without Ray."""

from functools import cache

import numpy as np

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.front import Front, FrontPoint
from policies.goals.request import Request
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.aims.targets import certified_targets
from policies.selection.search_target import table_target
from search.page.front.choice import Choice
from search.page.front.examples import MOST_EXAMPLES, Examples
from search.page.front.outcomes import outcomes
from search.page.run import FinishedRun
from search.reporting.front_files import write_front
from search.run_folder.summary import Summary, TargetSummary
from tests.bundles import trained_digits
from tests.finished_sweeps import TRIAL, write_sweep


THRESHOLDS = ((0.5, 0.5), (0.9, 0.7), (0.99, 0.95), (np.inf, 0.999))


@cache
def front():
    """Four policies, of which the second is selected and the last is not certified."""
    trained = trained_digits()
    table = trained.tables["search"]
    policies = [Policy("confidence", own[: table.n_exits - 1], (1.0,) * table.n_exits) for own in THRESHOLDS]
    return Front(
        tuple(
            FrontPoint(policy, figures_of(policy, table), 0.0, TRIAL, place < 3, place == 1)
            for place, policy in enumerate(policies)
        )
    )


def figures_of(policy, table):
    own = policy_figures(table, cross_fitted_decision(policy, table))
    return {name: own[name] for name in ("accuracy", "mean_depth", "mean_cost")}


def write_front_of_digits(folder, *, has_examples=True):
    """The folder of such a sweep, as it is read."""
    run, table = write_sweep(folder), trained_digits().tables["search"]
    write_front(run, front())
    asked = Request(target=0.9)
    targets = certified_targets(
        table_target(asked, table, trained_digits().tables["certify"]), FrontOnSearch(front(), lambda _: table)
    )
    told = {"asked": str(asked), "targets": [TargetSummary(**own.to_dict()) for own in targets]}
    Summary.load(run.summary_file).model_copy(update=told).save(run.summary_file)
    if has_examples:
        choice = Choice()
        for _, outcome in outcomes(front().points, lambda _: table, seed=0):
            choice.add(outcome)
        split = trained_digits().splits.search
        Examples.of(split, choice.chosen(MOST_EXAMPLES), is_audio=False).save(run.examples_file)
    return FinishedRun.read(folder)
