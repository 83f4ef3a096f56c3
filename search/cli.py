"""The ``exitsearch`` command."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
import sys
from typing import Annotated
import warnings

from rich.console import Console
import typer

from policies.errors import ExitSearchError
from search.errors import SweepInterruptedError


class ExitCode(IntEnum):
    """What the command's exit status means."""

    DONE = 0
    WRONG_INPUT = 2
    INFEASIBLE = 3
    INTERRUPTED = 130


app = typer.Typer(
    name="exitsearch",
    help="Find early-exit networks and exit policies that meet an accuracy target at the least average depth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _exitsearch() -> None:
    """Keep ``run`` a subcommand while it is the only one."""


@app.command()
def run(
    sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP.yaml | PRESET]",
            help="A sweep file, or a preset: digits (default; needs no data), fashion-mnist. With --resume, the "
            "sweep's own file where left out.",
            show_default=False,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the sweep file, such as search.trials=10."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the sweep and of its folder; numbered where left out.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a sweep: the one of that --name, else the latest.")
    ] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data, for workloads that need files.")] = None,
    address: Annotated[
        str | None,
        typer.Option(help="A running Ray cluster, or 'local'. Where left out: a running one if there is one."),
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow tracking URI. Where left out: mlflow.db in the working folder.")
    ] = None,
) -> None:
    """Run a sweep: train networks, search policies, certify the best and report it on test data.

    Results go to `runs/NAME/`: `summary.json`, `policy.json`, `certificate.json`, `pareto_front.png` and `.html`, ...

    Exit status: 0 a policy meets the target; 3 none does, the nearest is reported; 2 wrong input; 130 interrupted.

    For example:

    - `exitsearch run`

    - `exitsearch run fashion-mnist --data-dir data --set target=0.92`

    - `exitsearch run my_sweep.yaml --name first-try`

    - `exitsearch run --resume --name first-try`
    """
    from search.run_command import run_command

    summary = run_command(
        sweep,
        assignments or [],
        name=name,
        resume=resume,
        data_dir=data_dir,
        address=address,
        tracking_uri=tracking_uri,
        console=Console(),
    )
    raise typer.Exit(ExitCode.DONE if summary["feasible"] else ExitCode.INFEASIBLE)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and exit status 2."""
    warnings.showwarning = _show_warning
    try:
        app(args=arguments, standalone_mode=True)
    except SweepInterruptedError as error:
        _complain(str(error), style="yellow")
        sys.exit(ExitCode.INTERRUPTED)
    except ExitSearchError as error:
        _complain(f"error: {error}", style="red")
        sys.exit(ExitCode.WRONG_INPUT)


def _complain(text: str, *, style: str) -> None:
    Console(stderr=True).print(text, style=style, soft_wrap=True, highlight=False, markup=False)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Our own warnings are for the user, as one line; those of libraries are not."""
    if category.__module__.split(".")[0] in {"search", "trainables", "policies", "spaces"}:
        _complain(f"warning: {message}", style="yellow")
