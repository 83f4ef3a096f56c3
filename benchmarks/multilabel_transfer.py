"""Does a certified policy for sets of labels hold on new data, and does it save more than the results log's rules?

Every round splits the parents of a made-up table of 867 (``multilabel_notes_table.py``) into ``search`` (304) and
``certify`` (563), searches policies as ``exitsearch policy`` does with ``--level sample --level parent --pooling mean``
and the rules for sets of labels, and asks that no more than a limit of exact match be lost against the full network.
Each of 20 draws of the table is split anew 20 times: 400 resplits. Compared are

- *certified*: what is selected; where nothing can be certified the full network, which saves nothing;
- *uncertified*: of the same front the most saving policy whose drop on ``search`` is within the limit;
- the versions of the results log, in the first round of each draw. They are set on the same ``search``: fixed settings,
  fitted margins and models, and NSGA-II within the log's four limits (macro-F1 .010, micro-F1 .005, exact match .010,
  Hamming loss .002). As the log's own were, they are also set on as many parents of the other kind of data.

What is true of a policy, its saving and its drops, is read from one fresh draw of many parents of the first kind. Which
version of the log is the best within limits can be told in three ways, the first of which a user has:

- *chosen*: of those within the limits on ``search`` the most saving one, whatever is true of it;
- *certified*: of those whose drop is certified on ``certify``, each at full level, the most saving one on ``search``;
- *known*: of those that are truly within the limits the most saving one. Nobody could choose so well.

Then the alarm of transfer: how often ``search`` and ``certify`` are told to be of different kinds, where they are of
one kind and where ``search`` is of the other. Usage:
``python benchmarks/multilabel_transfer.py [--draws N] [--resplits N] [--limits L ...] [--truth N] [--frame FILE]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
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
from policies.certificates.claims import Claim
from policies.certificates.testing.fixed_sequence import fixed_sequence
from policies.evolution.settings import EvolveSettings
from policies.goals.figures import quality_of
from policies.goals.request import Request
from policies.multilabel_notes.choices import notes_choices
from policies.multilabel_notes.drops import LIMITS
from policies.policy import Policy
from policies.qualities import get_quality
from policies.rules import MULTILABEL_RULES
from policies.selection.answered import answered_tables
from policies.selection.choose import choose_policy
from policies.selection.policy_search import PolicySearch
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tasks import get_task
from policies.transfer.splits import compare_splits


N_SEARCH = 304
ASKED = (0.01, 0.02)
SETTINGS = EvolveSettings(population=32, generations=8, max_levels=256, front_size=40)
CERTIFIED, UNCERTIFIED = "certified", "uncertified"
_EXACT, _DELTA = "exact_match", 0.05
_SAME, _OTHER = "the same kind", "the other kind"
_TRUTH_SEED = 1_000_003
_LEAST_LIMIT = 0.01
_ROUNDING = 1e-9


class Judge:
    """Judges policies by a table, whose answers are pooled by the mean.

    Args:
        table: The table as it was drawn.
    """

    def __init__(self, table: MultiLabelTable) -> None:
        self.table: ExitTable = answered_tables({"search": table}, _how(_LEAST_LIMIT, 0))["search"]
        self._full: dict[tuple[float, ...], dict[str, float]] = {}

    def figures(self, policy: Policy) -> dict[str, float]:
        """What a policy saves, and by how much it is worse than the full network at the same temperatures.

        Returns:
            ``saved``, as a share of the full network's compute, and drops by the names of qualities.
        """
        decision, full = policy.decide(self.table), self._full_network(policy.temperatures)
        drops = {
            name: get_quality(name).sign * (full[name] - quality_of(name, self.table, decision)) for name in LIMITS
        }
        return {"saved": 1 - float(self.table.cost[decision.exits].mean()), **drops}

    def _full_network(self, temperatures: tuple[float, ...]) -> dict[str, float]:
        if temperatures not in self._full:
            decision = full_network(self.table, np.array(temperatures)).decide(self.table)
            self._full[temperatures] = {name: quality_of(name, self.table, decision) for name in LIMITS}
        return self._full[temperatures]


def _how(limit: float, seed: int) -> PolicySearch:
    asked = Request(quality=_EXACT, objective="cost", max_drop=limit, delta=_DELTA)
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
    return choose_policy(tables["search"], tables["certify"], _how(limit, seed))


def play(tables: Mapping[str, MultiLabelTable], limit: float, truth: Judge, seed: int) -> dict[str, dict[str, Any]]:
    """What is true of the certified and the uncertified choice of one round."""
    selection = select(tables, limit, seed)
    full = full_network(selection.network.search, selection.network.temperatures)
    certified = selection.policy if selection.is_certified else full
    bare = selection.front.policies[0] if selection.feasible else full
    return {
        CERTIFIED: {"is_certified": selection.is_certified, **truth.figures(certified)},
        UNCERTIFIED: {"is_certified": False, **truth.figures(bare)},
    }


def play_log(
    tables: Mapping[str, MultiLabelTable], limits: Sequence[float], truth: Judge, seed: int
) -> list[dict[str, Any]]:
    """What is true of the choice of every version of the log, what was seen on ``search``, and which pass a claim."""
    judge, certify = Judge(tables["search"]), Judge(tables["certify"]).table
    temperatures = get_task(judge.table.task).fit_temperatures(judge.table)
    rows = []
    for method, choice in notes_choices(judge.table, temperatures, seed=seed).items():
        policy = choice.policy
        seen = {f"seen {name}": value for name, value in judge.figures(policy).items()}
        passes = {}
        for limit in limits:
            claim = Claim(max_drop=limit, quality=_EXACT)
            (step,) = fixed_sequence([(policy, certify)], claim, delta=_DELTA, searches=[judge.table])
            passes[f"passes {limit:g}"] = step.passed
        rows.append({"method": method, **truth.figures(policy), **seen, **passes})
    return rows


def play_all(
    truth: Judge, *, n_draws: int, n_resplits: int, limits: Sequence[float], console: Console
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All rounds: a row for each choice; those of the log, of the first resplit of each draw, by themselves."""
    ours, log = [], []
    for draw, resplit in track([*np.ndindex(n_draws, n_resplits)], console=console, transient=True):
        tables = split(draw_table(seed=draw), np.random.default_rng([draw, resplit]))
        seed = draw * n_resplits + resplit
        for limit in limits:
            for method, found in play(tables, limit, truth, seed).items():
                ours.append({"draw": draw, "resplit": resplit, "limit": limit, "method": method, **found})
        if resplit:
            continue
        other = draw_table(N_SEARCH, [draw, 3], OTHER, prefix="o")
        for kind, search in ((_SAME, tables["search"]), (_OTHER, other)):
            found = play_log({**tables, "search": search}, limits, truth, seed)
            log += [{"draw": draw, "kind": kind, **one} for one in found]
    return pd.DataFrame(ours), pd.DataFrame(log)


