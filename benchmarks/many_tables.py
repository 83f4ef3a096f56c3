"""Recipes of some thirty networks that are quickly trained: where many tables are wanted, of several kinds and sizes.

Digits, clothes and spoken digits, each in two widths, and visual wake words, the wanted thing or another, as image
folders for two kinds of networks. How good the networks are does not matter, only that they are really trained, and
that what is held out of them is large. Usage:
``python benchmarks/many_tables.py --tables DIR --data-dir DIR``; the trainings take some 20 minutes of one core.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
import time

import numpy as np
from PIL import Image
from rich.console import Console
from tables import RECIPES, Recipe, real_tables

from policies.metrics.exits import exit_accuracies
from trainables.data import AudioOptions, DataOptions, SplitFractions
from trainables.workloads import get_workload


PRESENT, ABSENT = "present", "absent"
_N_PICTURES = 5000
_SIZE = 28
_MOSTLY_HELD_OUT = SplitFractions(train=0.1, search=0.4, certify=0.4, test=0.1)
_HALF_HELD_OUT = SplitFractions(train=0.4, search=0.2, certify=0.2, test=0.2)


def write_wake_words(
    wanted: str, data_dir: Path, folder: Path, *, n_pictures: int = _N_PICTURES, seed: int = 0
) -> None:
    """An image folder of two classes: the wanted thing, and as many pictures of all the others.

    Args:
        wanted: A class of Fashion-MNIST.
        data_dir: The folder that holds ``FashionMNIST/raw``.
        folder: Where the two folders of pictures are made.
        n_pictures: Most pictures of each class.
        seed: Decides which pictures are taken.
    """
    samples = get_workload("fashion-mnist").source.load(data_dir)
    is_wanted = samples.labels == samples.class_names.index(wanted)
    rng = np.random.default_rng(seed)
    for name, own in ((PRESENT, is_wanted), (ABSENT, ~is_wanted)):
        (folder / name).mkdir()
        for row in rng.permutation(np.flatnonzero(own))[:n_pictures]:
            Image.fromarray(samples.inputs[row, 0]).save(folder / name / f"{samples.ids[row]}.png")


def _clips(label: str, n_networks: int, width: int) -> Recipe:
    """Whole recordings of spoken digits, each a sample of its own."""
    audio = AudioOptions(
        segment_seconds=1.0, hop_seconds=10.0, n_mels=32, hop_ms=20.0, silence_db=None, file_pattern=r"(?P<class>\d)_.*"
    )
    return Recipe(
        "audio-folder",
        n_networks,
        12,
        32,
        0.005,
        _HALF_HELD_OUT,
        needs_data_dir=True,
        label=label,
        folder="free-spoken-digit-dataset/recordings",
        options=DataOptions(audio=audio),
        width=width,
    )


def _wake_words(label: str, wanted: str, n_networks: int, family: str, width: int) -> Recipe:
    return Recipe(
        "image-folder",
        n_networks,
        5,
        64,
        0.005,
        _HALF_HELD_OUT,
        needs_data_dir=True,
        label=label,
        options=DataOptions(image_size=_SIZE),
        family=family,
        width=width,
        write=partial(write_wake_words, wanted),
    )


_CLOTHES = Recipe(
    "fashion-mnist", 5, 4, 64, 0.005, _MOSTLY_HELD_OUT, needs_data_dir=True, label="fashion-quick", width=16
)

MANY_RECIPES = (
    replace(RECIPES[0], n_networks=5),
    Recipe(
        "digits",
        5,
        30,
        32,
        0.02,
        SplitFractions(train=0.3, search=0.3, certify=0.3, test=0.1),
        label="digits-narrow",
        width=8,
    ),
    _CLOTHES,
    replace(_CLOTHES, label="fashion-narrow", width=8),
    _clips("spoken-clips", 3, 16),
    _clips("spoken-narrow", 3, 8),
    _wake_words("wake-shirt", "Shirt", 3, "small-cnn", 8),
    _wake_words("wake-coat", "Coat", 3, "mobilenet-v3-small", 8),
)
"""32 networks."""


def main() -> None:
    """Make the tables and print how good the exits are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, required=True, help="folder that the tables are kept in")
    parser.add_argument("--data-dir", type=Path, help="folder of all data files")
    parser.add_argument("--recipes", nargs="+", help="only these")
    arguments = parser.parse_args()

    console = Console(width=110)
    started = time.perf_counter()
    wanted = tuple(one for one in MANY_RECIPES if arguments.recipes is None or one.name in arguments.recipes)
    sets = real_tables(
        arguments.tables,
        arguments.data_dir,
        recipes=wanted,
        on_made=lambda name: console.print(f"{name} trained, {time.perf_counter() - started:.0f} s", highlight=False),
    )
    for one in sets:
        accuracies = "  ".join(f"{accuracy:.4f}" for accuracy in exit_accuracies(one.certify))
        sizes = f"{one.search.n_samples} + {one.certify.n_samples} + {one.test.n_samples}"
        console.print(f"{one.name}: {sizes}; {accuracies}", highlight=False)


if __name__ == "__main__":
    main()
