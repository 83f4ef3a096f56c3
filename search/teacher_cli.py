"""The commands about teachers, as they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer


Sweep = Annotated[
    str,
    typer.Argument(metavar="SWEEP.yaml | PRESET", help="Whose data, splits and augmentation count."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the sweep file, such as training.epochs=10."),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the data, for workloads that need files.")]


# What a sweep would try first and whom it would ask need not fit the network of a teacher.
_NOT_SEARCHED = ("search.first_trials=[]", "teachers=[]", "space.name=self-distillation", "space.overrides={}")


def teacher(
    sweep: Sweep,
    out: Annotated[Path, typer.Option(help="New folder for the network.")],
    assignments: Assignments = None,
    params: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A training parameter, such as learning_rate_adamw=0.005."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Train a teacher: one network, one configuration, on the training split of a sweep.

    Its best epoch is chosen on `search`; `certify` and `test` are not touched. Writes `model.safetensors`, which a
    sweep names under `teachers`, and `teacher.json`.

    For example:

    - `exitsearch teacher fashion-mnist --data-dir data --set training.network=resnet-18 --set training.width=16
      --set training.epochs=10 --out teachers/resnet`
    """
    from search.sweep_file import load_sweep, read_assignments
    from search.teacher_command import teacher_command

    config = load_sweep(sweep, [*(assignments or []), *_NOT_SEARCHED], data_dir=str(data_dir) if data_dir else None)
    teacher_command(config, read_assignments("--param", params or []), out=out, console=Console())


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
    from search.soft_labels_command import soft_labels_command
    from search.sweep_file import load_sweep

    config = load_sweep(sweep, [*(assignments or []), *_NOT_SEARCHED], data_dir=str(data_dir) if data_dir else None)
    soft_labels_command(model, config, temperature=temperature, out=out, console=Console())
