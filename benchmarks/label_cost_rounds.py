"""The rounds of ``label_cost.py``, played by the revision of the package whose checkout is the PYTHONPATH.

A case is a network, a number n of samples and a draw of ``search``; its rounds differ in the draw of ``certify``. Both
parts are n samples that are drawn with replacement from the held-out rows of the network, which stand in for the world:
what is true of a policy is known exactly. Usage:
``python benchmarks/label_cost_rounds.py --tables DIR --checkout DIR < CASES``, where a line of CASES is a case in JSON,
and a line of the output the rounds of one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
import sys
import time
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from resampling import Pool
from tables import PARTS, TableSet

import policies
from policies.baselines.full_network import full_network
from policies.certificates.certifying import certify_policy
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.policy import Decision, Policy
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.selection.search_target import SearchTarget, table_target
from policies.selection.select import select_policy
from policies.tables.classification import ClassificationTable
from policies.views.view import RuleView


SETTINGS = EvolveSettings(population=40, generations=15, max_levels=256)
MOST_ROWS = 12_000
"""Rows of a network that stand in for the world; of more, evenly spaced ones."""


@dataclass(frozen=True)
class Case:
    """Rounds on one draw of ``search``.

    Attributes:
        network: Name of the network.
        n: Samples of ``search``, and of ``certify``.
        search: Number of the draw of ``search``.
        n_draws: Number of draws of ``certify``.
        max_drop: Largest drop of accuracy against the full network.
        delta: Largest probability of certifying what does not hold.
    """

    network: str
    n: int
    search: int
    n_draws: int
    max_drop: float = 0.01
    delta: float = 0.05


@dataclass(frozen=True)
class Judgement:
    """What is true of a policy, and what it would cost to certify it.

    Attributes:
        certified: Whether it is certified.
        depth: Mean depth on the pool, as a share of the full depth.
        drop: By how much its accuracy is below the full network's on the pool.
        to_label: Share of ``certify`` on which it answers otherwise than the full network: all whose labels its
            certificate takes.
    """

    certified: bool
    depth: float
    drop: float
    to_label: float


@dataclass(frozen=True)
class Round:
    """One draw of ``certify``.

    Attributes:
        selected: The policy that ``select_policy`` chooses.
        alone: Of the policies that reach the search target the most wanted one, certified by itself.
        n_tested: How many policies were tested before ``selected`` was.
        path_to_label: Share of ``certify`` on which some tested policy answers otherwise than the full network.
        seconds: Of the processor, for the choice alone.
    """

    selected: Judgement
    alone: Judgement
    n_tested: int
    path_to_label: float
    seconds: float


def pool_of(folder: Path, network: str) -> Pool:
    """All rows of a network that stand in for the world."""
    tables = [ClassificationTable.load(folder / f"{network}-{part}.npz") for part in PARTS]
    return Pool.of(TableSet(network, network, *tables)).thinned(MOST_ROWS)


def play_case(pool: Pool, case: Case, settings: EvolveSettings = SETTINGS) -> list[Round]:
    """Search once and choose on every draw of ``certify``."""
    asked = Request(max_drop=case.max_drop, delta=case.delta)
    search, *certify = _drawn(pool, case)
    network = search_network(case.network, search, certify[0], PolicySearch(asked=asked, settings=settings))
    target = table_target(asked, search, certify[0])
    alone = most_wanted(network, target)
    world = World(pool.table)
    return [_play(replace(network, certify=drawn), target, alone, world, settings) for drawn in certify]


def most_wanted(network: NetworkPolicies, target: SearchTarget) -> Policy:
    """The policy of least objective that reaches the search target on ``search``, the full network where none does."""
    goal = goal_on(target.tightened, network.search)
    least = goal.target or 0.0
    good = [point for point in network.front if point.figures[goal.quality] >= least - 1e-9]
    if not good:
        return full_network(network.search, network.temperatures)
    return min(good, key=lambda point: point.figures[goal.objective_column]).policy


class World:
    """What is true, from the rows of a pool, each a unit of its own."""

    def __init__(self, table: ClassificationTable) -> None:
        self._table = table
        self._full = table.logits[:, -1].argmax(axis=1)
        self._known: dict[str, tuple[float, float]] = {}

    def depth_and_drop(self, policy: Policy) -> tuple[float, float]:
        """Mean depth as a share of the full depth, and what is lost of the full network's accuracy."""
        key = policy.policy_hash
        if key not in self._known:
            decision = policy.decide(self._table)
            right, fully = (answers == self._table.labels for answers in (decision.answers, self._full))
            # From counts: a drop of just the limit must not look larger.
            lost = int(fully.sum()) - int(right.sum())
            depth = float((decision.exits.mean() + 1) / self._table.n_exits)
            self._known[key] = depth, lost / self._table.n_samples
        return self._known[key]


