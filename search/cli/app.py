"""The ``exitsearch`` command."""

from __future__ import annotations

from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
import sys
from typing import Annotated
import warnings

from rich.console import Console
import typer

from policies.errors import ExitSearchError
from search.cli.commands import MARKUP, CommandGroup
from search.cli.exit_code import ExitCode
from search.cluster.ray_settings import silence_lost_workers
from search.errors import SweepInterruptedError, ValidityError


app = typer.Typer(
    name="exitsearch",
    cls=CommandGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"exitsearch {version('exitsearch')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find early-exit networks and exit policies that meet an accuracy target at the least average depth."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and exit status 2."""
    warnings.showwarning = _show_warning
    silence_lost_workers()
    _never_fail_at_letters()
    # A user's own modules lie in the working folder; Ray's workers get this path too.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        app(args=arguments, standalone_mode=True)
    except SweepInterruptedError as error:
        _complain(str(error), style="yellow")
        sys.exit(ExitCode.INTERRUPTED)
    except ValidityError as error:
        _complain(str(error), style="yellow")
        sys.exit(ExitCode.NOT_ACHIEVED)
    except ExitSearchError as error:
        _complain(f"error: {error}", style="red")
        sys.exit(ExitCode.WRONG_INPUT)


def _never_fail_at_letters() -> None:
    """Print a question mark for what a terminal's or a pipe's encoding lacks, such as letters of a class name."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def _complain(text: str, *, style: str) -> None:
    """Print one line, whatever names of files hold: what ends a line or steers a terminal is written as Python does."""
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    Console(stderr=True).print(line, style=style, soft_wrap=True, highlight=False, markup=False)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Our own warnings are for the user, as one line; those of libraries are not."""
    if category.__module__.split(".")[0] in {"search", "trainables", "policies", "spaces"}:
        _complain(f"warning: {message}", style="yellow")
