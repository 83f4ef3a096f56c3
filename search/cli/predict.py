"""``exitsearch predict``: run a bundle on files, leaving early for real."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import csv
from pathlib import Path
import sys
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from policies.runtime.stages import Device, Executor
from search.cli.exit_code import ExitCode
from search.console_table import FigureRow, FigureTable, print_line
from search.errors import PredictionError
from search.loading import tell_loading
from trainables.export.bundle.manifest import require_bundle


if TYPE_CHECKING:
    from policies.runtime.runtime import EarlyExitRuntime
    from search.prediction.saying import Said
    from trainables.export.bundle.bundle import Bundle

__all__ = ["Executor", "predict"]


def predict(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle of exitsearch export.")],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]...",
            help="Images, recordings or arrays, folders of them, or - for a list on standard input.",
        ),
    ] = None,
    executor: Annotated[
        Executor | None, typer.Option(help="What runs the network; the fastest that there is where left out.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=100_000, help="Inputs that are run together.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads to compute with.")] = 1,
    device: Annotated[Device, typer.Option(help="Where it computes.")] = "cpu",
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, as inputs come.")] = False,
    csv_lines: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values; of detectors a row for each box.")
    ] = False,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of a detector: boxes with lower scores are left out; .3 where left out."),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Of a detector: write the images with their boxes there.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the exits and answers that the bundle expects.")
    ] = False,
) -> None:
    """Run a bundle on files: label, probability, the depth at which each left, and milliseconds.

    A detector gives boxes instead, in pixels of each image as it is in its file, from its upper left corner. A network
    with sets of labels gives the names of all labels that it answers, with the probability of each label.

    Of a recording each audible segment is an input of its own. Milliseconds are those of the network and its gates,
    without reading the file. The lines of --json can be piped to `exitsearch check BUNDLE --follow -`.

    Exit status: 0 done; 3 --check found other exits or answers than expected; 2 wrong input.

    For example:

    - `exitsearch predict digits-bundle --check`

    - `exitsearch predict digits-bundle photos/ --json`

    - `find photos -name '*.png' | exitsearch predict digits-bundle -`

    - `exitsearch predict cells-bundle slides/ --csv --min-score 0.5 --draw drawn/`
    """
    if json_lines and csv_lines:
        raise PredictionError("--json and --csv are two forms of the same but both were given; leave one of them out")
    if not inputs and not check:
        raise PredictionError("INPUT must name at least one file but none was given; name files or folders, or --check")
    require_bundle(bundle)
    # Here and below, since these imports take seconds, and help needs none of them.
    from trainables.export.bundle.bundle import Bundle

    loaded = Bundle.load(bundle)
    chosen = loaded.executor(executor, device=device)
    _require_boxes(loaded, min_score, draw)
    from search.prediction.files import InputFiles

    files = InputFiles(inputs, loaded.manifest.inputs, listed=sys.stdin) if inputs else None
    tell_loading("torch" if chosen == "torch" else "onnxruntime")
    from policies.runtime.threads import torch_threads

    with torch_threads(threads if loaded.computes_with_torch(chosen) else None):
        runtime = loaded.runtime(chosen, device=device, n_threads=threads)
        holds = _check(loaded, runtime, Console(stderr=json_lines or csv_lines)) if check else True
        if files is not None:
            # Here, since the import takes seconds.
            from search.prediction.saying import said_of_files

            found = said_of_files(loaded, runtime, files, batch_size=batch_size, min_score=min_score, draw=draw)
            if json_lines:
                _print_lines(found)
            elif csv_lines:
                _print_csv(found, loaded)
            else:
                _print_table(list(found), Console())
    raise typer.Exit(ExitCode.DONE if holds else ExitCode.NOT_ACHIEVED)


def _check(bundle: Bundle, runtime: EarlyExitRuntime, console: Console) -> bool:
    found = bundle.check_runtime(runtime)
    verdict = "as expected" if found.holds else "NOT as expected"
    print_line(console, f"Check inputs: {verdict}: {found.sentence(bundle.check.names.tolist())}")
    return found.holds


def _require_boxes(bundle: Bundle, min_score: float | None, draw: Path | None) -> None:
    """Refuse what is for detectors alone."""
    given = "--min-score" if min_score is not None else "--draw" if draw is not None else None
    if given is not None and bundle.manifest.boxes is None:
        raise PredictionError(
            f"{given} is for detectors but the task of this bundle is {bundle.manifest.task!r}; leave it out"
        )


def _print_lines(found: Iterable[Said]) -> None:
    for one in found:
        print(one.to_json(), flush=True)


def _print_csv(found: Iterable[Said], bundle: Bundle) -> None:
    from search.prediction.saying import columns_of

    writer = csv.DictWriter(sys.stdout, columns_of(bundle), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for one in found:
        writer.writerows(one.to_rows())
        sys.stdout.flush()


def _print_table(found: Sequence[Said], console: Console) -> None:
    rows = tuple(
        FigureRow(one.input, (*one.cells, str(one.depth), f"{one.milliseconds:.3f}", one.reason)) for one in found
    )
    headings = (*found[0].headings, "depth", "ms", "why")
    FigureTable(headings=headings, rows=rows, names="input").print_on(console)
    mean = sum(one.milliseconds for one in found) / len(found)
    depth = sum(one.depth for one in found) / len(found)
    print_line(console, f"{len(found)} inputs, mean depth {depth:.3f}, {mean:.3f} ms each")
