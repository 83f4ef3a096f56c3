"""``exitsearch compare``, as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="RUN[,RUN...]: folders of sweeps, a quoted pattern, or FOLDER:TRIAL.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="A figure; may be repeated. Those of a summary or a report, such as accuracy."),
    ] = None,
    split: Annotated[str, typer.Option(help="Of selected policies: search, certify or test.")] = "test",
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap and of sampled permutations.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="Log the table to this MLflow server or store, as a run of its own.")
    ] = None,
) -> None:
    """Compare two groups of runs over seeds: mean, sd, bootstrap interval, permutation test, effect size.

    The permutation test is exact where all splits can be counted; with three runs against three it can never be
    below 0.1. Cohen's d is that of the pooled sample deviation.

    For example:

    - `exitsearch compare "runs/plain-*" "runs/distilled-*" --metric accuracy`

    - `exitsearch compare runs/multi:trial-0001 runs/multi:trial-0005 --metric accuracy --metric mean_depth`
    """
    from search.compare_command import compare_command

    compare_command(
        first,
        second,
        metrics=metrics,
        split=split,
        seed=seed,
        out=out,
        tracking_uri=tracking_uri,
        console=Console(width=None),
    )
