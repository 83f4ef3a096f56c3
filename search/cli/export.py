"""``exitsearch export``: what a search found, as a bundle that runs, is served and is watched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.cli.sweep_options import DataDir
from search.console_table import print_line
from search.export.options import ExportOptions
from search.loading import tell_loading


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished sweep, such as runs/digits-1.")],
    out: Annotated[Path, typer.Option(help="New folder for the bundle.")],
    name: Annotated[str | None, typer.Option(help="What the bundle is called; as the sweep where left out.")] = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Add one ONNX graph for each stage.")] = False,
    single_graph: Annotated[
        bool,
        typer.Option("--single-graph", help="Add one ONNX graph that leaves early by itself, for batch 1 on CPUs."),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Quantise the ONNX graphs, and make tables, temperatures, policy and certificate anew from them.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write a bundle: network, policy, certificate, preprocessing, check inputs and a model card in one folder.

    The bundle really leaves early: `exitsearch predict` runs it, `exitsearch bench` measures it, `exitsearch check`
    watches it, and it is served by MLflow. It is written whole or not at all, after every executor has decided as the
    policy does on the exit table.

    Exit status: 0 written; 2 wrong input.

    For example:

    - `exitsearch export runs/digits-1 --out digits-bundle`

    - `exitsearch export runs/digits-1 --out digits-bundle --onnx`
    """
    options = ExportOptions(
        name=name, onnx=onnx or single_graph, single_graph=single_graph, int8=int8, data_dir=data_dir
    )
    tell_loading("torch")
    # Here, since the import takes seconds.
    from search.export.export import export_run

    export_run(run, out, options, on_message=lambda line: print_line(Console(), line))
