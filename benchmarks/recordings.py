"""Recordings: how long their features take, and what an epoch costs beside a plain loader of files.

``python benchmarks/recordings.py`` takes some three minutes on made-up recordings; ``--data-dir`` names a folder of
real ones, ``{digit}_{speaker}_{index}.wav``. The peer trains the same network with the same loss and optimiser, the
usual way: a ``DataLoader`` over one file of features per segment. Both train on one thread, in turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import os
from pathlib import Path
import tempfile
import time

import numpy as np
from rich.console import Console
from rich.table import Table
import soundfile
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES, AudioOptions, DataOptions, Samples, Split
from trainables.models import MultiExitModel, NetworkSpec
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.recipes.recipe import Recipe
from trainables.training.loop import MultiExitTraining
from trainables.workloads import get_workload


N_EXITS, WIDTH, EPOCHS, BATCH_SIZE = 3, 16, 40, 64
PATTERN = r"(.*/)?(?P<class>\d)_.*"
RATE = 16_000


class SegmentFiles(Dataset[tuple[Tensor, int]]):
    """One file of features per segment, read when it is asked for."""

    def __init__(self, folder: Path, split: Split) -> None:
        self._paths = [folder / f"{i}.npy" for i in range(len(split.labels))]
        self._labels = split.labels.tolist()
        for path, features in zip(self._paths, split.inputs, strict=True):
            np.save(path, features)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.from_numpy(np.load(self._paths[index])), self._labels[index]


def make_up(folder: Path, count: int) -> None:
    """Write so many recordings of one second, each of one of ten pitches in noise."""
    draw = np.random.default_rng(0)
    seconds = np.arange(RATE) / RATE
    for i in range(count):
        wave = 0.3 * np.sin(2 * np.pi * 200 * (1 + i % 10) * seconds) + 0.05 * draw.normal(size=RATE)
        soundfile.write(folder / f"{i % 10}_made_{i}.wav", wave, RATE)


def take(samples: Samples, count: int) -> Split:
    """So many segments, some of them twice where there are fewer."""
    rows = np.arange(count) % len(samples.labels)
    return Split(samples.inputs[rows], samples.labels[rows], np.arange(count).astype(str), None)


def network(split: Split) -> MultiExitModel:
    """The section's network: three blocks, the document's heads."""
    torch.manual_seed(0)
    spec = NetworkSpec(N_EXITS, WIDTH, family="audio-cnn", head="max-mean")
    return get_workload("audio-folder").build_model(split, 10, spec)


def settings() -> TrainingSettings:
    """Plain training with the document's weights of the exits."""
    params = {"learning_rate_adamw": 1e-3, "exit_weight_1": 0.3, "exit_weight_2": 0.3}
    return TrainingSettings.from_params(params, n_exits=N_EXITS, epochs=EPOCHS)


def own_epoch(split: Split) -> Callable[[], object]:
    """An epoch as trials train it."""
    training = MultiExitTraining(
        network(split),
        settings(),
        Recipe(epochs=EPOCHS, batch_size=BATCH_SIZE),
        split,
        loss=settings().loss,
        targets=split.labels,
        augmentation=Augmentation(),
        seed=0,
        device=torch.device("cpu"),
    )
    return training.train_epoch


def plain_epoch(split: Split, folder: Path, *, n_workers: int) -> Callable[[], object]:
    """An epoch of a plain loop over a ``DataLoader``, with the network as torch lays it out by default."""
    folder.mkdir()
    chosen = settings()
    model = network(split).to(memory_format=torch.contiguous_format).train()
    optimiser = chosen.build_optimiser(model)
    loader = DataLoader(
        SegmentFiles(folder, split), batch_size=BATCH_SIZE, shuffle=True, drop_last=True, num_workers=n_workers
    )
    scheduler = chosen.build_scheduler(optimiser, n_steps=EPOCHS * len(loader), final_div_factor=1e4)

    def epoch() -> None:
        for inputs, labels in loader:
            loss = chosen.loss(model(inputs), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            scheduler.step()

    return epoch


def measure(epochs: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each epoch, one of each in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    for one in epochs.values():
        one()
    for _ in range(rounds):
        for name, one in epochs.items():
            started = time.perf_counter()
            one()
            seconds[name].append(time.perf_counter() - started)
    return {name: np.array(values) for name, values in seconds.items()}


def read(data_dir: Path) -> tuple[Samples, float]:
    """All segments of a folder, and how long that took."""
    started = time.perf_counter()
    options = DataOptions(audio=AudioOptions(file_pattern=PATTERN))
    return SOURCES["audio-folder"].load(data_dir, options), time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="folder with recordings; made-up ones without")
    parser.add_argument("--segments", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Of its own, so that the first time is the first.
        os.environ["EXITSEARCH_CACHE"] = str(folder / "cache")
        data_dir = arguments.data_dir
        if data_dir is None:
            data_dir = folder / "recordings"
            data_dir.mkdir()
            make_up(data_dir, 1000)
        samples, first = read(data_dir)
        _, again = read(data_dir)
        n = len(samples.labels)
        console.print(
            f"Features of {n:,} segments: {first:.2f} s, {1000 * first / n:.2f} s for 1,000; "
            f"from the cache {again:.2f} s, {1000 * again / n:.2f} s for 1,000"
        )
        torch.set_num_threads(1)
        split = take(samples, arguments.segments)
        seconds = measure(
            {
                "exitsearch": own_epoch(split),
                "DataLoader over files": plain_epoch(split, folder / "0", n_workers=0),
                "DataLoader over files, 2 workers": plain_epoch(split, folder / "2", n_workers=2),
            },
            arguments.rounds,
        )
    table = Table(title=f"An epoch of {arguments.segments:,} segments, {N_EXITS} exits, width {WIDTH}, one thread")
    for heading in ("training", "seconds", "times exitsearch's", "min", "max"):
        table.add_column(heading, justify="left" if heading == "training" else "right")
    own = seconds["exitsearch"]
    for label, values in seconds.items():
        ratios = values / own
        figures = (np.median(values), np.median(ratios), ratios.min(), ratios.max())
        table.add_row(label, *(f"{one:.2f}" for one in figures))
    console.print(table)


if __name__ == "__main__":
    main()
