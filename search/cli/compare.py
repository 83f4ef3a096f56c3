"""``exitsearch compare``: whether two groups of runs differ, by any of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from search.analysis.run_groups import RunGroup, read_group
from search.cli.options.given import refuse_without
from search.console_table import FigureRow, FigureTable
from search.errors import StatisticsError
from search.loading import tell_loading
from search.run_folder.folder import RunFolder
from search.run_folder.new_folder import require_output_file, writing
from search.run_folder.result_files import write_csv
from search.tracking.uri import TRACKING_VARIABLE, default_tracking_uri


if TYPE_CHECKING:
    import pandas as pd

    from search.analysis.significance import Comparison


DEFAULT_METRICS = (
    *("accuracy", "macro_f1", "mean_depth", "mean_cost", "ece", "nll"),
    *("last_exit_accuracy", "last_exit_macro_f1", "last_exit_raw_ece", "last_exit_raw_nll"),
    *("map_50", "map", "image_f1", "found_objects", "last_exit_map_50", "last_exit_map"),
    *("exact_match", "hamming", "label_macro_f1", "label_micro_f1", "last_exit_exact_match", "last_exit_hamming"),
)


def compare(
    context: typer.Context,
    first: Annotated[
        str, typer.Argument(metavar="A", help="RUN[,RUN...]: folders of sweeps or a quoted pattern; or FOLDER:TRIAL.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="A figure; may be repeated. Those of a summary or a report, such as accuracy."),
    ] = None,
    split: Annotated[str, typer.Option(help="Of selected policies: search, certify or test.")] = "test",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the bootstrap and of sampled permutations.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            help="Where the table is logged, as a run of its own. Where left out: MLFLOW_TRACKING_URI, else mlflow.db "
            "in the working folder."
        ),
    ] = None,
    log: Annotated[bool, typer.Option(help="Whether the table is logged to MLflow.")] = True,
) -> None:
    """Compare two groups of runs over seeds: mean, sd, bootstrap interval, permutation test, effect size.

    The permutation test is exact where all splits can be counted; with three runs against three it can never be
    below 0.1. Cohen's d is that of the pooled sample deviation. Trials of one sweep are compared by their seeds, with
    the figures of `seeds.csv`, which are on search.

    For example:

    - `exitsearch compare "runs/plain-*" "runs/distilled-*" --metric accuracy`

    - `exitsearch compare runs/multi:trial-0001 "runs/multi:four-way split" --metric last_exit_macro_f1`
    """
    if not log:
        reason = "where the table is logged, which --no-log forbids"
        refuse_without(context, "tracking_uri", reason=reason, needs="leave --no-log out")
    if ":" in first and ":" in second:
        refuse_without(
            context,
            "split",
            reason="for selected policies, and figures of seeds are on search",
            needs="name folders of sweeps",
        )
    compare_command(
        first,
        second,
        metrics=metrics,
        split=split,
        seed=seed,
        out=out,
        tracking_uri=(tracking_uri or os.environ.get(TRACKING_VARIABLE) or default_tracking_uri()) if log else None,
        console=Console(),
    )


def compare_command(
    first: str,
    second: str,
    *,
    metrics: Sequence[str] | None,
    split: str,
    seed: int,
    out: Path | None = None,
    tracking_uri: str | None = None,
    console: Console,
) -> pd.DataFrame:
    """Compare two groups of runs and print what came out.

    Args:
        first: First group, in the words that :func:`~search.analysis.run_groups.read_group` takes.
        second: Second group, in the words that :func:`~search.analysis.run_groups.read_group` takes.
        metrics: Figures that are compared; those that a group lacks are refused. None takes the usual ones that both
            have.
        split: Split whose figures of selected policies are compared: search, certify or test.
        seed: Seed of the bootstrap and of sampled permutations.
        out: A CSV file for the table, or None.
        tracking_uri: An MLflow store for the table, or None. If it cannot be written to, that is a warning.
        console: Console that the result is printed on.

    Returns:
        A row per metric, with the columns of :class:`~search.analysis.significance.Comparison`.

    Raises:
        StatisticsError: If a group has fewer than two runs, one of them lacks a figure, or the groups' figures are of
            different splits.
    """
    one, two = (read_group(text, split=split) for text in (first, second))
    read = [kept for group in (one, two) for folder in group.folders for kept in RunFolder(folder).kept]
    require_output_file(out, option="--out", inputs=read)
    if one.split != two.split:
        raise StatisticsError(
            f"figures must be of one split but those of {first} are on {one.split} and those of {second} on "
            f"{two.split}; add --split search"
        )
    tell_loading("pandas")
    # Here, since these imports take seconds.
    import pandas as pd

    from search.analysis.significance import compare as compare_figures

    rows = {
        metric: compare_figures(one.values(metric), two.values(metric), seed=seed)
        for metric in metrics or _shared(one, two)
    }
    _table(one, two, rows).print_on(console)
    found = pd.DataFrame([{"metric": metric, **asdict(row)} for metric, row in rows.items()])
    if out is not None:
        with writing(out, option="--out"):
            write_csv(out, found)
    if tracking_uri is not None:
        _track(found, first, second, tracking_uri)
    return found


def _track(found: pd.DataFrame, first: str, second: str, uri: str) -> None:
    from search.config.tracking import TrackingSection
    from search.tracking.comparison import log_comparison
    from search.tracking.faults import reason_of
    from search.tracking.notices import tell

    try:
        log_comparison(uri, TrackingSection().experiment, found, first=first, second=second)
    except Exception as error:
        tell(f"the comparison is not in MLflow ({reason_of(error, uri)}); name another --tracking-uri, or --no-log")


def _shared(one: RunGroup, two: RunGroup) -> list[str]:
    """The usual figures that both groups have."""
    shared = [metric for metric in DEFAULT_METRICS if metric in one.figures and metric in two.figures]
    if not shared:
        raise StatisticsError(f"{one.name} and {two.name} share none of {', '.join(DEFAULT_METRICS)}; name a --metric")
    return shared


def _table(one: RunGroup, two: RunGroup, rows: dict[str, Comparison]) -> FigureTable:
    is_exact = all(row.p_is_exact for row in rows.values())
    return FigureTable(
        headings=("A mean", "A sd", "B mean", "B sd", "B - A", "95 % interval", "p", "Cohen's d"),
        rows=tuple(FigureRow(metric, _figures(row)) for metric, row in rows.items()),
        title=f"A: {one.name}   B: {two.name}   on {one.split}",
        caption="" if is_exact else "* of sampled permutations; the others are exact",
    )


def _figures(row: Comparison) -> tuple[str, ...]:
    low, high = row.interval
    return (
        f"{row.first_mean:.4f}",
        f"{row.first_sd:.4f}",
        f"{row.second_mean:.4f}",
        f"{row.second_sd:.4f}",
        f"{row.difference:+.4f}",
        f"[{low:+.4f}, {high:+.4f}]",
        f"{row.p_value:.4f}" + ("" if row.p_is_exact else " *"),
        "-" if row.cohens_d_sample is None else f"{row.cohens_d_sample:.2f}",
    )
