"""``exitsearch report``: what finished searches found, one after the other or side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.markup import escape
import typer

from policies.registry import title_of
from search.cli.options.given import refuse_without
from search.cli.options.shown import ShowsAll
from search.cli.reports.page import page_command
from search.console_table import FigureRow, FigureTable, print_line
from search.errors import RunFolderError
from search.loading import tell_loading
from search.reporting.shown import ShownFigure, figures_shown
from search.reporting.terminal import print_policies
from search.run_folder.finished import read_summary
from search.run_folder.folder import RunFolder
from search.run_folder.new_folder import require_output_file, writing
from search.run_folder.result_files import ResultFiles, write_csv
from search.run_folder.summary import PolicyFigures, Summary


if TYPE_CHECKING:
    import pandas as pd


SELECTED, CONTROL = "selected policy", "static control"
_LATENCY = "mean_latency_ms"


def report(
    context: typer.Context,
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of sweeps or policy searches.")],
    compare: Annotated[bool, typer.Option("--compare", help="One table of all policies of all runs.")] = False,
    split: Annotated[str, typer.Option(help="Whose figures the table shows: search, certify or test.")] = "test",
    out: Annotated[
        Path | None, typer.Option(help="CSV file for the table of --compare, or file for the page of --html.")
    ] = None,
    html: Annotated[
        bool, typer.Option("--html", help="Write one page for a browser: report.html in RUN, or the file of --out.")
    ] = False,
    shows_all: ShowsAll = False,
) -> None:
    """Print what finished searches found, or compare them: selected policies and baselines of several runs.

    For example:

    - `exitsearch report runs/digits-1`

    - `exitsearch report --compare runs/digits-1 runs/digits-2 --out history.csv`

    - `exitsearch report runs/digits-1 --html`

    - `exitsearch report runs/digits-1 runs/digits-2 --html --out both.html`
    """
    if html:
        for name in ("compare", "split", "shows_all"):
            refuse_without(context, name, reason="for tables, which --html does not print", needs="leave --html out")
        page_command(runs, out, console=Console())
        return
    if not compare:
        for name in ("out", "split"):
            refuse_without(context, name, reason="for the table of --compare, which is not given", needs="add it")
    else:
        reason = "for reports, and the table of --compare always has the first baselines"
        refuse_without(context, "shows_all", reason=reason, needs="leave --compare out")
    report_command(runs, compare=compare, split=split, out=out, shows_all=shows_all, console=Console())


def report_command(
    runs: Sequence[Path],
    *,
    compare: bool,
    split: str,
    out: Path | None = None,
    shows_all: bool = False,
    console: Console,
) -> pd.DataFrame | None:
    """Print what searches found.

    Args:
        runs: Folders of finished sweeps or policy searches.
        compare: Whether one table of the policies of all runs is printed, instead of one report after the other.
        split: Split whose figures the table shows: search, certify or test.
        out: A CSV file for the table, or None; only with ``compare``.
        shows_all: Whether reports have every baseline, and figures on ``search``; the one table always has the first.
        console: Console that the reports are printed on.

    Returns:
        The table, a row per run and policy; None without ``compare``.

    Raises:
        RunFolderError: If a folder is not that of a finished search, has no figures on the split, or the file
            cannot be written.
    """
    require_output_file(out, option="--out", inputs=[kept for run in runs for kept in RunFolder(run).kept])
    summaries = {run: read_summary(run) for run in runs}
    if not compare:
        for run, summary in summaries.items():
            console.print(escape(str(run)), style="bold", soft_wrap=True, highlight=False)
            print_policies(console, summary, ResultFiles(run), shows_all=shows_all)
        return None
    shown = _shown(summaries.values())
    rows = [row for run, summary in summaries.items() for row in _rows(run, summary, split, shown)]
    tell_loading("pandas")
    # Here, since the import takes seconds.
    import pandas as pd

    table = pd.DataFrame(rows)
    _show(table, split, shown).print_on(console)
    for run, summary in summaries.items():
        if summary.control is not None:
            print_line(console, f"{run}: {summary.control.verdict}")
    if out is not None:
        with writing(out, option="--out"):
            write_csv(out, table)
    return table


def _shown(summaries: Iterable[Summary]) -> tuple[ShownFigure, ...]:
    """The figures of all tasks that there are, each once."""
    figures = (one for summary in summaries for one in figures_shown(summary.task, summary.main_quality).of_policies)
    return tuple(dict.fromkeys(figures))


def _rows(run: Path, summary: Summary, split: str, shown: Sequence[ShownFigure]) -> list[dict[str, Any]]:
    policies: list[tuple[str, str, PolicyFigures]] = [("", SELECTED, summary.selected)]
    if summary.control is not None:
        policies.append(("", CONTROL, summary.control))
    policies += [("", name, figures) for name, figures in summary.baselines.items()]
    # Of baseline trials there are figures where they are compared.
    policies += [(one.trial, one.policy, one) for one in summary.baseline_trials if split in one.by_split]
    rows = []
    for trial, name, figures in policies:
        if split not in figures.by_split:
            raise RunFolderError(f"{run}: there must be figures on {split} but there are none; name another --split")
        own = figures.by_split[split]
        rows.append(
            {
                "run": str(run),
                "baseline_trial": trial,
                "policy": title_of(name),
                "certified": _is_certified(summary, name),
                # A network with one exit has no depth, and no exits to compare; and tasks have figures of their own.
                **{one.name: own.get(one.name) for one in shown},
                _LATENCY: own.get(_LATENCY),
                "exit_mix": " / ".join(f"{share:.3f}" for share in own.get("exit_mix", ())),
            }
        )
    return rows


def _is_certified(summary: Summary, name: str) -> bool:
    if name == CONTROL:
        return summary.control is not None and summary.control.certified
    return name == SELECTED and summary.certified


def _show(table: pd.DataFrame, split: str, shown: Sequence[ShownFigure]) -> FigureTable:
    is_timed = bool(table[_LATENCY].notna().any())
    figures = [*shown, *([ShownFigure(_LATENCY, "ms", 2)] if is_timed else [])]
    rows_shown: list[FigureRow] = []
    for (run, trial), rows in table.groupby(["run", "baseline_trial"], sort=False):
        rows_shown.append(FigureRow(f"{run}, {trial}" if trial else run, starts_section=bool(rows_shown)))
        for row in rows.to_dict("records"):
            name = row["policy"] + (", certified" if row["certified"] else "")
            cells = (_cell(row[one.name], one.digits) for one in figures)
            mix = "/".join(f"{100 * float(share):.0f}" for share in row["exit_mix"].split("/") if share)
            rows_shown.append(FigureRow(f" {name}", (*cells, mix)))
    headings = (*(one.heading for one in figures), "exit mix, %")
    return FigureTable(headings=headings, rows=tuple(rows_shown), title=f"Policies on {split}")


def _cell(figure: float | None, digits: int) -> str:
    """A figure; nothing where it was not measured."""
    return "" if figure is None or math.isnan(figure) else f"{figure:.{digits}f}"
