"""``exitsearch teacher``: train one network with one configuration, to teach others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import time
from typing import Any

from rich.console import Console

from search.config import SweepConfig
from search.errors import ConfigError
from search.result_files import write_json
from search.sweep import load_splits
from search.tuner import build_task
from trainables.model_file import MODEL_FILE, save_model
from trainables.teacher_training import train_teacher


def teacher_command(config: SweepConfig, params: Mapping[str, Any], *, out: Path, console: Console) -> dict[str, Any]:
    """Train a network on a sweep's training split, and keep its best epoch by the last exit's error on ``search``.

    Args:
        config: Data, network and length of the training are the sweep's.
        params: Training parameters; what is left out is neutral.
        out: New folder for ``model.safetensors`` and ``teacher.json``.
        console: Where to print.

    Raises:
        ConfigError: If the folder exists.
        TrainingError: If a parameter is wrong, or the training diverges.
    """
    if out.exists():
        raise ConfigError(f"{out} must be a new folder but exists; choose another --out")
    splits = load_splits(config)
    task = build_task(config, splits)
    started = time.monotonic()

    def show(epoch: int, loss: float, accuracy: float) -> None:
        console.print(
            f"epoch {epoch}/{config.training.epochs}  loss {loss:.4f}  accuracy {accuracy:.4f}", highlight=False
        )

    teacher = train_teacher(task, params, splits.train, splits.search, on_epoch=show)
    out.mkdir(parents=True)
    save_model(out / MODEL_FILE, teacher.network, task.facts(splits.train))
    facts = {
        "best_epoch": teacher.epoch,
        "search_accuracy_by_exit": teacher.accuracies,
        "params": dict(params),
        "split_hashes": splits.hashes,
        "seconds": time.monotonic() - started,
    }
    write_json(out / "teacher.json", facts)
    console.print(
        f"{out / MODEL_FILE}: accuracy {teacher.accuracies[-1]:.4f} on search, of epoch {teacher.epoch}",
        soft_wrap=True,
        highlight=False,
    )
    return facts