def _drawn(pool: Pool, case: Case) -> list[ClassificationTable]:
    """``search``, then each ``certify``; a draw does not depend on how many there are."""
    seeds = [crc32(case.network.encode()), case.n, case.search]
    names = ["search", *("certify",) * case.n_draws]
    rngs = [np.random.default_rng([*seeds, place]) for place in range(len(names))]
    n_units = len(pool.units)
    return [pool.draw(rng.integers(0, n_units, case.n), name) for rng, name in zip(rngs, names, strict=True)]


def _play(
    network: NetworkPolicies, target: SearchTarget, alone: Policy, world: World, settings: EvolveSettings
) -> Round:
    table, claim = network.certify, target.claim
    if not isinstance(table, ClassificationTable) or claim is None:
        raise TypeError("a round takes tables of classes and something that can be claimed")
    with decided_policies() as seen:
        started = time.process_time()
        chosen = select_policy([network], target, front_size=settings.front_size)
        seconds = time.process_time() - started
    sequence = () if chosen.certificate is None else chosen.certificate.sequence
    by_hash = {policy.policy_hash: policy for policy in seen}
    differs = Differences(table)
    tested = [differs.of(by_hash[step.policy_hash]) for step in sequence]
    single = certify_policy(alone, table, claim, delta=target.asked.delta, search=network.search)

    def judged(policy: Policy, *, certified: bool) -> Judgement:
        depth, drop = world.depth_and_drop(policy)
        return Judgement(certified, depth, drop, float(differs.of(policy).mean()))

    return Round(
        selected=judged(chosen.policy, certified=chosen.is_certified),
        alone=judged(alone, certified=single.certified),
        n_tested=len(sequence),
        path_to_label=float(np.any(tested, axis=0).mean()) if tested else 0.0,
        seconds=seconds,
    )


class Differences:
    """On which samples of a table policies answer otherwise than the full network."""

    def __init__(self, table: ClassificationTable) -> None:
        self._table = table
        self._full = table.logits[:, -1].argmax(axis=1)
        self._views: dict[str, RuleView] = {}

    def of(self, policy: Policy) -> NDArray[np.bool_]:
        """Shape (N,). What policies with the same rule see is made once."""
        seen_by = replace(policy, thresholds=((0.0,) * len(policy.thresholds[0]),) * len(policy.thresholds)).policy_hash
        if seen_by not in self._views:
            self._views[seen_by] = policy.view(self._table)
        return np.asarray(policy.decide_on(self._views[seen_by]).answers != self._full)


@contextmanager
def decided_policies() -> Iterator[list[Policy]]:
    """All policies that decide on anything meanwhile: a sequence of tests states only the hashes of its policies."""
    seen: dict[int, Policy] = {}
    decide_on = Policy.decide_on
    found: list[Policy] = []

    def noting(policy: Policy, view: RuleView) -> Decision:
        if id(policy) not in seen:
            seen[id(policy)] = policy
            found.append(policy)
        return decide_on(policy, view)

    Policy.decide_on = noting
    try:
        yield found
    finally:
        Policy.decide_on = decide_on


def row_of(case: Case, draw: int, played: Round) -> dict[str, Any]:
    """One line of results."""
    parts = {
        f"{who}_{key}": value for who in ("selected", "alone") for key, value in asdict(getattr(played, who)).items()
    }
    own = {"n_tested": played.n_tested, "path_to_label": played.path_to_label, "seconds": played.seconds}
    return {"network": case.network, "n": case.n, "search": case.search, "draw": draw, **parts, **own}


def main() -> None:
    """Play the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, required=True, help="folder that the tables are kept in")
    parser.add_argument("--checkout", type=Path, required=True, help="checkout whose package is meant to be measured")
    arguments = parser.parse_args()

    if not Path(policies.__file__).resolve().is_relative_to(arguments.checkout.resolve()):
        raise SystemExit(f"the package is that of {policies.__file__}, not of {arguments.checkout}")
    pools: dict[str, Pool] = {}
    for line in sys.stdin:
        case = Case(**json.loads(line))
        if case.network not in pools:
            pools = {case.network: pool_of(arguments.tables, case.network)}
        rounds = play_case(pools[case.network], case)
        print(json.dumps([row_of(case, draw, played) for draw, played in enumerate(rounds)]), flush=True)


if __name__ == "__main__":
    main()
