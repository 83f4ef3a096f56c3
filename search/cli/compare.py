"""``exitsearch compare``, as it is typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.cli.given_options import refuse_without


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
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap and of sampled permutations.")] = 0,
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
    from search.cli.compare_command import compare_command
    from search.tracking.uri import TRACKING_VARIABLE, default_tracking_uri

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
