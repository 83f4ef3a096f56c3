"""``exitsearch report``, as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.cli.given_options import refuse_without


def report(
    context: typer.Context,
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of finished sweeps or policy searches.")
    ],
    compare: Annotated[bool, typer.Option("--compare", help="One table of all policies of all runs.")] = False,
    split: Annotated[str, typer.Option(help="Whose figures the table shows: search, certify or test.")] = "test",
    out: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
) -> None:
    """Print what finished searches found, or compare them: selected policies and baselines of several runs.

    For example:

    - `exitsearch report runs/digits-1`

    - `exitsearch report --compare runs/digits-1 runs/digits-2 --out history.csv`
    """
    from search.cli.report_command import report_command

    if not compare:
        for name in ("out", "split"):
            refuse_without(context, name, reason="for the table of --compare, which is not given", needs="add it")
    report_command(runs, compare=compare, split=split, out=out, console=Console())
