"""In which order should policies be tested on ``certify``: a front, a path, or several sequences with shares of delta?

Every round draws a ``search`` and a ``certify`` part of one network's held-out rows with replacement, searches policies
for a largest drop of accuracy on the one, and tests them on the other in each of five ways; of those that pass the most
wanted one on ``search`` is taken, as ``exitsearch policy`` does. The rows that are drawn from stand in for the world:
what is true of a policy is known exactly.

- *front*: the full network, then the policies of the front from the safest on;
- *plain path*: from the full network to the most wanted plain policy;
- *two paths*: as the selection does it, 0.8 of delta to that path and 0.2 to one to the most wanted policy of all;
- *two halves*: the same with 0.5 each;
- *front, 4 starts*: the front from each of four evenly spaced starting points on, with a quarter of delta each.

Told are the share of rounds in which a policy was certified, the mean depth (where none was, that of the full network),
and the share of rounds in which the certified policy loses more than was asked for.
Usage: ``python benchmarks/sequence_comparison.py [--tables DIR] [--rounds N] [--drop D] [--units N ...]``; where the
folder has tables of the networks of ``many_tables.py``, rows are drawn from these too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from many_tables import MANY_RECIPES
import numpy as np
from resampling import Pool
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tables import DEFAULT_FOLDER, real_tables, synthetic_table

from policies.baselines.full_network import full_network
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.rules import DEFAULT_RULES
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import SearchTarget, table_target
from policies.selection.select import certify_sequences, most_wanted
from policies.selection.sequences import PolicySequence, policy_sequences
from policies.spacing import evenly_spaced
from policies.tables.classification import ClassificationTable


SETTINGS = EvolveSettings(population=32, generations=8, max_levels=128, front_size=40)
UNITS = (300, 1000, 3000)
_N_STARTS = 4
_N_WORLD = 12_000
_SYNTHETIC = ((4, 10), (6, 4))
"""Exits and classes of the made-up networks."""


@dataclass(frozen=True)
class Outcome:
    """What one way of testing led to.

    Attributes:
        is_certified: Whether a policy was certified.
        is_wrong: Whether it loses more than was asked for.
        mean_depth: Of the certified policy; of the full network where there is none.
    """

    is_certified: bool
    is_wrong: bool
    mean_depth: float


def ways(network: NetworkPolicies, target: SearchTarget) -> dict[str, tuple[PolicySequence, ...]]:
    """The sequences of each way."""
    front = network.front
    chosen = policy_sequences([network], target, front, seed=0)
    start = (network, full_network(network.search, network.temperatures))
    safest_first = [(network, point.policy) for point in front.points[::-1]]
    starts = evenly_spaced(len(safest_first), _N_STARTS)
    halves = tuple(replace(one, share=1 / len(chosen)) for one in chosen)
    return {
        "front": (PolicySequence("front", (start, *safest_first)),),
        "plain path": (replace(chosen[0], share=1.0),),
        "two paths": chosen,
        "two halves": halves,
        f"front, {_N_STARTS} starts": tuple(
            PolicySequence("part of the front", tuple(safest_first[place:]), 1 / len(starts)) for place in starts
        ),
    }


def play(
    world: ClassificationTable,
    n_units: int,
    max_drop: float,
    *,
    seed: int,
    settings: EvolveSettings = SETTINGS,
    rules: Sequence[str] = DEFAULT_RULES,
) -> dict[str, Outcome]:
    """What each way leads to in one round."""
    rng = np.random.default_rng(seed)
    search, certify = (drawn(world, n_units, rng, name) for name in ("search", "certify"))
    asked = Request(max_drop=max_drop)
    how = PolicySearch(asked=asked, rules=rules, settings=settings)
    network, target = search_network("network", search, certify, how), table_target(asked, search, certify)
    found = {}
    for name, sequences in ways(network, target).items():
        tested = certify_sequences(sequences, target)
        passed = [(own, policy) for own, policy, step in tested if step.passed]
        if not passed:
            found[name] = Outcome(False, False, float(world.n_exits))
            continue
        _, policy = most_wanted(passed, network.front, asked, seed=0)
        decision = policy.decide(world)
        lost = (decision.full_network(world).answers == world.labels).mean() - (decision.answers == world.labels).mean()
        found[name] = Outcome(True, bool(lost > max_drop), float(decision.exits.mean() + 1))
    return found


def drawn(world: ClassificationTable, n_units: int, rng: np.random.Generator, name: str) -> ClassificationTable:
    """Samples of a table, some perhaps several times, each time as another sample."""
    rows = rng.integers(0, world.n_samples, n_units)
    ids = np.array([f"{name}-{row}" for row in range(n_units)])
    # Of these networks each sample is a unit of its own.
    return replace(world, logits=world.logits[rows], labels=world.labels[rows], ids=ids, groups=None)


def worlds(folder: Path) -> dict[str, list[ClassificationTable]]:
    """The tables that rows are drawn from, by kind."""
    made_up = [synthetic_table(_N_WORLD, n_exits, n_classes, seed=1) for n_exits, n_classes in _SYNTHETIC]
    found = {"made up": made_up}
    for tables in real_tables(folder, recipes=MANY_RECIPES) if folder.is_dir() else []:
        found.setdefault(tables.workload, []).append(Pool.of(tables).thinned(_N_WORLD).table)
    return found


def rows_of(rounds: Sequence[Mapping[str, Outcome]]) -> list[list[str]]:
    """A line for each way: share certified, mean depth, and share that is wrong."""
    lines = []
    for name in rounds[0]:
        own = [played[name] for played in rounds]
        certified, wrong = (np.mean([getattr(one, key) for one in own]) for key in ("is_certified", "is_wrong"))
        lines.append([name, f"{certified:.2f}", f"{np.mean([one.mean_depth for one in own]):.2f}", f"{wrong:.3f}"])
    return lines


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER, help="folder that the tables are kept in")
    parser.add_argument("--rounds", type=int, default=40, help="rounds of each kind of network and size")
    parser.add_argument("--drop", type=float, default=0.01, help="largest drop of accuracy")
    parser.add_argument("--units", type=int, nargs="+", default=UNITS, help="samples of search, and of certify")
    arguments = parser.parse_args()

    table = Table(title=f"{arguments.rounds} rounds each, drop {arguments.drop:g}, delta 0.05")
    for column in ("network", "units", "tested", "certified", "depth", "wrong"):
        table.add_column(column, justify="left" if column in ("network", "tested") else "right")
    console, known = Console(width=100), worlds(arguments.tables)
    cases = [(kind, n_units) for kind in known for n_units in arguments.units]
    for kind, n_units in track(cases, console=console, transient=True):
        own = known[kind]
        rounds = [play(own[i % len(own)], n_units, arguments.drop, seed=i) for i in range(arguments.rounds)]
        for line in rows_of(rounds):
            table.add_row(kind, f"{n_units:,}", *line)
        table.add_section()
    console.print(table)


if __name__ == "__main__":
    main()
