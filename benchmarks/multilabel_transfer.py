"""Does a certified policy for sets of labels hold on new data, and does it save more than the results log's rules?

Every round splits the parents of a made-up table of 867 (``multilabel_notes_table.py``) into ``search`` (304) and
``certify`` (563), searches policies as ``exitsearch policy`` does, with rules, levels and pooling of the command line
``--rules label-margin label-ensemble label-gate --level sample --level parent --pooling mean``, and asks that no more
than a limit of exact match be lost against the full network. Each of 20 draws of the table is split anew 20 times: 400
resplits. Compared are

- *certified*: what is selected; where nothing can be certified, the full network, which saves nothing;
- *uncertified*: of the same front the most saving policy whose drop on ``search`` is within the limit;
- the versions of the results log, set on the same ``search``: fixed settings, fitted margins and models, and NSGA-II
  within the log's four limits (macro-F1 .010, micro-F1 .005, exact match .010, Hamming loss .002), in the first round
  of each draw.

What is true of a policy, its saving and its drops, is read from one fresh draw of many parents. *Best of the log* is
in each draw the most saving version that is truly within a limit: nobody could choose so well on ``search``. It is
told for the limit that is certified alone, and for the log's four.

Then the alarm of transfer: how often ``search`` and ``certify`` are told to be of different kinds, where they are of one
kind and where ``search`` is of the other. Usage:
``python benchmarks/multilabel_transfer.py [--draws N] [--resplits N] [--limits L ...] [--truth N] [--frame FILE]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

from multilabel_notes_table import N_PARENTS, OTHER, PARENT_SIZE, QUALITIES, SAME, draw_table
import numpy as np
from numpy.typing import NDArray
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from policies.baselines.full_network import full_network
from policies.evolution.settings import EvolveSettings
from policies.goals.figures import quality_of
from policies.goals.request import Request
from policies.multilabel_notes.choices import notes_choices
from policies.multilabel_notes.drops import LIMITS
from policies.policy import Policy
from policies.qualities import get_quality
from policies.rules import MULTILABEL_RULES
from policies.selection.answered import answered_tables
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.select import Selection, select_policy
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tasks import get_task
from policies.transfer.splits import compare_splits
from search.table_search import table_target


N_SEARCH = 304
ASKED = (0.01, 0.02)
SETTINGS = EvolveSettings(population=32, generations=8, max_levels=256, front_size=40)
CERTIFIED, UNCERTIFIED = "certified", "uncertified"
_EXACT = "exact_match"
_TRUTH_SEED = 1_000_003


@dataclass(frozen=True)
class Truth:
    """Fresh parents by which policies are judged.

    Attributes:
        table: Table of the fresh parents, answered by the mean of their samples.
        full: Qualities of the full network on it, by name.
    """

    table: ExitTable
    full: Mapping[str, float]

    @classmethod
    def draw(cls, n_parents: int) -> Truth:
        """Draw them."""
        drawn = {"search": draw_table(n_parents, _TRUTH_SEED, prefix="t")}
        table = answered_tables(drawn, _how(0.01, 0))["search"]
        decision = full_network(table, np.ones(table.n_exits)).decide(table)
        return cls(table, {name: quality_of(name, table, decision) for name in LIMITS})

    def of(self, policy: Policy) -> dict[str, float]:
        """What a policy saves, and by how much it is worse than the full network, by the names of qualities."""
        decision = policy.decide(self.table)
        drops = {
            name: get_quality(name).sign * (full - quality_of(name, self.table, decision))
            for name, full in self.full.items()
        }
        return {"saved": 1 - float(self.table.cost[decision.exits].mean()), **drops}


def _how(limit: float, seed: int) -> PolicySearch:
    asked = Request(quality=_EXACT, objective="cost", max_drop=limit)
    return PolicySearch(
        asked=asked,
        rules=MULTILABEL_RULES,
        levels=("sample", "parent"),
        pooling="mean",
        settings=SETTINGS,
        seed=seed,
    )


def split(table: MultiLabelTable, rng: np.random.Generator) -> dict[str, MultiLabelTable]:
    """Whole parents, by chance, into ``search`` and ``certify``; the table's parents lie one after the other."""
    cut = np.split(rng.permutation(table.n_samples // PARENT_SIZE), [N_SEARCH])

    def rows(parents: NDArray[np.int64]) -> NDArray[np.int64]:
        return (parents[:, None] * PARENT_SIZE + np.arange(PARENT_SIZE)).ravel()

    return {name: table.take(rows(np.sort(own))) for name, own in zip(("search", "certify"), cut, strict=True)}


def select(tables: Mapping[str, ExitTable], limit: float, seed: int) -> Selection:
    """Search, certify and select."""
    how = _how(limit, seed)
    own = answered_tables(tables, how)
    network = search_network("network", own["search"], own["certify"], how)
    target = table_target(how.asked, own["search"], own["certify"])
    return select_policy([network], target, front_size=SETTINGS.front_size, seed=seed)


def play(tables: Mapping[str, MultiLabelTable], limit: float, truth: Truth, seed: int) -> dict[str, dict[str, Any]]:
    """What is true of the certified and the uncertified choice of one round."""
    selection = select(tables, limit, seed)
    full = full_network(selection.network.search, selection.network.temperatures)
    certified = selection.policy if selection.is_certified else full
    bare = selection.front.policies[0] if selection.feasible else full
    return {
        CERTIFIED: {"is_certified": selection.is_certified, **truth.of(certified)},
        UNCERTIFIED: {"is_certified": False, **truth.of(bare)},
    }


def play_log(tables: Mapping[str, MultiLabelTable], truth: Truth, seed: int) -> dict[str, dict[str, Any]]:
    """What is true of the choice of every version of the log."""
    search = answered_tables({"search": tables["search"]}, _how(0.01, seed))["search"]
    temperatures = get_task(search.task).fit_temperatures(search)
    return {name: truth.of(one.policy) for name, one in notes_choices(search, temperatures, seed=seed).items()}


def play_all(
    truth: Truth, *, n_draws: int, n_resplits: int, limits: Sequence[float], console: Console
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All rounds: a row for each choice; those of the log, of the first resplit of each draw, by themselves."""
    ours, log = [], []
    for draw, resplit in track([*np.ndindex(n_draws, n_resplits)], console=console, transient=True):
        tables = split(draw_table(seed=draw), np.random.default_rng([draw, resplit]))
        seed = draw * n_resplits + resplit
        for limit in limits:
            for method, found in play(tables, limit, truth, seed).items():
                ours.append({"draw": draw, "resplit": resplit, "limit": limit, "method": method, **found})
        if resplit == 0:
            log += [{"draw": draw, "method": name, **found} for name, found in play_log(tables, truth, seed).items()]
    return pd.DataFrame(ours), pd.DataFrame(log)


def best_of_log(log: pd.DataFrame, limits: Mapping[str, float]) -> pd.Series:
    """The largest saving, by draw, of a version that is truly within limits of drops; 0 where none is."""
    within = np.all([log[name] <= most for name, most in limits.items()], axis=0)
    return log["saved"].where(within, 0.0).groupby(log["draw"]).max()


def show_versions(console: Console, log: pd.DataFrame) -> None:
    """Print what is true of each version of the log."""
    shown = Table(
        title=f"Versions of the results log, set on {N_SEARCH} parents; means over {log['draw'].nunique()} draws"
    )
    for heading in ("", "saved %", *(f"drop: {title}" for title in QUALITIES.values()), "within all four, % of draws"):
        shown.add_column(heading, justify="left" if not heading else "right")
    for method, own in log.groupby("method", sort=False):
        within = np.all([own[name] <= most for name, most in LIMITS.items()], axis=0).mean()
        drops = [f"{own[name].mean():.4f}" for name in QUALITIES]
        shown.add_row(str(method), f"{100 * own['saved'].mean():.2f}", *drops, f"{100 * within:.0f}")
    console.print(shown)


def show_savings(console: Console, ours: pd.DataFrame, log: pd.DataFrame) -> None:
    """Print what the certified policy saves beside the best of the log, in the first round of each draw."""
    shown = Table(title="Saved, % of the full network's compute, means over draws", caption="ratio: of the means")
    for heading in (
        "limit of exact match",
        CERTIFIED,
        "best of the log within it",
        "ratio",
        "within its four",
        "ratio",
    ):
        shown.add_column(heading, justify="right")
    first = ours[(ours["resplit"] == 0) & (ours["method"] == CERTIFIED)]
    of_four = best_of_log(log, LIMITS).mean()
    for limit, own in first.groupby("limit"):
        saved, of_one = own["saved"].mean(), best_of_log(log, {_EXACT: float(limit)}).mean()
        cells = [f"{100 * saved:.2f}"]
        for best in (of_one, of_four):
            cells += [f"{100 * best:.2f}", f"{saved / best:.2f}" if best else "-"]
        shown.add_row(f"{limit:g}", *cells)
    console.print(shown)


def show_violations(console: Console, ours: pd.DataFrame) -> None:
    """Print how often what was claimed, or was within the limit on ``search``, is not true."""
    shown = Table(title=f"{len(ours) // ours.groupby(['limit', 'method']).ngroups} resplits")
    headings = ("limit", "choice", "certified %", "saved %", "mean drop", "drop above the limit %")
    for heading in headings:
        shown.add_column(heading, justify="left" if heading == "choice" else "right")
    for (limit, method), own in ours.groupby(["limit", "method"], sort=False):
        certified = f"{100 * own['is_certified'].mean():.0f}" if method == CERTIFIED else "-"
        violations = (own[_EXACT] > float(limit)).mean()
        means = f"{100 * own['saved'].mean():.2f}", f"{own[_EXACT].mean():.4f}"
        shown.add_row(f"{limit:g}", str(method), certified, *means, f"{100 * violations:.1f}")
    console.print(shown)


def alarms(n_draws: int) -> dict[str, float]:
    """How often ``search`` and ``certify`` are told to differ, by what they are."""
    how, rates = _how(0.02, 0), {}
    for name, kind in (("of one kind", SAME), ("search of the other kind", OTHER)):
        found = []
        for draw in range(n_draws):
            tables = {
                "search": draw_table(N_SEARCH, [draw, 1], kind, prefix="s"),
                "certify": draw_table(N_PARENTS - N_SEARCH, [draw, 2], prefix="c"),
            }
            own = answered_tables(tables, how)
            rows = ((0.4,),) * (own["search"].n_exits - 1)
            policy = Policy("label-margin", rows, (1.0,) * own["search"].n_exits, answering=own["search"].answering)
            found.append(bool(compare_splits(own["search"], own["certify"], policy).found))
        rates[name] = float(np.mean(found))
    return rates


def main() -> None:
    """Play all rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20, help="tables that are drawn")
    parser.add_argument("--resplits", type=int, default=20, help="splits of each")
    parser.add_argument("--limits", type=float, nargs="+", default=list(ASKED), help="largest drops of exact match")
    parser.add_argument("--truth", type=int, default=10_000, help="fresh parents that policies are judged by")
    parser.add_argument("--frame", type=Path, help="CSV file to keep every choice in")
    arguments = parser.parse_args()

    started, console = time.perf_counter(), Console(width=150)
    truth = Truth.draw(arguments.truth)
    ours, log = play_all(
        truth, n_draws=arguments.draws, n_resplits=arguments.resplits, limits=arguments.limits, console=console
    )
    if arguments.frame is not None:
        pd.concat([ours, log]).to_csv(arguments.frame, index=False)
    show_versions(console, log)
    show_savings(console, ours, log)
    show_violations(console, ours)
    for name, rate in alarms(arguments.draws).items():
        console.print(f"search and certify told to differ, {name}: {100 * rate:.0f} % of {arguments.draws} draws")
    console.print(f"{time.perf_counter() - started:.0f} seconds")


if __name__ == "__main__":
    main()
