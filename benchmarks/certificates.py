"""How often does a policy miss its target on new data, with a certificate and without, and what does one cost?

Every round takes one trained network, pools the rows of its three held-out tables, and makes a new ``search`` and a new
``certify`` part of them by chance (whole groups where there are groups; the network stays as it is). The policy search
and the selection are the ones of ``exitsearch policy``; *uncertified* is the shallowest policy that reaches the target
on ``search``, *certified* the one that the selection certifies. The target is the full network's accuracy on the pool,
less one or two points. What is true of a policy is judged in two ways:

- *redraw*: the pool stands in for the world. The parts are drawn from it with replacement, so that their rows are
  independent, and the truth is the accuracy on the whole pool: known exactly. This is the row to trust.
- *resplit*: disjoint parts, as a user has them; the truth is guessed from the unused rows. "Misses" is then the share
  that is below the target there, by noise too; "beyond noise" counts where a binomial test at 1 % says so. In a small
  pool, lucky rows in ``certify`` leave the unlucky ones to be judged on, which counts against the certificate.

Shares are of all rounds, with 95 % Clopper-Pearson intervals, which hold for these networks and rows, not for others.
Usage: ``python benchmarks/certificates.py [--tables DIR] [--data-dir DIR] [--rounds N] [--delta D] [--points P ...]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path

import numpy as np
from resampling import SAMPLINGS, Parts, Pool, Sampling, Shares
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binom, binomtest
from tables import DEFAULT_FOLDER, real_tables

from policies.baselines.full_network import full_network
from policies.certificates.claim_parts import measure
from policies.certificates.claims import Claim
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.selection.search_target import search_target
from policies.selection.select import select_policy
from policies.selection.split_size import SplitSize
from policies.tables.classification import ClassificationTable


SETTINGS = EvolveSettings(population=40, generations=15, max_levels=256)
NOISE_LEVEL = 0.01
SHARES = {"fashion-mnist": Shares(0.08, 0.08)}


@dataclass(frozen=True)
class Judgement:
    """What is true of a policy.

    Attributes:
        misses: Whether its accuracy on the judged rows is below the target.
        beyond_noise: Whether a binomial test on the judged rows says that it is.
        mean_depth: On the judged rows.
    """

    misses: bool
    beyond_noise: bool
    mean_depth: float


@dataclass(frozen=True)
class Round:
    """One round: what was chosen, or None where nothing was."""

    uncertified: Judgement | None
    certified: Judgement | None


def accuracy_of(policy: Policy, table: ClassificationTable) -> tuple[float, int, float]:
    """Accuracy over units as a certificate sees it, the number of units, and the mean depth."""
    decision = policy.decide(table)
    part = measure(Claim(target=1.0), table, decision)[0]
    return part.observed or 0.0, part.n, float(decision.exits.mean() + 1)


def judge(policy: Policy, table: ClassificationTable, target: float) -> Judgement:
    """Compare a policy with the target on the judged rows."""
    accuracy, n_units, mean_depth = accuracy_of(policy, table)
    p_value = binom.cdf(math.floor(accuracy * n_units + 1e-9), n_units, target)
    return Judgement(accuracy < target - 1e-9, bool(p_value <= NOISE_LEVEL), mean_depth)


def target_of(pool: Pool, points: float) -> float:
    """The full network's accuracy on the pool, less some percentage points."""
    return accuracy_of(full_network(pool.table, np.ones(pool.table.n_exits)), pool.table)[0] - points / 100


def play(
    parts: Parts, target: float, *, delta: float, name: str = "network", settings: EvolveSettings = SETTINGS
) -> Round:
    """Search policies on ``search``, choose with and without a certificate, and judge the choices."""
    asked = Request(target=target, delta=delta)
    network = search_network(
        name, parts.search, parts.certify, PolicySearch(asked=asked, rules=("confidence",), settings=settings)
    )
    judged = network.front.assessment(goal_on(asked, parts.search))
    plain = judged.best(prefers_quality=False)
    is_feasible = judged.violation[plain] <= 0
    search, certify = (SplitSize.of(one, one.truth) for one in (parts.search, parts.certify))
    sure = select_policy(
        [network], search_target(asked, search=search, certify=certify), front_size=settings.front_size
    )
    return Round(
        uncertified=judge(network.front.policies[plain], parts.judged, target) if is_feasible else None,
        certified=judge(sure.policy, parts.judged, target) if sure.is_certified else None,
    )


