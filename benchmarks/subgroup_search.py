"""What does it change to search policies for every value of a column, where every value is to be certified?

Every round draws a ``search`` and a ``certify`` table of a made-up network with four sites, of which the smallest is
hard: early exits take some of its samples for another class, as surely as ever. A largest drop of accuracy is claimed
for every site. Policies are searched for it over all samples together, and for every site; both are certified alike.
The rows that are drawn from stand in for the world: what is true of a policy at each site is known exactly.

Told are the share of rounds in which a policy was certified for all sites, in which it leaves early too, the mean
depth (where none was certified, that of the full network), and the share of rounds in which the certified policy loses
more than was asked for at some site. Further, of a policy that is just at its search target in every part of a claim:
how often all parts, sites or an accuracy and a drop, are certified together, if each has the power that is asked for,
and if all share it.
Usage: ``python benchmarks/subgroup_search.py [--rounds N] [--drop D] [--units N ...]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tables import synthetic_table

from policies.certificates.bounds.binomial import binomial_p_values
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.selection.margins.margin import CertificateMargin, power_of_each
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from policies.selection.select import Selection, select_policy
from policies.tables.classification import ClassificationTable


SETTINGS = EvolveSettings(population=32, generations=8, max_levels=128, front_size=40)
SHARES = {"north": 0.4, "east": 0.25, "south": 0.2, "west": 0.15}
"""Share of the samples of each site; the last is the hard one."""
UNITS = (1000, 3000)
_MISLED = 0.12
"""Share of the hard site's samples that early exits take for another class, as surely as ever."""
_N_WORLD = 12_000
_N_DRAWS = 20_000
_DELTA = 0.05


@dataclass(frozen=True)
class Outcome:
    """What one way of searching led to.

    Attributes:
        is_certified: Whether a policy was certified for every site.
        leaves_early: Whether it is one that leaves early.
        is_wrong: Whether it loses more than was asked for at some site.
        mean_depth: Of the certified policy; of the full network where there is none.
    """

    is_certified: bool
    leaves_early: bool
    is_wrong: bool
    mean_depth: float


def world_of_sites(n_samples: int, *, seed: int = 1, misled: float = _MISLED) -> ClassificationTable:
    """A made-up table with a column ``site``, of which the last value is hard.

    Args:
        n_samples: ``N``.
        seed: Same seed, same table.
        misled: Share of the hard site's samples that all exits but the last take for another class.
    """
    table, rng = synthetic_table(n_samples, 4, 10, seed=seed), np.random.default_rng(seed)
    site = rng.choice(list(SHARES), n_samples, p=list(SHARES.values()))
    is_misled = (site == list(SHARES)[-1]) & (rng.random(n_samples) < misled)
    logits = table.logits.copy()
    logits[is_misled, :-1] = np.roll(logits[is_misled, :-1], 1, axis=2)
    return replace(table, logits=logits, columns={"site": site})


def drawn(world: ClassificationTable, n_units: int, rng: np.random.Generator, name: str) -> ClassificationTable:
    """Samples of a table, some perhaps several times, each time as another sample."""
    rows = rng.integers(0, world.n_samples, n_units)
    columns = {column: values[rows] for column, values in world.columns.items()}
    ids = np.array([f"{name}-{row}" for row in range(n_units)])
    return replace(world, logits=world.logits[rows], labels=world.labels[rows], ids=ids, columns=columns)


def play(world: ClassificationTable, n_units: int, max_drop: float, *, seed: int) -> dict[str, Outcome]:
    """What each way of searching leads to in one round."""
    rng = np.random.default_rng(seed)
    search, certify = (drawn(world, n_units, rng, name) for name in ("search", "certify"))
    asked, together = Request(max_drop=max_drop, by="site"), Request(max_drop=max_drop)
    target = table_target(asked, search, certify)
    tightened = table_target(together, search, certify).tightened
    targets = {
        "all samples together": replace(target, asked=together, tightened=tightened),
        "every site": target,
    }
    found = {}
    for name, own in targets.items():
        how = PolicySearch(asked=own.asked, rules=("confidence",), settings=SETTINGS)
        network = search_network("network", search, certify, how)
        found[name] = outcome_of(select_policy([network], own, front_size=SETTINGS.front_size), world, max_drop)
    return found


def outcome_of(chosen: Selection, world: ClassificationTable, max_drop: float) -> Outcome:
    """What is true of the policy that was chosen."""
    if not chosen.is_certified:
        return Outcome(False, False, False, float(world.n_exits))
    decision = chosen.policy.decide(world)
    lost = (decision.full_network(world).answers == world.labels).astype(float) - (decision.answers == world.labels)
    worst = max(lost.mean(), *(lost[world.columns["site"] == site].mean() for site in SHARES))
    depth = float(decision.exits.mean() + 1)
    return Outcome(True, chosen.policy.leaves_early, bool(worst > max_drop), depth)


