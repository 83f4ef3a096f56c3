"""``exitsearch teacher``: train one network with one configuration, or take in one from elsewhere, to teach others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import time
from typing import Any

from rich.console import Console

from search.config.sweep import SweepConfig
from search.errors import ConfigError
from search.run_folder.new_folder import new_folder, require_writable, writing
from search.run_folder.result_files import MODEL_FILE, write_json
from search.sweep import load_splits
from search.tuning.tuner import build_task
from trainables.data import Splits
from trainables.export.model_file import ModelFacts, save_model
from trainables.models import MultiExitModel
from trainables.teachers.teacher import NetworkTeacher
from trainables.training.teacher_logits import teacher_logits
from trainables.trials.imported_teacher import ForeignWeights, with_foreign_weights
from trainables.trials.spec import TrialTask
from trainables.trials.teacher import require_knowledge, train_teacher


def teacher_command(
    config: SweepConfig,
    params: Mapping[str, Any],
    *,
    out: Path,
    console: Console,
    weights: ForeignWeights | None = None,
) -> dict[str, Any]:
    """Train a network on a sweep's training split, and keep its best epoch by the last exit's error on ``search``.

    Args:
        config: Data, network and length of the training are the sweep's.
        params: Training parameters; what is left out is neutral.
        out: New folder for ``model.safetensors`` and ``teacher.json``.
        console: Where to print.
        weights: Those of a network that need not be trained.

    Raises:
        ConfigError: If the folder exists.
        RunFolderError: If it cannot be made or written to.
        TrainingError: If a parameter is wrong, the training diverges, the weights do not fit, or the network is no
            better than always naming the largest class.
    """
    if out.exists():
        raise ConfigError(f"{out} must be a new folder but exists; choose another --out")
    require_writable(out, what="--out")
    splits = load_splits(config)
    task = build_task(config, splits)
    started = time.monotonic()
    if weights is None:
        network, facts, told = _train(task, params, splits, console)
    else:
        network, facts, told = _take_in(task, weights, splits, console)
    told |= {"split_hashes": splits.hashes, "seconds": time.monotonic() - started}
    with new_folder(out, what="--out"), writing(out, option="--out"):
        save_model(out / MODEL_FILE, network, facts)
        write_json(out / "teacher.json", told)
    console.print(
        f"{out / MODEL_FILE}: accuracy {told['search_accuracy_by_exit'][-1]:.4f} on search",
        soft_wrap=True,
        highlight=False,
    )
    return told


def _train(
    task: TrialTask, params: Mapping[str, Any], splits: Splits, console: Console
) -> tuple[MultiExitModel, ModelFacts, dict[str, Any]]:
    def show(epoch: int, loss: float, accuracy: float) -> None:
        console.print(f"epoch {epoch}/{task.recipe.epochs}  loss {loss:.4f}  accuracy {accuracy:.4f}", highlight=False)

    teacher = train_teacher(task, params, splits.train, splits.search, on_epoch=show)
    told = {
        "best_epoch": teacher.epoch,
        "search_accuracy_by_exit": list(teacher.accuracies),
        "params": dict(params),
    }
    return teacher.network, task.model_facts(splits.train, params), told


def _take_in(
    task: TrialTask, weights: ForeignWeights, splits: Splits, console: Console
) -> tuple[MultiExitModel, ModelFacts, dict[str, Any]]:
    network, facts, wrapped = with_foreign_weights(weights, task, splits.train)
    if wrapped:
        console.print(f"Weights of {weights.path}: {wrapped}", soft_wrap=True, highlight=False, markup=False)
    logits = teacher_logits(NetworkTeacher(network, facts.input_shape[1:]), splits.search, None)
    accuracy = float((logits[0].argmax(axis=1) == splits.search.labels).mean())
    require_knowledge(accuracy, splits.search)
    told = {"weights": str(weights.path.absolute()), "weights_were_wrapped": wrapped}
    return network, facts, {**told, "search_accuracy_by_exit": [accuracy]}
