"""How often are early exits certified with so many labels, how much do they save, and which labels does it take?

32 networks on digits, clothes, spoken digits and visual wake words (``many_tables.py``), a drop of accuracy of at most
one point against the full network at confidence 95 %, and 300, 1,000 and 3,000 samples of ``search`` and of
``certify``. Both are drawn with replacement from the held-out rows of a network, which stand in for the world, so that
it is known exactly what is true. Policies are searched with the default rules, once for 14 draws of ``certify``.

- *certified*: the policy that the selection chooses is certified; with exits: and leaves early.
- *depth*: its true mean depth in % of the full depth, where it is not certified 100; *where both*: over those draws
  where both revisions certify a policy with exits.
- *violations*: draws on which a policy is certified that truly loses more than a point, with the 95 % Clopper-Pearson
  interval of their share; at most delta is promised. Draws of one search have it in common.
- *alone*: of the policies that reach the search target the most wanted one, certified by itself.
- *labels*: share of ``certify`` on which the selected policy, or any policy that was tested, or the one that is
  certified alone, answers otherwise than the full network. Elsewhere nothing can be lost, whatever the label.

``--against REV`` also measures another revision of the package, in a temporary checkout, on the same draws. Results are
kept in a file of JSON lines; what is there is not played again, so that a run may be cut in two. Those of this tree are
of its code at that time: name another file after a change. A revision takes some ten minutes of one core. Usage:
``python benchmarks/label_cost.py [--tables DIR] [--data-dir DIR] [--against REV] [--out FILE] [--jobs 2]``.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from certificates import share
from label_cost_rounds import Case
from many_tables import MANY_RECIPES
import pandas as pd
from revisions import THIS_TREE, Results, checkout_of, play_all, short_name, this_tree
from rich.console import Console
from rich.table import Table
from tables import DEFAULT_FOLDER, real_tables


SIZES = (300, 1000, 3000)
_DRAW = ["network", "n", "search", "draw"]
_JUST = 1e-9


def summary(frame: pd.DataFrame, *, max_drop: float) -> list[list[str]]:
    """A line for each number of samples and revision."""
    frame = frame.assign(
        with_exits=frame["selected_certified"] & (frame["selected_depth"] < 1 - _JUST),
        paid=frame["selected_depth"].where(frame["selected_certified"], 1.0),
        alone_paid=frame["alone_depth"].where(frame["alone_certified"], 1.0),
        alone_with_exits=frame["alone_certified"] & (frame["alone_depth"] < 1 - _JUST),
    )
    of_both = frame.groupby(_DRAW)["with_exits"].transform("all")
    is_compared = frame["which"].nunique() > 1
    lines = []
    for (n, which), own in frame.groupby(["n", "which"], sort=False):
        both = own[of_both[own.index]]
        alone_is_wrong = own["alone_certified"] & (own["alone_drop"] > max_drop + _JUST)
        is_wrong = own["selected_certified"] & (own["selected_drop"] > max_drop + _JUST)
        lines.append(
            [
                f"{n:,}",
                str(which),
                _percent(own["selected_certified"]),
                _percent(own["with_exits"]),
                _percent(own["paid"]),
                _percent(both["selected_depth"]) if is_compared and len(both) else "-",
                f"{is_wrong.sum()} of {len(own)}: {share(int(is_wrong.sum()), len(own))}",
                _percent(own["alone_with_exits"]),
                _percent(own["alone_paid"]),
                f"{alone_is_wrong.sum()}: {share(int(alone_is_wrong.sum()), len(own))}",
                " / ".join(_percent(own[name]) for name in ("selected_to_label", "path_to_label", "alone_to_label")),
                f"{own['seconds'].mean():.2f}",
            ]
        )
    return lines


def _percent(values: pd.Series[float]) -> str:
    return f"{100 * values.mean():.1f}"


def table_of(frame: pd.DataFrame, *, title: str, max_drop: float) -> Table:
    """The table that is printed."""
    table = Table(title=title, caption="in %, of all draws; seconds of the processor for a choice")
    for column in ("n", "which"):
        table.add_column(column, no_wrap=True)
    for column in (
        "certified",
        "with exits",
        "depth",
        "where both",
        "violations",
        "alone: with exits",
        "depth",
        "violations",
        "labels: selected / tested / alone",
        "s",
    ):
        table.add_column(column, justify="right")
    last = None
    for line in summary(frame, max_drop=max_drop):
        if last not in (None, line[0]):
            table.add_section()
        table.add_row(*line)
        last = line[0]
    return table


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER, help="folder that the tables are kept in")
    parser.add_argument("--data-dir", type=Path, help="folder of all data files, where tables are to be made")
    parser.add_argument("--against", metavar="REV", help="a revision that is measured too, on the same draws")
    parser.add_argument("--only-against", action="store_true", help="measure that revision alone")
    parser.add_argument("--out", type=Path, default=Path("build/label_cost.jsonl"), help="where results are kept")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="samples of search, and of certify")
    parser.add_argument("--searches", type=int, default=1, help="draws of search for each network and size")
    parser.add_argument("--draws", type=int, default=14, help="draws of certify for each of search")
    parser.add_argument("--points", type=float, default=1.0, help="largest drop in percentage points")
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--jobs", type=int, default=1, help="revisions that are measured at once")
    arguments = parser.parse_args()
    if arguments.only_against and arguments.against is None:
        parser.error("--only-against needs --against REV")

    console = Console(width=190)
    sets = real_tables(arguments.tables, arguments.data_dir, recipes=MANY_RECIPES, on_made=console.print)
    networks = [tables.name for tables in sets]
    del sets
    cases = [
        Case(network, n, search, arguments.draws, arguments.points / 100, arguments.delta)
        for n in arguments.sizes
        for network in networks
        for search in range(arguments.searches)
    ]
    results = Results(arguments.out)
    with ExitStack() as stack:
        checkouts: dict[str, Path] = {}
        if arguments.against is not None:
            checkouts[short_name(arguments.against)] = stack.enter_context(checkout_of(arguments.against))
        if not arguments.only_against:
            checkouts[THIS_TREE] = this_tree()
        play_all(checkouts, arguments.tables.resolve(), cases, results, jobs=arguments.jobs)
    frame = results.frame(list(checkouts), cases)
    title = f"{len(networks)} networks, a drop of at most {arguments.points:g} points at delta {arguments.delta:g}"
    console.print(table_of(frame, title=title, max_drop=arguments.points / 100))


if __name__ == "__main__":
    main()
