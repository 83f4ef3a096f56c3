"""``exitsearch check``: does a bundle's certificate still hold, and are new data like those it was certified on?"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from search.cli.exit_code import ExitCode
from search.cli.predict import Executor
from search.console_table import print_line
from search.errors import ConfigError
from search.loading import tell_loading
from search.run_folder.new_folder import require_output_file, writing


if TYPE_CHECKING:
    from policies.monitoring.verdicts import Report
    from policies.monitoring.watch import CertificateWatch
    from search.watching.bundle_watch import Levels
    from trainables.export.bundle.bundle import Bundle


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
            metavar="FILE | -", help="JSON lines as they come: label, probability, depth, and truth if known."
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
        Path | None, typer.Option(help="Draw how the bets against the certificate went into this PNG file.")
    ] = None,
    json_report: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Test a bundle's certificate on new data, and compare the data with those that it was certified on.

    With true classes, bets are placed against the certified claim: whenever one looks, an alarm is false with
    probability at most --alpha. A second test looks for a change after a good time; its false alarms are rare, not
    excluded. Without true classes nothing can be said about accuracy: exits, confidences and answers are compared with
    those of `certify`, and the data are called changed or not.

    Exit status: 0 nothing found; 3 the certified claim does not hold on these data; 4 data or accuracy changed, though
    nothing refutes the claim; 2 wrong input.

    For example:

    - `exitsearch check digits-bundle new_table.npz --figure wealth.png`

    - `exitsearch check digits-bundle photos/`

    - `exitsearch predict digits-bundle photos/ --json | exitsearch check digits-bundle --follow -`
    """
    if (data is None) == (follow is None):
        raise ConfigError("check needs a table or data, or --follow, and not both; name one of them")
    require_output_file(figure, option="--figure")
    tell_loading("scipy.stats")
    # Here, since these imports take seconds, and help needs none of them.
    from search.watching.bundle_watch import Levels, watch_data, watch_lines
    from trainables.export.bundle.bundle import Bundle

    loaded = Bundle.load(bundle)
    levels = Levels(alpha, average_run_length)
    console = Console()
    if data is not None:
        watch = watch_data(loaded, data, levels, has_labels=labels, is_ordered=ordered, executor=executor)
    elif follow == "-":
        watch = watch_lines(loaded, sys.stdin, levels, on_message=lambda line: print_line(console, line))
    else:
        watch = _watch_file(loaded, Path(str(follow)), levels, console)
    report = watch.report()
    _print(report, console, as_json=json_report)
    _draw(watch, figure, title=f"{loaded.manifest.name}: certificate on new data")
    raise typer.Exit(_status(report))


def _watch_file(bundle: Bundle, path: Path, levels: Levels, console: Console) -> CertificateWatch:
    from search.watching.bundle_watch import watch_lines

    try:
        with path.open() as lines:
            return watch_lines(bundle, lines, levels, on_message=lambda line: print_line(console, line))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--follow must be a file that can be read but {path} is not ({error})") from None


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
        raise ConfigError("--figure draws bets against the certificate but there were none; leave it out")
    # Here, since the import takes seconds.
    from search.figures.wealth import draw_wealth

    with writing(figure, option="--figure"):
        draw_wealth(history, figure, title=title)


def _status(report: Report) -> ExitCode:
    if report.is_refuted:
        return ExitCode.NOT_ACHIEVED
    return ExitCode.CHANGED if report.has_alarm else ExitCode.DONE
