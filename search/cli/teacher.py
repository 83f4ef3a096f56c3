"""The commands about teachers, as they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
import typer

from search.errors import ConfigError
from search.loading import tell_loading


Sweep = Annotated[
    str,
    typer.Argument(metavar="SWEEP.yaml | PRESET", help="Whose data, splits and augmentation count."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the sweep file, such as training.epochs=10."),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the data, for workloads that need files.")]


_LOADING = "Loading libraries and reading data ..."
# What a sweep would try first and whom it would ask need not fit the network of a teacher.
_NOT_SEARCHED = (
    *("search.first_trials=[]", "teachers=[]", "space.name=self-distillation", "space.overrides={}"),
    "training.weights=null",
)
_SEARCH_SECTIONS = frozenset({"search", "teachers", "space"})


def _that_count(assignments: list[str] | None) -> list[str]:
    """What was set, without anything that these commands set themselves.

    Raises:
        ConfigError: If something was set that would be overwritten.
    """
    for text in assignments or []:
        key = text.partition("=")[0].strip()
        if key == "training.weights":
            raise ConfigError(f"--set {key} is about the networks of a sweep; a teacher's own are given as --weights")
        if key.partition(".")[0] in _SEARCH_SECTIONS:
            raise ConfigError(f"--set {key} is about a search, and a teacher is not searched; leave it out")
    return assignments or []


def teacher(
    sweep: Sweep,
    out: Annotated[Path, typer.Option(help="New folder for the network.")],
    assignments: Assignments = None,
    params: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A training parameter, such as learning_rate_adamw=0.005."),
    ] = None,
    data_dir: DataDir = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Take these weights of a torchvision network instead of training: a saved state_dict(), "
            "a whole checkpoint (Lightning, DataParallel, EMA), or safetensors."
        ),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=8, help="Of the weights' training images; the data's where left out.")
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="Of the weights' training images in 0..1, by channel; ImageNet's where left out.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="Likewise.")] = None,
) -> None:
    """Train a teacher: one network, one configuration, on the training split of a sweep.

    Its best epoch is chosen on `search`; `certify` and `test` are not touched. Writes `model.safetensors`, which a
    sweep names under `teachers`, and `teacher.json`. With `--weights` a torchvision classifier that was trained
    elsewhere, on the same classes in the same order, is taken in and measured on `search`.

    For example:

    - `exitsearch teacher fashion-mnist --data-dir data --set training.network=resnet-18 --set training.width=16
      --set training.epochs=10 --out teachers/resnet`

    - `exitsearch teacher vww --data-dir images --set training.network=mobilenet-v3-large --weights large.pth
      --image-size 224 --out teachers/large`
    """
    from search.config.files import load_sweep, read_assignments

    changes = [*_that_count(assignments), *_NOT_SEARCHED]
    config = load_sweep(sweep, changes, data_dir=str(data_dir) if data_dir else None)
    options = {"image_size": image_size, "mean": _numbers("--mean", mean), "std": _numbers("--std", std)}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if weights is None and given:
        raise ConfigError(f"--{next(iter(given)).replace('_', '-')} is about --weights, which are not given; name them")
    if weights is not None and params:
        raise ConfigError(f"--param {params[0]} is about training, which --weights are not given; leave one out")
    training_params = read_assignments("--param", params or [])
    tell_loading("torch", _LOADING)
    from search.cli.teacher_command import teacher_command
    from trainables.trials.imported_teacher import ForeignWeights

    teacher_command(
        config,
        training_params,
        out=out,
        console=Console(),
        weights=None if weights is None else ForeignWeights(weights, **given),
    )


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{option} must be numbers joined by commas, such as 0.5,0.5,0.5, but is {text!r}") from None


def soft_labels(
    model: Annotated[Path, typer.Argument(metavar="MODEL.safetensors", help="The teacher, from a sweep or a teacher.")],
    sweep: Sweep,
    out: Annotated[Path, typer.Option(help="The file to write, such as teacher.npz.")],
    assignments: Assignments = None,
    temperature: Annotated[float, typer.Option(min=0.01, help="Of the softmax; the sweep's kd_temperature.")] = 2.0,
    data_dir: DataDir = None,
) -> None:
    """Write down what a teacher says about every training image of a sweep, so that training need not ask it.

    The images are those that are trained on: where the sweep augments, set `training.views`, as in the sweep itself.
    The file holds probabilities, sample paths, classes, temperature and the SHA-256 over the ordered paths; a sweep
    refuses a file that does not fit its data.

    For example:

    - `exitsearch soft-labels teachers/resnet/model.safetensors fashion-mnist --data-dir data --set training.views=4
      --out resnet.npz`
    """
    from search.config.files import load_sweep

    changes = [*_that_count(assignments), *_NOT_SEARCHED]
    config = load_sweep(sweep, changes, data_dir=str(data_dir) if data_dir else None)
    tell_loading("torch", _LOADING)
    from search.cli.soft_labels import soft_labels_command

    soft_labels_command(model, config, temperature=temperature, out=out, console=Console())