def within(frame: pd.DataFrame, limits: Mapping[str, float], prefix: str = "") -> pd.Series:
    """Which rows keep to limits of drops, as they are true, or with the prefix ``seen`` as they were on ``search``."""
    return pd.concat([frame[f"{prefix}{name}"] <= most + _ROUNDING for name, most in limits.items()], axis=1).all(
        axis=1
    )


def best_of_log(log: pd.DataFrame, may_be_chosen: pd.Series, by: str) -> pd.DataFrame:
    """In each draw, if any version may be chosen, the row of that with the most of a column."""
    own = log[may_be_chosen]
    return own.loc[own.groupby("draw")[by].idxmax()]


def show_versions(console: Console, log: pd.DataFrame) -> None:
    """Print what is true of each version of the log."""
    n_draws = log["draw"].nunique()
    for kind, of_kind in log.groupby("kind", sort=False):
        shown = Table(title=f"Versions of the log, set on {N_SEARCH} parents of {kind}; means over {n_draws} draws")
        for heading in ("", "saved %", *QUALITIES.values(), "in all four limits: seen %", "true %"):
            shown.add_column(heading, justify="left" if not heading else "right")
        for method, own in of_kind.groupby("method", sort=False):
            kept = [f"{100 * within(own, LIMITS, prefix).mean():.0f}" for prefix in ("seen ", "")]
            drops = [f"{own[name].mean():.4f}" for name in QUALITIES]
            shown.add_row(str(method), f"{100 * own['saved'].mean():.2f}", *drops, *kept)
        console.print(shown)


