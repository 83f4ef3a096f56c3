"""``exitsearch report``, as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.errors import ConfigError


def report(
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
    from search.report_command import report_command

    if out is not None and not compare:
        raise ConfigError(f"--out {out} is for the table of --compare, which is not given; add it, or leave --out out")

    report_command(runs, compare=compare, split=split, out=out, console=Console())
