"""What a search prints at its end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
import shlex
import shutil
import sys

from rich.console import Console

from policies.goals.objectives import get_objective
from policies.pooling.answering import Level
from policies.registry import title_of
from policies.tasks import get_task
from search.console_table import FigureRow, FigureTable, print_line
from search.reporting.shown import figures_shown
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import (
    BaselineTrialFigures,
    Figures,
    PolicyFigures,
    SelectedPolicy,
    Summary,
)
from search.run_folder.summary_compute import BudgetPolicy, HardExits, SoftNetwork


def print_summary(console: Console, summary: Summary, files: ResultFiles, *, tracking_uri: str) -> None:
    """Tell a person what a sweep found, and where to look further."""
    print_policies(console, summary, files)
    counts = summary.trials
    ended = f"{counts.complete} completed, {counts.pruned} stopped early, {counts.fail} failed"
    print_line(console, f"Trials             {ended}, in {summary.seconds:.0f} s")
    console.print(
        f"MLflow             {mlflow_ui_command(tracking_uri)}", soft_wrap=True, highlight=False, markup=False
    )


def print_policies(console: Console, summary: Summary, files: ResultFiles) -> None:
    """Tell a person what a policy search found."""
    console.print()
    print_line(console, _verdict(summary))
    _comparison(summary).print_on(console)
    for table in figures_shown(summary.task, summary.main_quality).tables(summary):
        console.print()
        table.print_on(console)
    if summary.control is not None:
        told = "; ".join(filter(None, (summary.control.verdict, summary.control.times)))
        print_line(console, f"Static control     {told}")
    elif summary.control_notes:
        print_line(console, f"Static control     none; {summary.control_notes[-1]}")
    last, figures = list(summary.selected.by_split.items())[-1]
    if summary.baseline_trials:
        _against_baselines(summary.baseline_trials, last, summary.main_quality).print_on(console)
    mix = figures["exit_mix"]
    shares = "  ".join(f"depth {depth}: {share:.1%}" for depth, share in enumerate(mix, start=1))
    print_line(console, f"{f'Exit mix on {last}':<18} {shares}")
    if last in summary.soft:
        print_line(console, f"{f'Soft network, {last}':<18} {_soft(summary.soft[last])}")
    if summary.fixed_budgets:
        told = _within_budgets(summary.fixed_budgets, summary.main_quality)
        print_line(console, f"Fixed budgets      {told}; more in {files.budgets_csv.name}")
    if summary.architecture is not None:
        print_line(console, f"Architecture       {summary.architecture.sentence}")
    if summary.validity is not None:
        print_line(console, f"Validity gate      {summary.validity.sentence}")
    if summary.latency is not None:
        print_line(console, f"Latency, test      {summary.latency.sentence}")
    if reading := _reading(summary, last):
        print_line(console, f"{f'Reading, {last}':<18} {reading}")
    if summary.splits is not None and summary.splits.differ:
        print_line(console, f"Splits             {summary.splits.sentence}", style="yellow")
    # One line that says what to do: undertrained exits explain what any alarm would tell.
    if summary.undertrained:
        print_line(console, f"Note               {summary.undertrained}", style="yellow")
    for alarm in summary.alarms[: 0 if summary.undertrained else 1]:
        print_line(console, f"Collapse           {alarm}", style="yellow")
    for label, path in (("Files", files.path), ("Figure", files.front_png), ("Interactive", files.front_html)):
        console.print(f"{label:<18} {path}", soft_wrap=True, highlight=False, markup=False)


def _soft(found: SoftNetwork) -> str:
    def told(name: str, hard: HardExits) -> str:
        return f"{name} {hard.accuracy:.4f} at {hard.mean_cost:.4f} ({hard.cost_difference:+.4f})"

    promised = f"accuracy {found.accuracy:.4f} at expected cost {found.expected_cost:.4f}"
    return f"{promised}; {told('policy', found.policy)}; {told('stop at .5 alone', found.stop_at_half)}"


def _within_budgets(found: list[BudgetPolicy], main: str) -> str:
    """Each policy at the smallest budget that it keeps to."""
    first = {point.position: point for point in reversed(found)}
    shown = sorted(first.values(), key=lambda point: point.budget)
    figures = ", ".join(f"{(point.test or point.search)[main]:.4f} within {point.budget:g}" for point in shown)
    return f"{title_of(main)} on {'test' if found[0].test else 'search'}, by cost: {figures}"


def _reading(summary: Summary, split: str) -> str:
    """How much of a parent the policy reads, beside the full network; empty where it does not read one in order."""
    if summary.selected.params.get("answering", {}).get("level") not in (Level.READING, Level.PROGRESSIVE):
        return ""
    own, full = summary.selected.by_split[split], summary.baselines["full_network"].by_split[split]
    read = f"{own['mean_read']:.2f} of {full['mean_read']:.2f} samples of a parent, until its answer is sure"
    return f"{read} ({own['mean_seconds']:.2f} of {full['mean_seconds']:.2f} s)" if "mean_seconds" in own else read


def mlflow_ui_command(tracking_uri: str) -> str:
    """The exact command that shows the sweep: a local store is served on loopback, a server has its own page."""
    if tracking_uri.startswith(("http://", "https://")):
        return f"open {tracking_uri}"
    beside = Path(sys.executable).with_name("mlflow")
    program = "mlflow" if shutil.which("mlflow") == str(beside) else str(beside)
    return f"{shlex.quote(program)} ui --backend-store-uri {shlex.quote(tracking_uri)}"


def _verdict(summary: Summary) -> str:
    selected, certificate = summary.selected, summary.certificate
    if not summary.feasible:
        found = selected.by_split["search"]
        nearest = f"{title_of(summary.quality)} {found[summary.quality]:.4f} at depth {found['mean_depth']:.3f}"
        return f"INFEASIBLE: no policy met {summary.asked} on search; the nearest has {nearest}{_trial(selected)}"
    estimated = summary.estimate.sentence if summary.estimate else ""
    policy = f"rule {selected.rule}" if _leaves_early(selected) else "the full network, without early exits"
    if selected.answered:
        policy += f" ({selected.answered})"
    policy += _trial(selected)
    if certificate is None:
        return f"Selected: {policy}, for {summary.asked}; {estimated}"
    if not summary.certified:
        return f"Selected: {policy}. NOT CERTIFIED: {certificate.reason}; {estimated}"
    return (
        f"Selected: {policy}. Certified: {certificate.claim} on new data of the same kind, "
        f"with confidence {1 - summary.delta:.0%} (bound {certificate.bound:.4f})"
        f"{f'. Of what cannot be certified: {estimated}' if estimated else ''}"
    )


def _leaves_early(selected: SelectedPolicy) -> bool:
    rows = selected.params["thresholds"]
    if selected.params.get("answering", {}).get("read_until") is not None:
        return True
    return any(value is not None for row in rows for value in (row if isinstance(row, list) else [row]))


def _trial(selected: SelectedPolicy) -> str:
    return f", {selected.network}" if selected.network else ""


def _comparison(summary: Summary) -> FigureTable:
    splits = list(summary.selected.by_split)
    if len(splits) > 2:
        splits.remove("certify")
    main = summary.main_quality
    others = {
        **({} if summary.quality == main else {summary.quality: title_of(summary.quality)}),
        "mean_cost": "cost",
        **_own_objective(summary.objective),
    }
    headings = [f"{heading}\n{split}" for split in splits for heading in (title_of(main), "depth")]
    headings += [f"{heading}\n{splits[-1]}" for heading in others.values()]
    rows = [FigureRow("selected policy", _cells(summary.selected, main, splits, others))]
    if summary.control is not None:
        rows.append(FigureRow("static control", _cells(summary.control, main, splits, others)))
    for name, figures in summary.baselines.items():
        label = title_of(name) + (" (fallback)" if figures.is_fallback else "")
        rows.append(FigureRow(label, _cells(figures, main, splits, others)))
    if summary.least_accuracy is not None or any(depth is not None for depth in summary.oracle.values()):
        rows.append(_oracle(summary, splits))
    return FigureTable(headings=tuple(headings), rows=tuple(rows))


def _cells(policy: PolicyFigures, main: str, splits: list[str], others: Iterable[str]) -> tuple[str, ...]:
    figures = policy.by_split
    shown = [cell for split in splits for cell in _main_and_depth(main, figures[split])]
    return *shown, *(_figure(figures[splits[-1]], key, ".4f") for key in others)


def _own_objective(name: str) -> dict[str, str]:
    """The column of what was minimised, with its heading, unless it is shown anyway."""
    objective = get_objective(name)
    if objective.column in ("mean_depth", "mean_cost"):
        return {}
    return {objective.column: "ms" if objective.needs_latency else title_of(name)}


def _main_and_depth(main: str, figures: Figures) -> tuple[str, str]:
    return _figure(figures, main, ".4f"), _figure(figures, "mean_depth", ".3f")


def _figure(figures: Figures, name: str, digits: str) -> str:
    """A figure; a dash where there is none, such as the depth of a network with one exit."""
    return f"{figures[name]:{digits}}" if name in figures else "-"


def _against_baselines(rows: list[BaselineTrialFigures], split: str, main: str) -> FigureTable:
    """The sweep file's baselines, and beside each the best of the front at its depth and at its accuracy."""
    shown: list[FigureRow] = []
    trial = None
    for row in rows:
        if row.trial != trial:
            trial = row.trial
            shown.append(FigureRow(trial, starts_section=True))
        name = f" {row.policy.replace('_', ' ')}" + (" (fallback)" if row.is_fallback else "")
        found = (
            "none" if match is None else " at ".join(_main_and_depth(main, match.by_split[split]))
            for match in (row.same_depth, row.same_accuracy)
        )
        shown.append(FigureRow(name, (*_main_and_depth(main, row.by_split[split]), *found)))
    no_worse = "accurate" if main == "accuracy" else "good"
    headings = (title_of(main), "depth", "front,\nno deeper", f"front, no\nless {no_worse}")
    return FigureTable(headings=headings, rows=tuple(shown), title=f"Baseline trials, on {split}")


def _oracle(summary: Summary, splits: list[str]) -> FigureRow:
    asked = summary.goal_target if summary.quality == summary.main_quality else None
    least = asked if summary.least_accuracy is None else summary.least_accuracy
    cells = []
    for split in splits:
        depth = summary.oracle[split]
        cells += ["-" if least is None else f"{least:.4f}", "out of reach" if depth is None else f"{depth:.3f}"]
    return FigureRow(get_task(summary.task).oracle_name, tuple(cells))
