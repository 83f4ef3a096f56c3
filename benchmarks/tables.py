"""Exit tables for the benchmarks: of networks that are really trained, and of made-up ones.

Training takes minutes (some 4 seconds for a network on digits, two and a half minutes for one on Fashion-MNIST), so the
real tables are made once and kept in a folder; later calls only read them. Network ``i`` of a workload has its own
initial weights and sample order, and also its own split: ``i`` is the training seed and the split seed.
Usage: ``python benchmarks/tables.py [--tables DIR] [--data-dir DIR]``; without ``--data-dir`` nothing is trained that
needs files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
from tempfile import TemporaryDirectory
import time

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
import torch

from policies.errors import ExitTableError
from policies.metrics.exits import exit_accuracies
from policies.tables.classification import ClassificationTable
from trainables.data import (
    DEFAULT_OPTIONS,
    AudioOptions,
    DataOptions,
    Samples,
    SplitFractions,
    Splits,
    split_samples,
)
from trainables.models import MultiExitModel, NetworkSpec
from trainables.recipes.recipe import Recipe as TrainingRecipe
from trainables.tasks.classification import ClassificationTraining
from trainables.training.loop import MultiExitTraining
from trainables.workloads import get_workload


DEFAULT_FOLDER = Path("build/tables")
PARTS = ("search", "certify", "test")
_OVERCONFIDENCE = 1.3
_SHARED_NOISE = 0.7
_CACHE = "EXITSEARCH_CACHE"


@dataclass(frozen=True)
class TableSet:
    """The exit tables of one network.

    Attributes:
        name: Unique, such as ``digits-03``.
        workload: What the network was trained on.
        search: Of the split that policies are searched on.
        certify: Of the split that policies are certified on.
        test: Of the split that nothing was chosen on.
    """

    name: str
    workload: str
    search: ClassificationTable
    certify: ClassificationTable
    test: ClassificationTable


@dataclass(frozen=True)
class Recipe:
    """How the networks of one workload are trained.

    Attributes:
        workload: Name of the workload.
        n_networks: How many; their seeds are ``0..n_networks-1``.
        epochs: Length of each training.
        batch_size: Samples per step.
        learning_rate: Peak learning rate of AdamW.
        fractions: Shares of the splits.
        needs_data_dir: Whether the samples come from files.
        label: What tables are called, where two recipes have one workload; the workload's name where empty.
        folder: Where the files are below the folder of all data.
        options: How the samples are read.
        family: The network family; the workload's own where None.
        width: Channels of the first stage; the workload's own where None.
        write: Writes the files that the workload reads, from the folder of all data into an empty folder that is
            deleted afterwards; None where they are there.
    """

    workload: str
    n_networks: int
    epochs: int
    batch_size: int
    learning_rate: float
    fractions: SplitFractions = field(default_factory=SplitFractions)
    needs_data_dir: bool = False
    label: str = ""
    folder: str = ""
    options: DataOptions = DEFAULT_OPTIONS
    family: str | None = None
    width: int | None = None
    write: Callable[[Path, Path], None] | None = None

    @property
    def name(self) -> str:
        """What its tables are called."""
        return self.label or self.workload

    def __str__(self) -> str:
        text = f"{self.epochs} epochs, batches of {self.batch_size}, peak {self.learning_rate}, {self.fractions}"
        network = "" if self.width is None else f", width {self.width}"
        return f"{text}{network}" if self.options == DEFAULT_OPTIONS else f"{text}{network}, {self.options}"


RECIPES = (
    Recipe("digits", 12, 30, 32, 0.02, SplitFractions(train=0.48, search=0.2, certify=0.2, test=0.12)),
    Recipe(
        "fashion-mnist",
        4,
        8,
        128,
        0.005,
        SplitFractions(train=0.64, search=0.11, certify=0.11, test=0.14),
        needs_data_dir=True,
    ),
)

_SPOKEN = "free-spoken-digit-dataset/recordings"
_SPOKEN_SPLIT = SplitFractions(train=0.4, search=0.2, certify=0.2, test=0.2)


def _spoken(label: str, n_networks: int, epochs: int, **patterns: str) -> Recipe:
    """Spoken digits in segments of 0.3 s; several segments of a recording are samples of one group."""
    audio = AudioOptions(segment_seconds=0.3, hop_seconds=0.15, n_mels=32, file_pattern=r"(?P<class>\d)_.*", **patterns)
    return Recipe(
        "audio-folder",
        n_networks,
        epochs,
        64,
        0.005,
        _SPOKEN_SPLIT,
        needs_data_dir=True,
        label=label,
        folder=_SPOKEN,
        options=DataOptions(audio=audio),
    )


GROUPED_RECIPES = (
    _spoken("spoken-recordings", 4, 14),
    _spoken("spoken-sessions", 3, 14, group_pattern=r"_(?P<group>[a-z]+_\d+)\.wav"),
)
"""Tables with groups: the recording, or all ten digits that a speaker said in one go."""

BRIEF_RECIPES = (
    Recipe(
        "fashion-mnist",
        4,
        3,
        128,
        0.005,
        SplitFractions(train=0.2, search=0.1, certify=0.1, test=0.6),
        needs_data_dir=True,
        label="fashion-brief",
    ),
)
"""Networks that took a minute instead of three, where many are wanted and how good they are does not matter."""


def real_tables(
    folder: Path = DEFAULT_FOLDER,
    data_dir: Path | None = None,
    *,
    recipes: tuple[Recipe, ...] = RECIPES,
    on_made: Callable[[str], None] = lambda name: None,
) -> list[TableSet]:
    """The tables of all networks: read where they are in the folder, otherwise made and kept there.

    Args:
        folder: Where they are kept.
        data_dir: Folder of the data files; where it is None, workloads that need files are only read.
        recipes: What to train.
        on_made: Told the name of each network that had to be trained.

    Raises:
        DataError: If data files are missing or damaged.
    """
    found = []
    for recipe in recipes:
        samples: Samples | None = None
        for seed in range(recipe.n_networks):
            name = f"{recipe.name}-{seed:02d}"
            tables = _read(folder, name, recipe)
            if tables is None and recipe.needs_data_dir and data_dir is None:
                continue
            if tables is None:
                samples = samples or _load(recipe, data_dir)
                tables = _make(folder, name, recipe, samples, seed)
                on_made(name)
            found.append(tables)
    return found


def _load(recipe: Recipe, data_dir: Path | None) -> Samples:
    source = get_workload(recipe.workload).source
    own = None if data_dir is None else data_dir / recipe.folder
    if recipe.write is None or own is None:
        return source.load(own, recipe.options)
    with TemporaryDirectory() as made, _cache_in(Path(made, "cache")):
        files = Path(made, "files")
        files.mkdir()
        recipe.write(own, files)
        return source.load(files, recipe.options)


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Decoded files are kept in a folder, and not in a person's cache."""
    before = os.environ.get(_CACHE)
    os.environ[_CACHE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE]
        else:
            os.environ[_CACHE] = before


