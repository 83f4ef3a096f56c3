"""``exitsearch soft-labels``: write down what a teacher says about the training images of a sweep."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from search.cli.options.sweep import LOADING, Assignments, DataDir, DataSweep, load_unsearched
from search.config.sweep import SweepConfig
from search.loading import tell_loading
from search.run_folder.new_folder import require_input_file, require_output_file, writing
from trainables.workloads import get_workload


if TYPE_CHECKING:
    from trainables.teachers.soft_labels import SoftLabels


def soft_labels(
    model: Annotated[Path, typer.Argument(metavar="MODEL.safetensors", help="The teacher, from a sweep or a teacher.")],
    sweep: DataSweep,
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
    config = load_unsearched(sweep, assignments, data_dir)
    soft_labels_command(model, config, temperature=temperature, out=out, console=Console())


def soft_labels_command(
    model: Path, config: SweepConfig, *, temperature: float, out: Path, console: Console
) -> SoftLabels:
    """Ask a teacher about every training image of a sweep, in every view of it, and write a file.

    Args:
        model: The teacher's model file.
        config: The sweep whose data and augmentation count.
        temperature: Temperature of the softmax, ``T``.
        out: File of soft labels to write.
        console: Console that progress and the result are printed on.

    Raises:
        ConfigError: If the sweep draws its augmentation anew each epoch.
        RunFolderError: If the file cannot be written.
        ExitSearchError: If the model or the data cannot be read, or do not belong together.
    """
    require_output_file(out, option="--out", inputs=[model])
    require_input_file(model, option="MODEL.safetensors")
    tell_loading("torch", LOADING)
    # Here, since these imports take seconds.
    from rich.progress import track

    from search.inputs import load_splits
    from search.teaching.checks import replayed_views, require_fitting_teacher
    from trainables.export.model_file import load_model
    from trainables.models.inference import model_hash
    from trainables.teachers.soft_labels import SoftLabels, tempered_probabilities
    from trainables.teachers.teacher import NetworkTeacher
    from trainables.training.teacher_logits import teacher_logits

    views = replayed_views(config)
    network, model_config = load_model(model)
    splits = load_splits(config)
    task = get_workload(config.workload).task
    require_fitting_teacher(model, model_config, splits, task=task)
    logits = teacher_logits(
        NetworkTeacher(network, model_config.input_shape[1:]),
        splits.train,
        views,
        shown=lambda moves: track(moves, "Asking the teacher", console=console, disable=not console.is_terminal),
    )
    labels = SoftLabels(
        probabilities=tempered_probabilities(logits, temperature=temperature, task=task),
        paths=splits.train.ids,
        class_names=splits.class_names,
        split="train",
        temperature=temperature,
        augmentation=None if views is None else views.metadata(),
        metadata={"model_hash": model_hash(network)},
        task=task,
    )
    accuracy = float(labels.right(splits.train.labels).mean())
    labels = replace(labels, metadata={**labels.metadata, "accuracy": accuracy})
    with writing(out, option="--out"):
        labels.save(out)
    console.print(
        f"{out}: {len(labels.paths)} samples in {labels.n_views} view{'s' * (labels.n_views > 1)}, "
        f"{len(labels.class_names)} classes, temperature {temperature:g}, right about {accuracy:.1%} of the training "
        f"samples, order {labels.order_hash[:12]}",
        soft_wrap=True,
        highlight=False,
    )
    return labels
