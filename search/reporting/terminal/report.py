"""What a search prints at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shlex
import shutil
import sys

from rich.console import Console

from search.console_table import FigureTable, print_line
from search.reporting.shown import figures_shown
from search.reporting.terminal.baseline_trials import baseline_trials_table
from search.reporting.terminal.comparison import compare_policies
from search.reporting.terminal.lines import policy_lines, warning_lines
from search.reporting.terminal.verdict import verdict
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary


def print_summary(
    console: Console, summary: Summary, files: ResultFiles, *, tracking_uri: str, shows_all: bool = False
) -> None:
    """Tell a person what a sweep found, and where to look further; arguments as for :func:`print_policies`."""
    print_policies(console, summary, files, shows_all=shows_all)
    counts = summary.trials
    ended = f"{counts.complete} completed, {counts.pruned} stopped early, {counts.fail} failed"
    _print_labelled(console, "Trials", f"{ended}, in {summary.seconds:.0f} s")
    _print_place(console, "MLflow", mlflow_ui_command(tracking_uri))


def print_policies(console: Console, summary: Summary, files: ResultFiles, *, shows_all: bool = False) -> None:
    """Tell a person what a policy search found.

    Args:
        console: Console that is printed on.
        summary: Summary of the search.
        files: Files of the search.
        shows_all: Whether every baseline has a row of its own, and figures on ``search`` are shown as well.
    """
    console.print()
    for sentence in verdict(summary):
        print_line(console, sentence)
    console.print()
    _print_comparison(console, summary, shows_all=shows_all)
    for table in _further_tables(summary):
        console.print()
        table.print_on(console)
    console.print()
    for label, sentence in policy_lines(summary, files):
        _print_labelled(console, label, sentence)
    for label, sentence in warning_lines(summary):
        _print_labelled(console, label, sentence, style="yellow")
    for label, path in (("Files", files.path), ("Figure", files.front_png), ("Interactive", files.front_html)):
        _print_place(console, label, str(path))
    if files.report_html.exists():
        _print_place(console, "Report", str(files.report_html))


def _further_tables(summary: Summary) -> Iterator[FigureTable]:
    yield from figures_shown(summary.task, summary.main_quality).tables(summary)
    if summary.baseline_trials:
        last = list(summary.selected.by_split)[-1]
        yield baseline_trials_table(summary.baseline_trials, last, summary.main_quality)


def _print_comparison(console: Console, summary: Summary, *, shows_all: bool) -> None:
    comparison = compare_policies(summary, shows_all=shows_all)
    comparison.table.print_on(console)
    console.print()
    for line in comparison.legend:
        print_line(console, line, style="dim")
    if comparison.grids or comparison.left_out:
        console.print()
    if comparison.grids:
        _print_labelled(console, "Published grids", comparison.grids)
    if comparison.left_out:
        _print_labelled(console, "With --all", comparison.left_out)


def _print_labelled(console: Console, label: str, sentence: str, *, style: str | None = None) -> None:
    print_line(console, f"{label:<18} {sentence}", style=style)


def _print_place(console: Console, label: str, place: str) -> None:
    """On one line however long: it is to be copied."""
    console.print(f"{label:<18} {place}", soft_wrap=True, highlight=False, markup=False)


def mlflow_ui_command(tracking_uri: str) -> str:
    """The exact command that shows the sweep: a local store is served on loopback, a server has its own page."""
    if tracking_uri.startswith(("http://", "https://")):
        return f"open {tracking_uri}"
    beside = Path(sys.executable).with_name("mlflow")
    program = "mlflow" if shutil.which("mlflow") == str(beside) else str(beside)
    return f"{shlex.quote(program)} ui --backend-store-uri {shlex.quote(tracking_uri)}"