def train_network(recipe: Recipe, splits: Splits, seed: int) -> MultiExitModel:
    """Train one network in this process, on one thread."""
    workload = get_workload(recipe.workload)
    params = {"optimiser": "adamw", "learning_rate_adamw": recipe.learning_rate, "weight_decay": 1e-4}
    with _torch_alone(seed):
        network = NetworkSpec(workload.n_exits, recipe.width or workload.width, family=recipe.family)
        model = workload.build_model(splits.train, len(splits.class_names), network)
        settings = workload.settings(params, n_exits=workload.n_exits, epochs=recipe.epochs)
        training = MultiExitTraining(
            model,
            settings,
            TrainingRecipe(recipe.epochs, recipe.batch_size),
            splits.train,
            loss=settings.loss,
            targets=splits.train.labels,
            augmentation=workload.augmentation,
            seed=seed,
            device=torch.device("cpu"),
        )
        for _ in range(recipe.epochs):
            training.train_epoch()
    return training.model


def synthetic_table(n_samples: int, n_exits: int, n_classes: int, seed: int = 0) -> ClassificationTable:
    """A made-up table that behaves like a real network's: deeper exits are better, and err on the same samples.

    Every exit sees the prototype of the class through noise, and more clearly the deeper it is and the easier the
    sample; the noise of neighbouring exits is correlated, and some prototypes lie close to each other. The logits are
    the exact posterior times 1.3, so that exits are as overconfident as trained ones and one temperature mends it.

    Args:
        n_samples: ``N``.
        n_exits: ``E``, 3 to 8 in the benchmarks.
        n_classes: ``C``.
        seed: Same seed, same table.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n_samples)
    n_features = max(2, n_classes // 2)
    prototypes = rng.normal(size=(n_classes, n_features))
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    ease = np.minimum(rng.lognormal(0.0, 0.8, n_samples), 3.0)
    clarity = ease[:, None] * np.linspace(3.0, 7.0, n_exits)
    seen = clarity[:, :, None] * prototypes[labels][:, None] + _correlated_noise(rng, n_samples, n_exits, n_features)
    logits = _OVERCONFIDENCE * clarity[:, :, None] * (seen @ prototypes.T)
    return ClassificationTable(
        logits=logits.astype(np.float32),
        labels=labels,
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"made-up-{i}" for i in range(n_samples)]),
        meta={"workload": "made up", "seed": seed},
    )


def _correlated_noise(rng: np.random.Generator, n_samples: int, n_exits: int, n_features: int) -> NDArray[np.float64]:
    """Standard normal noise, shape (N, E, F), of which each exit keeps most of the one before."""
    noise = rng.normal(size=(n_samples, n_exits, n_features))
    for k in range(1, n_exits):
        noise[:, k] = _SHARED_NOISE * noise[:, k - 1] + np.sqrt(1 - _SHARED_NOISE**2) * noise[:, k]
    return noise


@contextmanager
def _torch_alone(seed: int) -> Iterator[None]:
    """One thread and a seed for torch, which are global there; both are given back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def _make(folder: Path, name: str, recipe: Recipe, samples: Samples, seed: int) -> TableSet:
    splits = split_samples(samples, recipe.fractions, seed=seed)
    model = train_network(recipe, splits, seed)
    metadata = {
        "workload": recipe.workload,
        "class_names": list(splits.class_names),
        "recipe": str(recipe),
        "seed": seed,
    }
    task = ClassificationTraining()
    tables = {part: task.table(model, splits[part], {"split": part, **metadata}) for part in PARTS}
    for part, table in tables.items():
        table.save(_path(folder, name, part))
    return TableSet(name, recipe.name, **tables)


