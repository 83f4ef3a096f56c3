"""``exitsearch export``: what a search found, as a bundle that runs, is served and is watched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from search.cli.exit_code import ExitCode
from search.cli.options.data import data_options
from search.cli.options.sweep import DataDir
from search.console_table import print_line
from search.errors import ConfigError, RegistrationError
from search.loading import tell_loading
from search.run_folder.finished import read_summary, require_finished_sweep
from search.run_folder.new_folder import require_input_file, require_writable
from trainables.data import LARGEST_IMAGE, SMALLEST_IMAGE
from trainables.workloads.finding import find_source


if TYPE_CHECKING:
    from search.export.search_subject import NetworkAndData
    from trainables.export.bundle.bundle import Bundle

_GRAPHS, _DATA, _REGISTRY = "ONNX", "Network and data of a policy search", "MLflow's model registry"


def export(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a finished sweep, such as runs/digits-1, or of a policy search."),
    ],
    out: Annotated[Path, typer.Option(help="New folder for the bundle.")],
    name: Annotated[str | None, typer.Option(help="What the bundle is called; as RUN where left out.")] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Add one ONNX graph for each stage.", rich_help_panel=_GRAPHS)
    ] = False,
    single_graph: Annotated[
        bool,
        typer.Option(
            "--single-graph",
            help="Add one ONNX graph that leaves early by itself, for batch 1 on CPUs.",
            rich_help_panel=_GRAPHS,
        ),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Quantise the ONNX graphs, and make tables, temperatures, policy and certificate anew from them.",
            rich_help_panel=_GRAPHS,
        ),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(help="Its model.safetensors, as exitsearch tabulate writes it.", rich_help_panel=_DATA),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|NAME", help="The data that its tables were made of, as for tabulate.", rich_help_panel=_DATA
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            min=SMALLEST_IMAGE,
            max=LARGEST_IMAGE,
            help="Height and width that images were resized to.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="How samples were read, such as data.audio.n_mels=40.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    data_dir: DataDir = None,
    register: Annotated[
        bool,
        typer.Option(
            "--register/--no-register",
            help="Whether the bundle becomes a new version of the model of its name.",
            rich_help_panel=_REGISTRY,
        ),
    ] = True,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow's store; the sweep's own where left out.", rich_help_panel=_REGISTRY)
    ] = None,
) -> None:
    """Write a bundle: network, policy, certificate, preprocessing, check inputs and a model card in one folder.

    The bundle really leaves early: `exitsearch predict` runs it, `exitsearch bench` measures it, `exitsearch check`
    watches it, and MLflow serves it. It is written whole or not at all, after every executor has decided as the policy
    does on the exit table.

    Exit status: 0 done; 3 the bundle was written but could not be registered; 2 wrong input.

    For example:

    - `exitsearch export runs/digits-1 --out digits-bundle`

    - `exitsearch export runs/digits-1 --out digits-bundle --onnx --no-register`

    - `exitsearch export runs/policy-1 --model tables/model.safetensors --data held_out/ --out my-bundle`
    """
    require_writable(out, what="--out")
    network = _network(run, model, data, data_dir, image_size, assignments)
    tell_loading("torch")
    # Here and below, since these imports take seconds.
    from search.export.export import export_run
    from search.export.options import ExportOptions

    options = ExportOptions(
        name=name,
        onnx=onnx or single_graph,
        single_graph=single_graph,
        int8=int8,
        data_dir=data_dir,
        network=network,
    )
    console = Console()
    bundle = export_run(run, out, options, on_message=lambda line: print_line(console, line))
    console.print(f"Bundle {out}", soft_wrap=True, highlight=False, markup=False)
    if register:
        _register(bundle, None if network is not None else run, tracking_uri, console)


def _network(
    run: Path,
    model: Path | None,
    data: str | None,
    data_dir: Path | None,
    image_size: int | None,
    assignments: list[str] | None,
) -> NetworkAndData | None:
    """What is told of the network of a policy search; None for a sweep, which knows all that itself.

    What is not there is refused, before libraries are imported to read it.
    """
    if model is None and data is None:
        if image_size is not None or assignments:
            raise ConfigError("--image-size and --set are for a policy search, with --model and --data; leave them out")
        require_finished_sweep(run, of_search="name its network and data too, with --model and --data")
        return None
    if model is None or data is None:
        raise ConfigError(
            f"a policy search is exported with its network and its data but "
            f"--{'model' if model is None else 'data'} is not given; add it"
        )
    options = data_options(image_size, assignments)
    read_summary(run)
    require_input_file(model, option="--model")
    find_source(data)
    from search.export.search_subject import NetworkAndData

    return NetworkAndData(model=model, data=data, data_dir=data_dir, options=options)


def _register(bundle: Bundle, sweep: Path | None, tracking_uri: str | None, console: Console) -> None:
    tell_loading("mlflow", "Loading MLflow ...")
    from search.export.registering import register

    try:
        version = register(bundle, sweep, tracking_uri)
    except RegistrationError as error:
        print_line(Console(stderr=True), f"warning: {error}", style="yellow")
        raise typer.Exit(ExitCode.NOT_ACHIEVED) from None
    console.print(
        f"Model {version.model_uri}, version {version.version}, in {version.shown_uri}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