def certified_together(units: Sequence[int], limit: float, rates: Sequence[float], *, seed: int = 0) -> float:
    """How often all of several sites are certified whose samples are lost at some rates, by the exact binomial.

    Args:
        units: Samples of each site on ``certify``.
        limit: Largest rate that is claimed of each.
        rates: The true rate at each.
        seed: Seed of the draws.
    """
    rng, passed = np.random.default_rng(seed), np.ones(_N_DRAWS, dtype=bool)
    for n, rate in zip(units, rates, strict=True):
        passed &= binomial_p_values(rng.binomial(n, rate, _N_DRAWS), n, limit=limit) <= _DELTA
    return float(passed.mean())


def certified_twice(n: int, limits: tuple[float, float], rates: tuple[float, float], *, seed: int = 0) -> float:
    """How often an accuracy and a drop are certified of the same samples, of a policy that gains nothing.

    Args:
        n: Samples of ``certify``.
        limits: Largest rate of errors, and of what is lost, that is claimed.
        rates: The true ones; what is lost is wrong too.
        seed: Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    lost = rng.binomial(n, rates[1], _N_DRAWS)
    wrong = lost + rng.binomial(n - lost, (rates[0] - rates[1]) / (1 - rates[1]))
    passed = [binomial_p_values(own, n, limit=limit) for own, limit in zip((wrong, lost), limits, strict=True)]
    return float((np.maximum(*passed) <= _DELTA).mean())


def joint_power(limit: float, drop: float, power: float) -> Table:
    """How often all parts pass of a policy that is just at its search target in each of them."""
    table = Table(title=f"power {power:g}, delta {_DELTA:g}: how often all parts are certified")
    for column in ("parts", "each has the power", "all share it"):
        table.add_column(column, justify="left" if column == "parts" else "right")
    for units in ((1000, 1000), (400, 1000, 3000), (500,) * 4, (700,) * 10):
        told = []
        for each in (power, power_of_each(power, len(units))):
            rates = [CertificateMargin(_DELTA, each).rate(limit, n) or 0.0 for n in units]
            told.append(f"{certified_together(units, limit, rates):.3f}")
        sizes = f"{units[0]:,} samples each" if len(set(units)) == 1 else f"{', '.join(map(str, units))} samples"
        table.add_row(f"errors {limit:g} at {len(units)} sites of {sizes}", *told)
    for n in (1000, 3000):
        told = []
        for each in (power, power_of_each(power, 2)):
            margin = CertificateMargin(_DELTA, each)
            rates = (margin.rate(limit, n) or 0.0, margin.rate(drop, n) or 0.0)
            told.append(f"{certified_twice(n, (limit, drop), rates):.3f}")
        table.add_row(f"errors {limit:g} and a drop of {drop:g}, {n:,} samples", *told)
    return table


def rows_of(rounds: Sequence[Mapping[str, Outcome]]) -> list[list[str]]:
    """A line for each way: shares certified, mean depth, and share that is wrong."""
    lines = []
    for name in rounds[0]:
        own = [played[name] for played in rounds]
        shares = [np.mean([getattr(one, key) for one in own]) for key in ("is_certified", "leaves_early")]
        depth, wrong = np.mean([one.mean_depth for one in own]), np.mean([one.is_wrong for one in own])
        lines.append([name, *(f"{share:.2f}" for share in shares), f"{depth:.2f}", f"{wrong:.3f}"])
    return lines


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each size")
    parser.add_argument("--drop", type=float, default=0.02, help="largest drop of accuracy")
    parser.add_argument("--units", type=int, nargs="+", default=UNITS, help="samples of search, and of certify")
    arguments = parser.parse_args()

    console, world = Console(width=100), world_of_sites(_N_WORLD)
    table = Table(title=f"{arguments.rounds} rounds each, drop {arguments.drop:g}, delta 0.05")
    for column in ("units", "searched for", "certified", "leaves early", "depth", "wrong"):
        table.add_column(column, justify="left" if column == "searched for" else "right")
    for n_units in track(arguments.units, console=console, transient=True):
        rounds = [play(world, n_units, arguments.drop, seed=i) for i in range(arguments.rounds)]
        for line in rows_of(rounds):
            table.add_row(f"{n_units:,}", *line)
        table.add_section()
    console.print(table)
    console.print(joint_power(0.05, 0.02, 0.8))


if __name__ == "__main__":
    main()
