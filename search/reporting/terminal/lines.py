"""Lines about a search: what each is about, and a sentence of figures."""

from __future__ import annotations

from collections.abc import Iterator

from policies.pooling.answering import Level
from policies.qualities import in_words
from policies.registry import title_of
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import BudgetPolicy, HardExits, SoftNetwork, Summary


def policy_lines(summary: Summary, files: ResultFiles) -> Iterator[tuple[str, str]]:
    """What is told of the selected policy beside the table, each with its label.

    Args:
        summary: Summary of a search.
        files: Files of the search.
    """
    if summary.search_target is not None:
        yield "Search target", in_words(summary.search_target.sentence)
    if summary.worst_value is not None:
        yield "Worst value", in_words(summary.worst_value.sentence)
    if control := _control(summary):
        yield "Static control", control
    last, figures = list(summary.selected.by_split.items())[-1]
    shares = (f"depth {depth}: {share:.1%}" for depth, share in enumerate(figures["exit_mix"], start=1))
    yield f"Exit mix on {last}", "  ".join(shares)
    if last in summary.soft:
        yield f"Soft network, {last}", _soft(summary.soft[last])
    if summary.fixed_budgets:
        told = _within_budgets(summary.fixed_budgets, summary.main_quality)
        yield "Fixed budgets", f"{told}; more in {files.budgets_csv.name}"
    found = (("Architecture", summary.architecture), ("Validity gate", summary.validity))
    for label, one in (*found, ("Latency, test", summary.latency)):
        if one is not None:
            yield label, one.sentence
    if reading := _reading(summary, last):
        yield f"Reading, {last}", reading


def warning_lines(summary: Summary) -> Iterator[tuple[str, str]]:
    """What something should be done about, each with its label.

    One line of alarms at most: undertrained exits explain what any alarm would tell.
    """
    if summary.splits is not None and summary.splits.differ:
        yield "Splits", summary.splits.sentence
    if summary.undertrained:
        yield "Note", summary.undertrained
    elif summary.alarms:
        yield "Collapse", summary.alarms[0]


def _control(summary: Summary) -> str:
    """What the plain network of no more cost comes to, or why there is none; empty where none was asked for."""
    if summary.control is not None:
        return "; ".join(filter(None, (summary.control.verdict, summary.control.times)))
    return f"none; {summary.control_notes[-1]}" if summary.control_notes else ""


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