def _read(folder: Path, name: str, recipe: Recipe) -> TableSet | None:
    """The tables of one network, or None unless all are there, of this recipe and of the same weights."""
    try:
        tables = {part: ClassificationTable.load(_path(folder, name, part)) for part in PARTS}
    except ExitTableError:
        return None
    made_by = {(table.meta.get("recipe"), table.meta.get("model_hash")) for table in tables.values()}
    if len(made_by) > 1 or {made for made, _ in made_by} != {str(recipe)}:
        return None
    return TableSet(name, recipe.name, **tables)


def _path(folder: Path, name: str, part: str) -> Path:
    return folder / f"{name}-{part}.npz"


def main() -> None:
    """Make or read the tables and print what they hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, default=DEFAULT_FOLDER, help="folder that the tables are kept in")
    parser.add_argument("--data-dir", type=Path, help="folder of the data files, such as the one with FashionMNIST/raw")
    arguments = parser.parse_args()

    console = Console(width=110)
    started = time.perf_counter()
    sets = real_tables(
        arguments.tables,
        arguments.data_dir,
        on_made=lambda name: console.print(f"{name} trained, {time.perf_counter() - started:.0f} s", highlight=False),
    )
    table = Table(title=f"Accuracy of each exit on test; tables in {arguments.tables}")
    for column in ("network", "search", "certify", "test", "exits"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for one in sets:
        sizes = [f"{getattr(one, part).n_samples:,}" for part in PARTS]
        table.add_row(one.name, *sizes, "  ".join(f"{accuracy:.4f}" for accuracy in exit_accuracies(one.test)))
    console.print(table)


if __name__ == "__main__":
    main()