def savings(ours: pd.DataFrame, log: pd.DataFrame) -> list[list[str]]:
    """Lines: of each limit what the certified policy saves, and the best version of the log in three senses, in %."""
    lines = []
    first, n_draws = ours[(ours["resplit"] == 0) & (ours["method"] == CERTIFIED)], log["draw"].nunique()
    for limit, own in first.groupby("limit"):
        saved = own["saved"].mean()
        cases = {f"exact match {limit:g}": {_EXACT: limit}, f"exact match {limit:g}; the log's four": LIMITS}
        for title, limits in cases.items():
            chosen = best_of_log(log, within(log, limits, "seen "), "seen saved")
            certified = best_of_log(log, log[f"passes {limit:g}"], "seen saved")
            known = best_of_log(log, within(log, limits), "saved")
            line = [title, f"{100 * saved:.2f}"]
            for best in (chosen, certified, known):
                mean = best["saved"].sum() / n_draws
                line += [f"{100 * mean:.2f}", f"{saved / mean:.2f}" if mean else "-"]
            lines.append([*line, f"{100 * within(chosen, limits).mean():.0f}" if len(chosen) else "-"])
    return lines


def show_savings(console: Console, ours: pd.DataFrame, log: pd.DataFrame) -> None:
    """Print what the certified policy saves beside the best of the log, in the first round of each draw."""
    for kind, own in log.groupby("kind", sort=False):
        shown = Table(
            title=f"Saved, % of the full network's compute, means over draws; the log set on {kind}",
            caption="ratio: certified policy / log; holds: chosen versions that are truly within the limits",
        )
        columns = ("log, chosen", "ratio", "log, certified", "ratio", "log, known", "ratio", "chosen: holds %")
        for heading in ("limits of drops", "certified policy", *columns):
            shown.add_column(heading, justify="left" if heading == "limits of drops" else "right")
        for line in savings(ours, own):
            shown.add_row(*line)
        console.print(shown)


def show_violations(console: Console, ours: pd.DataFrame) -> None:
    """Print how often what was claimed, or was within the limit on ``search``, is not true."""
    shown = Table(title=f"{len(ours) // ours.groupby(['limit', 'method']).ngroups} resplits")
    headings = ("limit", "choice", "certified %", "saved %", "mean drop", "drop above the limit %")
    for heading in headings:
        shown.add_column(heading, justify="left" if heading == "choice" else "right")
    for (limit, method), own in ours.groupby(["limit", "method"], sort=False):
        certified = f"{100 * own['is_certified'].mean():.0f}" if method == CERTIFIED else "-"
        violations = 1 - within(own, {_EXACT: float(limit)}).mean()
        means = f"{100 * own['saved'].mean():.2f}", f"{own[_EXACT].mean():.4f}"
        shown.add_row(f"{limit:g}", str(method), certified, *means, f"{100 * violations:.1f}")
    console.print(shown)


def alarms(n_draws: int) -> dict[str, float]:
    """How often ``search`` and ``certify`` are told to differ, by what they are."""
    how, rates = _how(_LEAST_LIMIT, 0), {}
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
    parser.add_argument("--truth", type=int, default=8_000, help="fresh parents that policies are judged by")
    parser.add_argument("--frame", type=Path, help="CSV file to keep every choice in")
    arguments = parser.parse_args()

    started, console = time.perf_counter(), Console(width=150)
    truth = Judge(draw_table(arguments.truth, _TRUTH_SEED, prefix="t"))
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
