"""How often does a policy that is chosen without a certificate miss its target, and what does a margin cost?

Every round takes one trained network, pools the rows of its held-out tables, and makes a ``search`` part of so many
units by chance, and a ``certify`` part of as many or fewer (whole groups where there are groups; the network stays as
it is). The policies are searched as ``exitsearch policy`` does, with its default rules. The choices are:

- *bare*: the policy of least objective whose accuracy on ``search`` meets the target;
- *today's margin*: as *bare*, at the accuracy that would certify the target on as many units as ``certify`` has; where
  none would, at the target;
- *estimate*: what :mod:`policies.estimates.estimate` chooses on ``search`` alone;
- *uncorrected*: the same bound of what each policy did on ``search``, without the correction for having chosen;
- *second look*: the estimate, with ``certify`` as a veto.

The full network, for which nothing is chosen, is among the candidates of all. A choice that has no policy with the
margin selects the most reliable one and says so: such choices are counted apart. What is true of a policy is judged on
the unused rows. There a miss may be noise too: where the target is half a point below the full network and some hundred
rows are left, the full network itself misses it every few times. "Beyond noise" is what a binomial test at 1 % calls a
miss. (Parts drawn with replacement, as ``certificates.py`` has too, would be of no use: a row and its copy would lie
in different folds.)

Targets are the full network's accuracy on the pool, less some points. Usage:
``python benchmarks/uncertified_choices.py [--tables DIR] [--data-dir DIR] [--rounds N] [--sizes N ...]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from certificates import NOISE_LEVEL, accuracy_of, share, target_of
import numpy as np
import pandas as pd
from resampling import Parts, Pool, Shares, resplit
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binom
from tables import BRIEF_RECIPES, DEFAULT_FOLDER, GROUPED_RECIPES, RECIPES, TableSet, real_tables

from policies.baselines.full_network import full_network
from policies.certificates.sample_size import certifiable_accuracy
from policies.estimates.candidates import Candidate
from policies.estimates.estimate import choose_with_margin
from policies.estimates.estimated_bounds import LEVEL, EstimatedBounds, estimated_bounds
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.rules import DEFAULT_RULES
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.tables.units import Units


SIZES = (22, 50, 100, 200, 400, 1000)
POINTS = (0.5, 1.0, 2.0)
SETTINGS = EvolveSettings(population=40, generations=15, max_levels=256)
SMALL = 100
_DELTA = 0.05
_MOST_OF_POOL = 0.6
_MOST_UNITS = 6000
_LOWEST = 0.03


@dataclass(frozen=True)
class Choice:
    """One choice, and what is true of it.

    Attributes:
        has_margin: Whether the method says that it meets the target.
        misses: Whether its accuracy on the judged rows is below the target.
        beyond_noise: Whether a binomial test on the judged rows says that it is.
        mean_depth: On the judged rows.
    """

    has_margin: bool
    misses: bool
    beyond_noise: bool
    mean_depth: float


def candidates_of(parts: Parts, target: float, settings: EvolveSettings, rules: Sequence[str]) -> list[Candidate]:
    """The front for a target, least objective first, and the full network."""
    how = PolicySearch(asked=Request(target=target), rules=rules, settings=settings)
    network = search_network("network", parts.search, parts.certify, how)
    full = full_network(parts.search, network.temperatures)
    return [Candidate(policy, parts.search, parts.certify) for policy in [*network.front.policies, full]]


def todays_target(target: float, parts: Parts) -> float:
    """The accuracy that would certify the target, or the target where none would."""
    aimed = certifiable_accuracy(Units.of(parts.certify).n, target=target, delta=_DELTA)
    return target if aimed is None else aimed


def choices(
    candidates: Sequence[Candidate], bounds: EstimatedBounds, parts: Parts, target: float
) -> dict[str, tuple[int, bool]]:
    """Which candidate each method chooses, and whether it says that the target is met."""
    goal = Goal(target=target)
    unseen = [replace(one, certify=None) for one in candidates]
    estimate, second = (choose_with_margin(which, goal, bounds) for which in (unseen, candidates))
    observed, objective = bounds.observed[0], bounds.objective
    return {
        "bare": _cheapest(observed, objective, target),
        "today's margin": _cheapest(observed, objective, todays_target(target, parts)),
        "uncorrected": _cheapest((bounds.bounds + bounds.optimism)[0], objective, target),
        "estimate": (estimate.chosen, estimate.meets),
        "second look": (second.chosen, second.meets),
    }


def _cheapest(figures: np.ndarray, objective: np.ndarray, target: float) -> tuple[int, bool]:
    """The candidate of least objective whose figure meets the target, else the one with the best figure."""
    meets = np.flatnonzero(figures >= target - 1e-9)
    return (int(meets[objective[meets].argmin()]), True) if meets.size else (int(figures.argmax()), False)


def play(
    parts: Parts,
    targets: Sequence[float],
    *,
    level: float = LEVEL,
    settings: EvolveSettings = SETTINGS,
    rules: Sequence[str] = DEFAULT_RULES,
) -> list[dict[str, Choice]]:
    """The choices of one round for each target, judged; one search serves all targets."""
    candidates = candidates_of(parts, min(targets) - _LOWEST, settings, rules)
    bounds = estimated_bounds(candidates, Goal(), level=level)
    judged: dict[int, tuple[float, int, float]] = {}
    rounds = []
    for target in targets:
        found = {}
        for method, (chosen, has_margin) in choices(candidates, bounds, parts, target).items():
            if chosen not in judged:
                judged[chosen] = accuracy_of(candidates[chosen].policy, parts.judged)
            accuracy, n_units, mean_depth = judged[chosen]
            p_value = binom.cdf(np.floor(accuracy * n_units + 1e-9), n_units, target)
            found[method] = Choice(has_margin, accuracy < target - 1e-9, bool(p_value <= NOISE_LEVEL), mean_depth)
        rounds.append(found)
    return rounds


def play_rounds(
    pools: Sequence[Pool], size: int, points: Sequence[float], *, n_rounds: int, **options: Any
) -> Iterator[dict[str, object]]:
    """Rows of the frame: rounds over the networks in turn, with ``size`` units in ``search``."""
    for i in range(n_rounds):
        pool = pools[i % len(pools)]
        n_units = len(pool.units)
        shares = Shares(size / n_units, min(size, (n_units - size) // 3) / n_units)
        parts = resplit(pool, shares, np.random.default_rng([i, size]))
        played = play(parts, [target_of(pool, own) for own in points], **options)
        for own, found in zip(points, played, strict=True):
            for method, choice in found.items():
                yield {"network": pool.name, "size": size, "points": own, "method": method, **vars(choice)}


def summary(frame: pd.DataFrame) -> list[list[str]]:
    """One line per method: how often it has a margin, how often such a choice misses, and what it costs."""
    lines = []
    bare = frame[frame["method"] == "bare"].reset_index(drop=True)
    for method, own in frame.groupby("method", sort=False):
        own = own.reset_index(drop=True)
        sure, rest = own[own["has_margin"]], own[~own["has_margin"]]
        both = own["has_margin"] & bare["has_margin"]
        extra = (own["mean_depth"] - bare["mean_depth"])[both]
        lines.append(
            [
                str(method),
                f"{100 * len(sure) / len(own):.0f}",
                share(int(sure["misses"].sum()), len(own)),
                share(int(sure["misses"].sum()), len(sure)) if len(sure) else "-",
                f"{100 * sure['beyond_noise'].mean():.1f}" if len(sure) else "-",
                f"{sure['mean_depth'].mean():.2f}" if len(sure) else "-",
                f"{extra.mean():+.2f}" if len(extra) else "-",
                f"{100 * rest['misses'].mean():.0f}" if len(rest) else "-",
                f"{rest['mean_depth'].mean():.2f}" if len(rest) else "-",
            ]
        )
    return lines


def groups_of(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The parts of the frame that are summed up: few units, many units, groups, and each workload."""
    yield f"up to {SMALL} units", frame[frame["size"] <= SMALL]
    yield f"more than {SMALL} units", frame[frame["size"] > SMALL]
    yield "groups", frame[frame["grouped"]]
    for workload, own in frame.groupby("workload", sort=False):
        for size, of_size in own.groupby("size"):
            yield f"{workload}, {size}", of_size


