"""The ``exitsearch`` command."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
import sys
from typing import Annotated
import warnings

from rich.console import Console
import typer

from policies.errors import ExitSearchError
from search.cli.compare import compare
from search.cli.exit_code import ExitCode
from search.cli.policy import policy
from search.cli.report import report
from search.cli.teacher import soft_labels, teacher
from search.cluster.ray_settings import silence_lost_workers
from search.errors import SweepInterruptedError


app = typer.Typer(
    name="exitsearch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
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


@app.command()
def run(
    sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP.yaml | PRESET]",
            help="A sweep file, or a preset: digits (default; needs no data), fashion-mnist, vww, multi-teacher, moth, "
            "spoken-digits. With --resume, the sweep's own file where left out.",
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
        str | None,
        typer.Option(
            help="MLflow tracking URI. Where left out: MLFLOW_TRACKING_URI, else mlflow.db in the working folder."
        ),
    ] = None,
) -> None:
    """Run a sweep: train networks, search policies, certify the best and report it on test data.

    Results go to `runs/NAME/`: `summary.json`, `policy.json`, `certificate.json`, `pareto_front.png` and `.html`, ...

    Exit status: 0 a policy does what was asked and is certified; 3 none does, or it is not certified; 2 wrong input;
    130 interrupted.

    For example:

    - `exitsearch run`

    - `exitsearch run fashion-mnist --data-dir data --set target=0.92`

    - `exitsearch run my_sweep.yaml --name first-try`

    - `exitsearch run --resume --name first-try`
    """
    from search.cli.run import run_command

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
    raise typer.Exit(ExitCode.of_search(summary))


@app.command()
def certify(
    policy: Annotated[Path, typer.Argument(metavar="POLICY.json", help="A policy, from a sweep or from elsewhere.")],
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE.npz", help="The exit table of its network on samples that nothing was chosen on."
        ),
    ],
    target: Annotated[float | None, typer.Option(help="Least accuracy, such as 0.95.")] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(help="Largest accuracy lost against the full network, gains counted, such as 0.01."),
    ] = None,
    max_degradation: Annotated[
        float | None,
        typer.Option(help="Largest share that the full network has right and the policy wrong."),
    ] = None,
    class_floor: Annotated[float | None, typer.Option(help="Least recall of every class.")] = None,
    exit_floor: Annotated[float | None, typer.Option(help="Least accuracy of those that leave at each exit.")] = None,
    delta: Annotated[float, typer.Option(help="Largest probability of certifying what does not hold.")] = 0.05,
    bootstrap_f1: Annotated[
        bool, typer.Option("--bootstrap-f1", help="Add a bootstrap lower bound of macro-F1; it is never certified.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the certificate to this JSON file; where left out it is only printed.")
    ] = None,
) -> None:
    """Certify a policy: state what holds on new data of the same kind, at confidence 1 - delta.

    Give at least one of `--target`, `--max-drop` and `--max-degradation`; everything that is given must hold together.
    Where the table has groups, whole groups are counted, not their samples. A table certifies one policy: trying
    several on it and keeping the best is choosing on it.

    Exit status: 0 certified; 3 not certified, with the reason; 2 wrong input.

    For example:

    - `exitsearch certify policy.json certify.npz --target 0.95`

    - `exitsearch certify policy.json certify.npz --max-drop 0.01 --class-floor 0.8 --out certificate.json`
    """
    from policies.certificates.claims import Claim
    from search.cli.certify import certify_command

    claim = Claim(target, max_drop, max_degradation, class_floor, exit_floor)
    certificate = certify_command(
        policy, table, claim, delta=delta, bootstrap_f1=bootstrap_f1, out=out, console=Console()
    )
    raise typer.Exit(ExitCode.DONE if certificate.certified else ExitCode.NOT_ACHIEVED)


app.command()(policy)
app.command()(compare)
app.command()(report)
app.command()(teacher)
app.command(name="soft-labels")(soft_labels)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and exit status 2."""
    warnings.showwarning = _show_warning
    silence_lost_workers()
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
