"""``exitsearch teacher``: train one network with one configuration, or take in one from elsewhere, to teach others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
import time
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
import typer

from policies.registry import title_of
from policies.tasks import get_task
from search.cli.options.sweep import LOADING, Assignments, DataDir, DataSweep, load_unsearched
from search.config.files import read_assignments
from search.config.sweep import SweepConfig
from search.errors import ConfigError
from search.loading import tell_loading
from search.run_folder.new_folder import new_folder, require_input_file, require_writable, writing
from search.run_folder.result_files import MODEL_FILE, write_json
from trainables.data import LARGEST_IMAGE, SMALLEST_IMAGE, Splits


if TYPE_CHECKING:
    from trainables.export.model_file import ModelConfig
    from trainables.models import MultiExitModel
    from trainables.trials.imported_teacher import ForeignWeights
    from trainables.trials.spec import TrialSpec


def teacher(
    sweep: DataSweep,
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
        int | None,
        typer.Option(
            min=SMALLEST_IMAGE,
            max=LARGEST_IMAGE,
            help="Of the weights' training images; the data's where left out.",
        ),
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
    config = load_unsearched(sweep, assignments, data_dir)
    options = {"image_size": image_size, "mean": _numbers("--mean", mean), "std": _numbers("--std", std)}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if weights is None and given:
        raise ConfigError(f"--{next(iter(given)).replace('_', '-')} is about --weights, which are not given; name them")
    if weights is not None and params:
        raise ConfigError(f"--param {params[0]} is about training, which --weights are not given; leave one out")
    training_params = read_assignments("--param", params or [])
    require_input_file(weights, option="--weights")
    _require_new(out)
    tell_loading("torch", LOADING)
    # Here, since the import takes seconds.
    from trainables.trials.imported_teacher import ForeignWeights

    teacher_command(
        config,
        training_params,
        out=out,
        console=Console(),
        weights=None if weights is None else ForeignWeights(weights, **given),
    )


def teacher_command(
    config: SweepConfig,
    params: Mapping[str, Any],
    *,
    out: Path,
    console: Console,
    weights: ForeignWeights | None = None,
) -> dict[str, Any]:
    """Train a network on a sweep's training split, and keep its best epoch by the last exit's quality on ``search``.

    Args:
        config: Data, network and length of the training are the sweep's.
        params: Training parameters; what is left out is neutral.
        out: New folder for ``model.safetensors`` and ``teacher.json``.
        console: Console that progress is printed on.
        weights: Weights of a network that need not be trained; None trains one.

    Raises:
        ConfigError: If the folder exists.
        RunFolderError: If it cannot be made or written to.
        TrainingError: If a parameter is wrong, networks of the task cannot be taught, the training diverges, the
            weights do not fit, or the network is no better than always giving one answer.
    """
    _require_new(out)
    # Here, since these imports take seconds.
    from search.inputs import load_inputs
    from trainables.export.model_file import save_model

    inputs = load_inputs(config)
    splits, spec = inputs.splits, inputs.spec
    started = time.monotonic()
    if weights is None:
        network, model_config, qualities, told = _train(spec, params, splits, console)
    else:
        network, model_config, qualities, told = _take_in(spec, weights, splits, console)
    quality = get_task(spec.task.name).quality
    told |= {
        f"search_{quality}_by_exit": list(qualities),
        "split_hashes": splits.hashes,
        "seconds": time.monotonic() - started,
    }
    with new_folder(out, what="--out"), writing(out, option="--out"):
        save_model(out / MODEL_FILE, network, model_config)
        write_json(out / "teacher.json", told)
    console.print(
        f"{out / MODEL_FILE}: {title_of(quality)} {qualities[-1]:.4f} on search",
        soft_wrap=True,
        highlight=False,
    )
    return told


def _require_new(out: Path) -> None:
    if out.exists():
        raise ConfigError(f"{out} must be a new folder but exists; choose another --out")
    require_writable(out, what="--out")


def _train(
    spec: TrialSpec, params: Mapping[str, Any], splits: Splits, console: Console
) -> tuple[MultiExitModel, ModelConfig, tuple[float, ...], dict[str, Any]]:
    from trainables.trials.teacher import train_teacher

    name = title_of(get_task(spec.task.name).quality)

    def show(epoch: int, loss: float, quality: float) -> None:
        console.print(f"epoch {epoch}/{spec.recipe.epochs}  loss {loss:.4f}  {name} {quality:.4f}", highlight=False)

    teacher = train_teacher(spec, params, splits.train, splits.search, on_epoch=show)
    told = {"best_epoch": teacher.epoch, "params": dict(params)}
    return teacher.network, spec.model_config(splits.train, params), teacher.qualities, told


def _take_in(
    spec: TrialSpec, weights: ForeignWeights, splits: Splits, console: Console
) -> tuple[MultiExitModel, ModelConfig, tuple[float, ...], dict[str, Any]]:
    import torch

    from trainables.models.inference import unit_scale
    from trainables.teachers.teacher import resized
    from trainables.trials.imported_teacher import with_foreign_weights
    from trainables.trials.teacher import exit_qualities, require_knowledge, require_taught

    require_taught(spec.task)
    network, model_config, wrapped = with_foreign_weights(weights, spec, splits.train)
    if wrapped:
        console.print(f"Weights of {weights.path}: {wrapped}", soft_wrap=True, highlight=False, markup=False)
    images = resized(unit_scale(torch.tensor(splits.search.inputs)), model_config.input_shape[1:])
    table = spec.table(network, replace(splits.search, inputs=images.numpy()), "search")
    require_knowledge(spec.task, table)
    told = {"weights": str(weights.path.absolute()), "weights_were_wrapped": wrapped}
    return network, model_config, exit_qualities(spec.task, table), told


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{option} must be numbers joined by commas, such as 0.5,0.5,0.5, but is {text!r}") from None
