"""``exitsearch derive``: a network of the largest operations of a mixture, fine-tuned by a sweep of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from rich.console import Console
import typer

from search.cli.exit_code import ExitCode
from search.cli.options.sweep import Address, DataDir, TrackingUri
from search.cli.run import LOADING, with_tracking
from search.config.sweep import SweepConfig
from search.loading import tell_loading
from search.run_folder.finished import require_finished_sweep


Kind = Literal["fixed", "per-input"]
"""What an architecture is derived for, as :data:`~trainables.models.families.darts.deriving.KINDS` has it."""


def derive(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished sweep of network darts, such as runs/darts-1.")
    ],
    kind: Annotated[
        Kind,
        typer.Option(
            help="`fixed`: the operation of each edge with the largest share on average, for all inputs; `per-input`: "
            "each input its own largest ones."
        ),
    ] = "fixed",
    epochs: Annotated[
        int | None,
        typer.Option(min=0, max=100_000, help="Epochs of fine-tuning; a third of the sweep's where left out."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the new sweep; RUN's and the kind, such as darts-1-fixed, if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the new sweep's folder; RUN's own where left out.")
    ] = None,
    data_dir: DataDir = None,
    address: Address = None,
    tracking_uri: TrackingUri = None,
) -> None:
    """Derive an architecture from a mixture of operations, and fine-tune it.

    Of the network that a sweep selected one operation is left on each edge. It starts from the mixture's weights in a
    sweep of one trial with the same data, splits, seeds, target and policies, and with the selected trial's parameters:
    cost, tables, policy, certificate and report are its own. Resume it with `exitsearch run --resume --name NAME`.

    Exit status: as of `exitsearch run`.

    For example:

    - `exitsearch derive runs/darts-1`

    - `exitsearch derive runs/darts-1 --kind per-input --epochs 5 --name darts-each`
    """
    require_finished_sweep(run)
    tell_loading("torch", LOADING)
    # Here, since these imports take seconds.
    from search.derivation import derived_sweep
    from search.start import start_sweep

    with derived_sweep(run, kind, epochs=epochs, name=name, out=out, data_dir=data_dir) as config:
        tracked = with_tracking(_tracked_at(config, tracking_uri), config.tracking.uri)
        summary = start_sweep(tracked, None, str(config.name), address=address, console=Console())
    raise typer.Exit(ExitCode.of_search(summary))


def _tracked_at(config: SweepConfig, uri: str | None) -> SweepConfig:
    return config.model_copy(update={"tracking": config.tracking.model_copy(update={"uri": uri})})
