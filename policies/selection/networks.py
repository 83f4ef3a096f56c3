"""The policies of one network: temperatures, then the search, on its ``search`` table alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import CalibrationWarning
from policies.evolution.genome import RuleSpace
from policies.evolution.islands import EpochRunner, one_after_the_other
from policies.evolution.plain import plain_archive
from policies.evolution.search import front_of, search_front
from policies.goals.front import Front, FrontPoint
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.tables.base import ExitTable
from policies.tables.identity import require_disjoint
from policies.tasks import get_task


@dataclass(frozen=True)
class NetworkPolicies:
    """The policies of one network.

    Attributes:
        network: Name of the network: its trial.
        search: Exit table of the network on ``search``, on which the policies were chosen.
        certify: Exit table of the network on ``certify``, or None where there is none.
        temperatures: Temperature of each exit, shape (E,).
        front: Front of the network's policies over all rules.
        notes: Warnings about the network, for a person.
        plain: Of the policies of each rule with next to nothing to choose the one that the goal wants most; none where
            nothing is to be certified. See :mod:`policies.evolution.plain`.
    """

    network: str
    search: ExitTable
    certify: ExitTable | None
    temperatures: NDArray[np.float64]
    front: Front
    notes: tuple[str, ...]
    plain: tuple[FrontPoint, ...] = ()


def search_network(
    network: str,
    search: ExitTable,
    certify: ExitTable | None,
    how: PolicySearch,
    *,
    run_epoch: EpochRunner = one_after_the_other,
    on_generation: Callable[[str], None] = lambda rule: None,
) -> NetworkPolicies:
    """Search the policies of one network.

    Args:
        network: Name of the network: its trial.
        search: Exit table on which policies are chosen, answered as is asked for: see
            :func:`~policies.selection.answered.answered_tables`.
        certify: Exit table, answered alike, that is only checked to share no sample with ``search``, or None.
        how: What policies are searched for, and how hard.
        run_epoch: Runs the islands of an epoch, such as over a cluster.
        on_generation: Told the rule after each generation.

    Raises:
        ExitSearchError: If the tables overlap or a rule cannot be used on them.
    """
    if certify is not None:
        require_disjoint({"search": search, "certify": certify})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrationWarning)
        temperatures = get_task(search.task).fit_temperatures(search, how.calibration)
    goal = goal_on(how.asked, search)
    is_claimed, plain = certify is not None and how.asked.claim is not None, list[FrontPoint]()

    def note_plain(space: RuleSpace) -> None:
        # One of them is where the first of the sequences leads to that are certified.
        if is_claimed:
            plain.append(front_of(space, plain_archive(space)).best(goal))

    fronts = [
        search_front(
            search.answered(search.answering.at(level)),
            temperatures,
            goal,
            rules=how.rules,
            settings=how.settings,
            seed=how.seed,
            islands=how.islands,
            run_epoch=run_epoch,
            on_generation=on_generation,
            on_space=note_plain,
        )
        for level in dict.fromkeys(how.levels)
    ]
    front = Front.merged(fronts, goal, front_size=how.settings.front_size)
    notes = tuple(str(warning.message) for warning in caught)
    own_plain = Front(tuple(plain)).of_network(network).points
    return NetworkPolicies(network, search, certify, temperatures, front.of_network(network), notes, own_plain)
