"""``exitsearch check``: does a bundle's certificate still hold, and are new data like those it was certified on?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
import io
import json
from pathlib import Path
import sys
from typing import TYPE_CHECKING, Annotated
import warnings

from rich.console import Console
import typer

from policies.errors import MonitoringWarning
from search.cli.exit_code import ExitCode
from search.cli.predict import Executor
from search.console_table import print_line
from search.errors import ConfigError
from search.loading import tell_loading
from search.run_folder.new_folder import require_output_file, writing
from search.watching.levels import Levels
from trainables.export.bundle.manifest import require_bundle


if TYPE_CHECKING:
    from policies.monitoring.verdicts import Report
    from policies.monitoring.watch import CertificateWatch


def check(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle of exitsearch export.")],
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TABLE.npz | DATA]",
            help="An exit table, or files: a folder with a folder for each class tells the truth.",
        ),
    ] = None,
    follow: Annotated[
        str | None,
        typer.Option(
            metavar="FILE | -",
            help="JSON lines as they come from -, or a file to its end: label, probability, depth, and if they are "
            "known truth, group and full_label.",
        ),
    ] = None,
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Whether the classes of the table or folders are true.")
    ] = True,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Rows of the table, or names of the files, are in the order of time.")
    ] = False,
    alpha: Annotated[float, typer.Option(help="Largest probability of ever a false alarm.")] = 0.05,
    average_run_length: Annotated[
        float, typer.Option(help="Labels between false alarms of the change detector, at least, on average.")
    ] = 1000.0,
    executor: Annotated[
        Executor | None, typer.Option(help="What runs the network; the fastest that there is where left out.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw how the bets against the certificate went into this file: .png, .pdf, .svg."),
    ] = None,
    json_report: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Test a bundle's certificate on new data, and compare the data with those that it was certified on.

    With true classes, bets are placed against the certified claim: whenever one looks, an alarm is false with
    probability at most --alpha. A second test looks for a change after a good time; its false alarms are rare, not
    excluded. Without true classes nothing can be said about accuracy: exits, confidences and answers are compared with
    those of `certify`, and the data are called changed or not.

    A stream is followed to its end, or until Ctrl-C; then comes the report. Damaged lines are left out, and told.

    Exit status: 0 nothing found; 3 the claim does not hold on these data; 4 data or accuracy changed, though
    nothing refutes the claim; 2 wrong input.

    For example:

    - `exitsearch check digits-bundle new_table.npz --figure wealth.png`

    - `exitsearch check digits-bundle photos/`

    - `exitsearch predict digits-bundle photos/ --json | exitsearch check digits-bundle --follow -`
    """
    if (data is None) == (follow is None):
        raise ConfigError("check needs a table or data, or --follow, and not both; name one of them")
    require_output_file(figure, option="--figure", endings=(".png", ".pdf", ".svg"))
    levels = Levels(alpha, average_run_length)
    require_bundle(bundle)
    tell_loading("scipy.stats")
    # Here, since these imports take seconds, and help needs none of them.
    from search.watching.bundle_watch import watch_data
    from search.watching.stream import watch_lines
    from trainables.export.bundle.bundle import Bundle

    loaded = Bundle.load(bundle)
    console = Console()
    draws = figure is not None
    if data is not None:
        watch = watch_data(
            loaded, data, levels, has_labels=labels, is_ordered=ordered, executor=executor, keeps_history=draws
        )
    else:
        # The report alone is JSON.
        alarms = Console(stderr=True) if json_report else console
        with _lines(str(follow)) as lines:
            watch = watch_lines(
                loaded, lines, levels, on_message=lambda line: print_line(alarms, line), keeps_history=draws
            )
    report = watch.report()
    _print(report, console, as_json=json_report)
    _draw(watch, figure, title=f"{loaded.manifest.name}: certificate on new data")
    raise typer.Exit(_status(report))


@contextmanager
def _lines(follow: str) -> Iterator[Iterable[str]]:
    """The lines of standard input or of a file; bytes that are no text damage their own line alone."""
    if follow == "-":
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        yield sys.stdin
        return
    try:
        opened = Path(follow).open(encoding="utf-8", errors="replace")  # noqa: SIM115  # closed below, so that errors of the body pass
    except OSError as error:
        raise ConfigError(f"--follow must be a file that can be read but {follow} is not ({error})") from None
    with opened as lines:
        yield lines


def _print(report: Report, console: Console, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.to_dict(), indent=2))
        return
    for sentence in report.sentences:
        print_line(console, f"{sentence[:1].upper()}{sentence[1:]}.")


def _draw(watch: CertificateWatch, figure: Path | None, *, title: str) -> None:
    if figure is None:
        return
    history = watch.history()
    if history is None:
        # No mistake of the data, whose verdict is the exit status.
        warnings.warn(
            "--figure draws bets against the certificate but there were none, so that nothing was drawn",
            MonitoringWarning,
            stacklevel=2,
        )
        return
    # Here, since the import takes seconds.
    from search.figures.wealth import draw_wealth

    with writing(figure, option="--figure"):
        draw_wealth(history, figure, title=title)


def _status(report: Report) -> ExitCode:
    if report.is_refuted:
        return ExitCode.NOT_ACHIEVED
    return ExitCode.CHANGED if report.has_alarm else ExitCode.DONE