def new_table(title: str) -> Table:
    """The empty table."""
    table = Table(title=title, caption="in %; met: of all choices that say so; none: no policy had a margin")
    table.add_column("units of search", no_wrap=True)
    table.add_column("choice", no_wrap=True)
    for column in ("met", "misses of all", "misses of met", "beyond noise", "depth", "extra", "none: misses", "depth"):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def pool_of(tables: TableSet) -> Pool:
    """The rows of a network, thinned where there are more than it takes."""
    pool = Pool.of(tables)
    if len(pool.units) <= _MOST_UNITS:
        return pool
    rows = np.sort(np.concatenate(pool.units[:: len(pool.units) // _MOST_UNITS]))
    return Pool(pool.name, pool.table.take(rows), tuple(np.arange(len(rows))[:, None]))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER, help="folder that the tables are kept in")
    parser.add_argument("--data-dir", type=Path, help="folder of all data files, for the workloads that need files")
    parser.add_argument("--rounds", type=int, default=200, help="of each workload and size")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="units of search")
    parser.add_argument("--points", type=float, nargs="+", default=list(POINTS))
    parser.add_argument("--level", type=float, default=LEVEL)
    parser.add_argument("--workloads", nargs="+", help="only these")
    parser.add_argument("--frame", type=Path, help="CSV file to keep every choice in")
    arguments = parser.parse_args()

    console = Console(width=150)
    recipes = (RECIPES[0], *BRIEF_RECIPES, *GROUPED_RECIPES)
    wanted = tuple(one for one in recipes if arguments.workloads is None or one.name in arguments.workloads)
    sets = real_tables(arguments.tables, arguments.data_dir, recipes=wanted)
    pools = {own.name: [pool_of(one) for one in sets if one.workload == own.name] for own in wanted}
    cases = [
        (name, own, size)
        for name, own in pools.items()
        for size in arguments.sizes
        if own and size <= _MOST_OF_POOL * len(own[0].units)
    ]
    frames = []
    for name, own, size in track(cases, console=console, transient=True):
        rows = play_rounds(own, size, arguments.points, n_rounds=arguments.rounds, level=arguments.level)
        grouped = own[0].table.groups is not None
        frames.append(pd.DataFrame(rows).assign(workload=name, grouped=grouped))
        if arguments.frame is not None:
            pd.concat(frames, ignore_index=True).to_csv(arguments.frame, index=False)
    frame = pd.concat(frames, ignore_index=True)
    show(console, frame, f"{arguments.rounds} rounds each, level {arguments.level:g}")


def show(console: Console, frame: pd.DataFrame, title: str) -> None:
    """Print the table."""
    table = new_table(f"{title}, {frame['network'].nunique()} networks")
    for name, own in groups_of(frame):
        for i, line in enumerate(summary(own) if len(own) else []):
            table.add_row(name if i == 0 else "", *line)
        table.add_section()
    console.print(table)


if __name__ == "__main__":
    main()
