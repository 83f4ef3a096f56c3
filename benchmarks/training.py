"""What teachers cost: an epoch with soft labels and with a network that is asked, against a plain one.

``python benchmarks/training.py`` takes some two minutes on made-up images; ``--data-dir`` names Fashion-MNIST. All
variants train the same student on one thread, in turn, and their times are compared within each round.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
import torch

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES, Split
from trainables.models import MultiExitModel, NetworkSpec
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.recipes.recipe import Recipe
from trainables.teachers.teacher import NetworkTeacher, SoftLabelTeacher, Teacher, Teachers
from trainables.training.loop import MultiExitTraining
from trainables.workloads import get_workload


N_EXITS, WIDTH = 4, 16
_SETTINGS: dict[str, Any] = {"distillation": "teachers", "kd_alpha": 0.5, "kd_gamma": 2.0, "kd_margin_weight": 0.03}


def samples(data_dir: Path | None, count: int) -> Split:
    """So many images of Fashion-MNIST, or made-up ones of its shape."""
    if data_dir is not None:
        found = SOURCES["fashion-mnist"].load(data_dir)
        return Split(found.inputs[:count], found.labels[:count], found.ids[:count], None)
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)
    return Split(images, np.arange(count) % 10, np.array([str(i) for i in range(count)]), None)


def student(train: Split) -> MultiExitModel:
    """The Fashion-MNIST workload's network."""
    torch.manual_seed(0)
    return get_workload("fashion-mnist").build_model(train, 10, NetworkSpec(N_EXITS, WIDTH))


def training(
    train: Split, teachers: Sequence[Teacher], *, augmentation: Augmentation, **params: Any
) -> MultiExitTraining:
    """A training of the student with these teachers, in two fixed views."""
    names = tuple(f"teacher_{i}" for i in range(len(teachers)))
    settings = TrainingSettings.from_params(params, n_exits=N_EXITS, epochs=100, teachers=names)
    return MultiExitTraining(
        student(train),
        settings,
        Recipe(epochs=100, batch_size=128, n_views=2),
        train,
        loss=settings.loss,
        targets=train.labels,
        augmentation=augmentation,
        seed=0,
        device=torch.device("cpu"),
        teachers=Teachers(teachers) if teachers else None,
    )


def variants(train: Split) -> dict[str, MultiExitTraining]:
    """Trainings by name; the first is what the others are compared with."""
    own = get_workload("fashion-mnist")
    resnet = own.build_model(train, 10, NetworkSpec(1, 16, family="resnet-18"))
    told = [
        SoftLabelTeacher(torch.randn(2, len(train.labels), 10, generator=torch.Generator().manual_seed(seed)))
        for seed in range(4)
    ]
    asked = {
        "asked: the student's own size": NetworkTeacher(student(train), (28, 28)),
        "asked: ResNet-18, width 16": NetworkTeacher(resnet, (28, 28)),
    }
    plain = partial(training, train, augmentation=own.augmentation)
    taught = partial(plain, **_SETTINGS)
    return {
        "plain cross-entropy": plain([]),
        "soft labels, one teacher": taught(told[:1]),
        "soft labels, four split": taught(told),
        "soft labels, four fused": taught(told, kd_mode="fused"),
        **{name: taught([teacher]) for name, teacher in asked.items()},
    }


def measure(trainings: dict[str, MultiExitTraining], rounds: int) -> dict[str, list[float]]:
    """Seconds per epoch of each training, one epoch of each in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in trainings}
    for one in trainings.values():
        one.train_epoch()
    for _ in range(rounds):
        for name, one in trainings.items():
            started = time.perf_counter()
            one.train_epoch()
            seconds[name].append(time.perf_counter() - started)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="folder with FashionMNIST/raw; made-up images without")
    parser.add_argument("--samples", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seconds = measure(variants(samples(arguments.data_dir, arguments.samples)), arguments.rounds)
    table = Table(title=f"An epoch of {arguments.samples:,} images of 28x28, {N_EXITS} exits, one thread")
    for heading in ("training", "seconds", "times plain", "min", "max"):
        table.add_column(heading, justify="left" if heading == "training" else "right")
    plain = np.array(next(iter(seconds.values())))
    for name, values in seconds.items():
        ratios = np.array(values) / plain
        figures = (
            f"{np.median(values):.2f}",
            *(f"{one:.2f}" for one in (np.median(ratios), ratios.min(), ratios.max())),
        )
        table.add_row(name, *figures)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
