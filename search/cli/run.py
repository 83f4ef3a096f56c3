"""``exitsearch run``: a sweep, new or resumed."""

from __future__ import annotations

import os
from pathlib import Path
import re
from typing import Annotated

from rich.console import Console
import typer

from search.cli.exit_code import ExitCode
from search.cli.options.fields import field_option
from search.cli.options.shown import ShowsAll
from search.cli.options.sweep import Address, Assignments, DataDir, TrackingUri
from search.config.files import DEFAULT_PRESET, load_sweep, preset_names, read_values
from search.config.sweep import SweepConfig
from search.errors import RunFolderError
from search.loading import tell_loading
from search.redaction import HIDDEN
from search.run_folder.folder import RunFolder
from search.run_folder.new_folder import require_input_file
from search.run_folder.summary import Summary
from search.tracking.uri import TRACKING_VARIABLE, default_tracking_uri


LOADING = "Loading libraries, reading data and starting Ray ..."
_STEM_LENGTH = 80


def run(
    sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="[SWEEP.yaml | PRESET]",
            help=f"A sweep file, or a preset: {', '.join(preset_names())}; {DEFAULT_PRESET}, which needs no data, "
            "where left out. With --resume, the sweep's own file where left out.",
            show_default=False,
        ),
    ] = None,
    assignments: Assignments = None,
    name: Annotated[str | None, field_option(SweepConfig, "name")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a sweep: the one of that --name, else the latest.")
    ] = False,
    data_dir: DataDir = None,
    address: Address = None,
    tracking_uri: TrackingUri = None,
    shows_all: ShowsAll = False,
) -> None:
    """Run a sweep: train networks, search policies, certify the best and report it on test data.

    Results go to `runs/NAME/`: `summary.json`, `policy.json`, `certificate.json`, `pareto_front.png` and `.html`, ...

    Exit status: 0 a policy does what was asked and is certified; 3 none does, or it is not certified, or the full
    network does not pass the validity gate; 2 wrong input; 130 interrupted.

    For example:

    - `exitsearch run`

    - `exitsearch run fashion-mnist --data-dir data --set target=0.92`

    - `exitsearch run my_sweep.yaml --name first-try`

    - `exitsearch run --resume --name first-try`
    """
    summary = run_command(
        sweep,
        assignments or [],
        name=name,
        resume=resume,
        data_dir=data_dir,
        address=address,
        tracking_uri=tracking_uri,
        shows_all=shows_all,
        console=Console(),
    )
    raise typer.Exit(ExitCode.of_search(summary))


def run_command(
    sweep: str | None,
    assignments: list[str],
    *,
    name: str | None,
    resume: bool,
    data_dir: Path | None,
    address: str | None,
    tracking_uri: str | None,
    shows_all: bool = False,
    console: Console,
) -> Summary:
    """Read the sweep file, find the folder to resume, and run the sweep; options as the command has them.

    Returns:
        The summary of the sweep.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    options = {
        "name": name,
        "data_dir": str(data_dir) if data_dir else None,
        "tracking__uri": tracking_uri,
    }
    stem = _name_stem(sweep or DEFAULT_PRESET)
    folder = None
    if resume:
        config, folder = _find(sweep, assignments, stem, options)
    else:
        config = load_sweep(sweep or DEFAULT_PRESET, assignments, **options)
        RunFolder.require_new(config)
        _require_files(config)
    tell_loading("torch", LOADING)
    if folder is None:
        config = with_tracking(config)
    # Here, since the import takes seconds, and all that can be checked before is.
    from search.start import start_sweep

    return start_sweep(config, folder, stem, address=address, shows_all=shows_all, console=console)


def _require_files(config: SweepConfig) -> None:
    """Refuse files of a new sweep that are not there, before libraries are loaded to read them."""
    require_input_file(config.training.weights, option="training.weights")
    for teacher in config.teachers:
        require_input_file(teacher.file, option=f"what teacher {teacher.name!r} is read from")


def _find(
    sweep: str | None, assignments: list[str], stem: str, options: dict[str, str | None]
) -> tuple[SweepConfig, RunFolder]:
    """The folder to resume, and its configuration with this call's data folder, tracking and resources."""
    values = read_values(sweep or DEFAULT_PRESET, assignments, **options)
    place = SweepConfig.from_mapping({key: values[key] for key in ("name", "runs_dir") if key in values})
    folder = RunFolder(place.runs_dir / place.name) if place.name else RunFolder.latest(place.runs_dir, stem)
    stored = folder.read_config()
    if sweep is None:
        # No sweep file was named: the sweep's own, with what was changed on this call.
        values = read_values(str(folder.sweep_file), assignments, **options)
    given = stored.sharing_with(SweepConfig.from_mapping(values))
    folder.require_same(given)
    given = given.model_copy(update={"name": folder.name, "data_dir": given.data_dir or stored.data_dir})
    return with_tracking(given, stored.tracking.uri), folder


def _name_stem(sweep: str) -> str:
    """What an unnamed sweep is called before its number: the file's name, without what no name may hold."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(sweep).stem).strip("-._")
    return stem[:_STEM_LENGTH] or DEFAULT_PRESET


def with_tracking(config: SweepConfig, stored: str | None = None) -> SweepConfig:
    """Fill in where MLflow keeps the sweep: what this call says, the environment, where it was kept, the default.

    The default is written down with the sweep: resumed from another folder, it stays in the same store.
    """
    uri = next(
        (uri for uri in (config.tracking.uri, os.environ.get(TRACKING_VARIABLE), stored) if uri and HIDDEN not in uri),
        None,
    )
    if uri is None and stored is not None:
        raise RunFolderError(
            f"the tracking URI of this sweep is {stored}, whose password is not kept; give the whole address again in "
            f"{TRACKING_VARIABLE} or with --tracking-uri"
        )
    tracking = config.tracking.model_copy(update={"uri": uri or default_tracking_uri()})
    return config.model_copy(update={"tracking": tracking})