def play_rounds(
    pools: Sequence[Pool],
    points: float,
    sampling: Sampling,
    *,
    shares: Shares,
    n_rounds: int,
    delta: float,
    settings: EvolveSettings = SETTINGS,
) -> list[Round]:
    """Rounds over the networks in turn; round ``i`` has the same parts whatever the points."""
    targets = [target_of(pool, points) for pool in pools]
    rounds = []
    for i in range(n_rounds):
        pool, target = pools[i % len(pools)], targets[i % len(pools)]
        parts = sampling(pool, shares, np.random.default_rng(i))
        rounds.append(play(parts, target, delta=delta, name=pool.name, settings=settings))
    return rounds


def rows_of(rounds: Sequence[Round], *, is_exact: bool) -> list[list[str]]:
    """Two lines of the table: what was chosen without and with a certificate."""
    lines = []
    for choice in ("uncertified", "certified"):
        judged = [one for played in rounds if (one := getattr(played, choice)) is not None]
        lines.append(
            [
                choice,
                f"{100 * (1 - len(judged) / len(rounds)):.0f}",
                share(sum(one.misses for one in judged), len(rounds)),
                "exact" if is_exact else share(sum(one.beyond_noise for one in judged), len(rounds)),
                f"{np.mean([one.mean_depth for one in judged]):.2f}" if judged else "-",
                extra_depth(rounds) if choice == "certified" else "",
            ]
        )
    return lines


def share(n_seen: int, n: int) -> str:
    """A percentage with its 95 % Clopper-Pearson interval."""
    low, high = binomtest(n_seen, n).proportion_ci(method="exact")
    return f"{100 * n_seen / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def extra_depth(rounds: Sequence[Round]) -> str:
    """By how much the certified choice is deeper, where both were made, with the standard error of the mean."""
    extra = [
        played.certified.mean_depth - played.uncertified.mean_depth
        for played in rounds
        if played.certified is not None and played.uncertified is not None
    ]
    if len(extra) < 2:
        return "-"
    return f"{np.mean(extra):+.2f} ± {np.std(extra, ddof=1) / math.sqrt(len(extra)):.2f}"


def new_table(delta: float, n_rounds: int) -> Table:
    """The empty table."""
    table = Table(title=f"{n_rounds} rounds each, delta = {delta:g}; shares in % of all rounds")
    for column in ("workload", "points", "parts", "choice"):
        table.add_column(column, no_wrap=True)
    for column in ("none", "misses", "beyond noise", "depth", "extra depth"):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER, help="folder that the tables are kept in")
    parser.add_argument("--data-dir", type=Path, help="folder of the data files, for the workloads that need files")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--points", type=float, nargs="+", default=[1.0, 2.0])
    arguments = parser.parse_args()

    console = Console(width=130)
    sets = real_tables(arguments.tables, arguments.data_dir)
    workloads = list(dict.fromkeys(tables.workload for tables in sets))
    pools = {name: [Pool.of(tables) for tables in sets if tables.workload == name] for name in workloads}
    table = new_table(arguments.delta, arguments.rounds)
    table.caption = "; ".join(describe(name, own) for name, own in pools.items())
    cases = [(name, points, how) for name in workloads for points in arguments.points for how in SAMPLINGS]
    for workload, points, how in track(cases, console=console, transient=True):
        rounds = play_rounds(
            pools[workload],
            points,
            SAMPLINGS[how],
            shares=SHARES.get(workload, Shares()),
            n_rounds=arguments.rounds,
            delta=arguments.delta,
        )
        for line in rows_of(rounds, is_exact=how == "redraw"):
            table.add_row(workload, f"{points:g}", how, *line)
        if how == list(SAMPLINGS)[-1]:
            table.add_section()
    console.print(table)


def describe(workload: str, pools: Sequence[Pool]) -> str:
    """How many networks, and how large the parts are."""
    shares, n_units = SHARES.get(workload, Shares()), len(pools[0].units)
    sizes = f"search {round(shares.search * n_units):,}, certify {round(shares.certify * n_units):,}"
    return f"{workload}: {len(pools)} networks, {sizes} of {n_units:,}"


if __name__ == "__main__":
    main()
