"""``exitsearch tabulate``: the exit tables of a network of one's own, trained anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from policies.names import list_some
from policies.registry import title_of
from search.cli.options.data import data_options
from search.cli.options.sweep import DataDir
from search.errors import ConfigError, RunFolderError
from search.loading import tell_loading
from search.run_folder.new_folder import all_or_none, new_folder, require_input_file, require_writable, writing
from search.run_folder.result_files import MODEL_FILE
from trainables.data import LARGEST_IMAGE, SMALLEST_IMAGE
from trainables.data.splitting.three_parts import PART_SHARES, Part
from trainables.workloads.finding import find_source


if TYPE_CHECKING:
    from search.tabulation import Tabulation, TabulationRequest

_DATA, _NETWORK = "Data", "The network"
_MOST_CLASSES = 10


def tabulate(
    network: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ATTRIBUTE",
            help="A torch.nn.Module, or a class or function without arguments that builds it.",
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="FOLDER|NAME",
            help="A folder of images or recordings, one folder a class; or the name of a source or workload, such as "
            "digits. What the network was trained on does not belong there.",
            rich_help_panel=_DATA,
        ),
    ],
    out: Annotated[Path, typer.Option(help="New or empty folder for the tables.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            help="What the network was trained to: a saved state_dict(), a whole checkpoint, or safetensors.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER,...",
            help="Of the training inputs in 0..1, by channel, where the network was trained on standardised ones; "
            "three make colours of grey images.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    std: Annotated[str | None, typer.Option(metavar="NUMBER,...", help="Likewise.", rich_help_panel=_NETWORK)] = None,
    class_names: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...|FILE",
            help="The class of each output of the network, in order, or a text file with one a line. Where left out, "
            "the data's own order counts, which is that of the folders' sorted names.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER,...",
            help="Compute up to each exit, in any unit. Where left out, multiply-accumulates are counted stage by "
            "stage; of a network that cannot be cut into stages, all stages count alike.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    latency: Annotated[
        bool,
        typer.Option("--latency", help="Time the exits here, one sample and one thread.", rich_help_panel=_NETWORK),
    ] = False,
    data_dir: DataDir = None,
    image_size: Annotated[
        int | None,
        typer.Option(
            min=SMALLEST_IMAGE,
            max=LARGEST_IMAGE,
            help="Height and width that images are resized to: that of the training.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="How samples are read, as in a sweep file, such as data.audio.sample_rate=8000.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    part: Annotated[
        Part,
        typer.Option(help="Share out all data, or only their official test.", rich_help_panel=_DATA),
    ] = "all",
    shares: Annotated[
        str, typer.Option(metavar="NUMBER,...", help="Of search, certify and test.", rich_help_panel=_DATA)
    ] = ",".join(map(str, PART_SHARES.values())),
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of sharing out.", rich_help_panel=_DATA)] = 0,
) -> None:
    """Tabulate what a network of your own says at each exit, for `exitsearch policy` to search, certify and report.

    Nothing is trained. The network's forward gives the logits of each exit, the shallowest first: a list, a tuple, a
    dict or one stacked tensor. Data are shared out among `search.npz`, `certify.npz` and `test.npz`, by class, whole
    groups together; an official test is `test`. None of them may hold what the network was trained on: give data that
    were set aside, or take the official test alone with `--part test`. Where the network can be cut into stages,
    `model.safetensors` holds it in that form.

    For example:

    - `exitsearch tabulate my_net:MyNet --weights best.pt --data held_out/ --image-size 224 --out tables`

    - `exitsearch tabulate my_net:build --weights best.pt --data cifar10 --data-dir data --part test --out tables`
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"--out must be a new or an empty folder but {out} is not; give another")
    require_writable(out, what="--out")
    options = data_options(image_size, assignments)
    scale = {"mean": _numbers("--mean", mean), "std": _numbers("--std", std), "cost": _numbers("--cost", cost)}
    given_shares = _numbers("--shares", shares, n=len(PART_SHARES)) or ()
    names = _names(class_names)
    require_input_file(weights, option="--weights")
    find_source(data)
    tell_loading("torch", "Loading libraries, the network and the data ...")
    # Here, since the import takes seconds, and all that can be checked before is.
    from search.tabulation import TabulationRequest

    asked = TabulationRequest(
        place=network,
        data=data,
        weights=weights,
        data_dir=data_dir,
        options=options,
        class_names=names,
        part=part,
        shares=dict(zip(PART_SHARES, given_shares, strict=True)),
        seed=seed,
        has_latency=latency,
        **scale,
    )
    tabulate_command(asked, out=out, console=Console())


def tabulate_command(asked: TabulationRequest, *, out: Path, console: Console) -> Tabulation:
    """Tabulate a network, and write down what came of it.

    Args:
        asked: What is to be tabulated.
        out: New or empty folder for the three tables and, where the network can be cut into stages, its model file.
        console: Console that the result is printed on.

    Raises:
        ExitSearchError: For anything that the user can put right; nothing is left then.
    """
    # Here, since these imports take seconds.
    from search.tabulation import tabulate_network
    from trainables.export.model_file import save_model
    from trainables.models import MultiExitModel

    found = tabulate_network(asked)
    paths = {name: out / f"{name}.npz" for name in found.tables}
    with new_folder(out, what="--out"), all_or_none([*paths.values(), out / MODEL_FILE]):
        for name, table in found.tables.items():
            with writing(paths[name], option="--out"):
                table.save(paths[name])
        if found.config is not None and isinstance(found.network, MultiExitModel):
            with writing(out / MODEL_FILE, option="--out"):
                save_model(out / MODEL_FILE, found.network, found.config)
    _tell(found, paths, console)
    return found


def _tell(found: Tabulation, paths: Mapping[str, Path], console: Console) -> None:
    """What was taken to be so, and how right the exits are on ``search``: wrong classes or scales show there."""
    from policies.metrics.exits import exit_accuracies
    from policies.tasks import get_task

    search = found.tables["search"]
    names = list_some(search.class_names or (), most=_MOST_CLASSES)
    cost = "assumed, each stage alike" if search.assumed else ", ".join(f"{one:.4f}" for one in search.cost)
    right = ", ".join(f"{one:.4f}" for one in exit_accuracies(search))
    lines = {
        "Weights": found.wrapped,
        "Outputs": f"{names}, in this order; --class-names gives them another",
        title_of(get_task(search.task).quality).capitalize(): f"{right} by exit on search",
        "Cost": cost,
        "Tables": ", ".join(f"{paths[name]} ({table.n_samples} samples)" for name, table in found.tables.items()),
    }
    width = max(map(len, lines)) + 2
    for title, text in lines.items():
        if text:
            console.print(f"{title:<{width}}{text}", soft_wrap=True, highlight=False, markup=False)


def _names(text: str | None) -> tuple[str, ...] | None:
    """Names of classes, from a file with one a line or joined by commas."""
    if text is None:
        return None
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines() if Path(text).is_file() else text.split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--class-names {text}: not a readable text file ({error}); write one name a line") from None
    return tuple(line for line in lines if line.strip())


def _numbers(option: str, text: str | None, *, n: int | None = None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or (n is not None and len(numbers) != n):
        how_many = "numbers" if n is None else f"{n} numbers"
        raise ConfigError(f"{option} must be {how_many} joined by commas, such as 0.4,0.3,0.3, but is {text!r}")
    return numbers
