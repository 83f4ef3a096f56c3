"""From the tables of one network to one policy, as the command line and sweeps go from there."""

from __future__ import annotations

from policies.selection.answered import answered_tables
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from policies.selection.select import Selection, select_policy
from policies.tables.base import ExitTable
from policies.tables.network import with_known_cost


def choose_policy(
    search: ExitTable, certify: ExitTable | None, how: PolicySearch, *, name: str = "network"
) -> Selection:
    """Search the policies of a network, certify, and choose one.

    The task's own quality and rules are taken where none are named.

    Args:
        search: Exit table on which policies are chosen.
        certify: Exit table of the same network that certifies, on which nothing is chosen; None certifies nothing.
        how: What is asked for, and how policies are searched.
        name: Name of the network.

    Raises:
        ExitSearchError: If the tables share samples, or what is asked cannot be asked of them.

    Example:
        >>> how = PolicySearch(asked=Request(max_drop=0.02), rules=("confidence",))
        >>> chosen = choose_policy(search, certify, how)
        >>> chosen.is_certified, chosen.policy.rule
        (True, 'confidence')
    """
    how = how.of_task(search.task)
    tables = with_known_cost({"search": search} if certify is None else {"search": search, "certify": certify})
    tables = answered_tables(tables, how, method=how.calibration, seed=how.seed)
    on_search, on_certify = tables["search"], tables.get("certify")
    target = table_target(how.asked, on_search, on_certify)
    network = search_network(name, on_search, on_certify, how)
    return select_policy([network], target, front_size=how.settings.front_size, seed=how.seed)
