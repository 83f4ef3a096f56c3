"""Which policies of a front reach an aim on ``search``, and which of them is wanted most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.evaluation.cross_fitted import ChosenViews, cross_fitted_decision
from policies.goals.figures import asked_figures
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.selection.references import goal_on
from policies.tables.base import ExitTable
from policies.tasks import get_task


_SHARED = "greedy_shared_threshold"
_MOST_LEVELS = 200
"""Thresholds of each exit that are tried: a search takes its time, and this is to be quick."""


class FrontOnSearch:
    """What each policy of a front does with the samples of ``search``, counted once for all aims.

    The policies were found on ``search``, and are judged there as if it were new.

    Args:
        front: Policies of one network or several.
        search_of: The ``search`` table of a network of the front, by name.
        seed: Seed of the search that found the front.
    """

    def __init__(self, front: Front, search_of: Callable[[str], ExitTable], *, seed: int = 0) -> None:
        self._front = front
        self._seed = seed
        # Policies of a network answer alike, but for how they read; what is asked is asked of all samples.
        first = {point.network: point.policy.answering.reading_all for point in reversed(front.points)}
        self._tables = {network: search_of(network).answered(answering) for network, answering in first.items()}
        of_network = {point.network: point.policy.temperatures for point in front}
        self._temperatures = {network: np.array(own) for network, own in of_network.items()}
        self._figures: dict[tuple[str, ...], list[dict[str, float]]] = {}

    def most_wanted(self, aim: Request, *, is_looser: bool = False) -> FrontPoint | None:
        """The policy that is wanted most of those that do what is looked for; None where none does.

        Args:
            aim: What is looked for. How far a policy misses what the front was searched for is of no matter.
            is_looser: Whether less is looked for than the front was searched for, so that it ends before; then the best
                shared threshold of each network stands beside it.
        """
        goals = {network: goal_on(aim, table) for network, table in self._tables.items()}
        judged = zip(self._front, self._judged(goals), strict=True)
        # What counts is the aim, and that is met.
        reaching = [replace(point, violation=0.0) for point, own in judged if goals[point.network].is_met(own)]
        if is_looser:
            shared = (self._shared_threshold(network, goal) for network, goal in goals.items())
            reaching += [point for point in shared if point is not None]
        return Front(tuple(reaching)).best(goals[reaching[0].network]) if reaching else None

    def _shared_threshold(self, network: str, goal: Goal) -> FrontPoint | None:
        """What the best threshold that is the same at all exits of a network does; None where it is not enough."""
        table, temperatures = self._tables[network], self._temperatures[network]
        evaluator = baseline_evaluator(table, temperatures, goal, max_levels=_MOST_LEVELS)
        rule, answering = get_task(table.task).baseline_rule, table.answering
        policy = baseline_policy(_SHARED, rule, evaluator, temperatures, goal, answering=answering)
        if policy is None:
            return None
        figures = asked_figures(goal, table, cross_fitted_decision(policy, table, seed=self._seed))
        return FrontPoint(policy, figures, 0.0, network) if goal.is_met(figures) else None

    def _judged(self, goals: Mapping[str, Goal]) -> list[dict[str, float]]:
        """The figures of every policy that goals ask for, each counted once for all aims that ask for the same."""
        asked = next(iter(goals.values()))
        key = (*asked.qualities, asked.objective)
        if key not in self._figures:
            views = {network: ChosenViews(table, seed=self._seed) for network, table in self._tables.items()}
            self._figures[key] = [
                asked_figures(
                    goals[point.network],
                    self._tables[point.network].answered(point.policy.answering.reading_all),
                    views[point.network].decision(point.policy),
                )
                for point in self._front
            ]
        return self._figures[key]
