"""The samples that a bundle is timed with: what speed-up there is depends on how many of them leave early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from search.errors import BenchWarning
from search.prediction.files import InputFiles
from trainables.export.bundle.bundle import Bundle


N_DRAWN = 256
"""Samples that are made of the check inputs where the user gives none."""
_SPLITS = ("test", "certify", "search")


@dataclass(frozen=True)
class Stream:
    """Samples in no order.

    Attributes:
        inputs: Shape (n, channels, height, width), as the network takes them.
        source: Where they are from, for a person.
    """

    inputs: NDArray[Any]
    source: str


def given_stream(bundle: Bundle, named: Sequence[str]) -> Stream:
    """All inputs of files.

    Args:
        bundle: Says how files are read.
        named: Files and folders.

    Raises:
        ExitSearchError: If there are none, or they are not what the network takes.

    Warns:
        PredictionWarning: If some files could not be read; the others were.
    """
    inputs = np.concatenate([read.inputs for read in InputFiles(named, bundle.manifest.inputs).read()])
    # Without their folders: the model card tells it to strangers.
    names = list_some([Path(name).name for name in named])
    return Stream(inputs, f"{len(inputs)} inputs of {names}")


def drawn_stream(bundle: Bundle, *, n_samples: int = N_DRAWN) -> Stream:
    """The bundle's check inputs, repeated so that each exit is taken as often as on ``test``.

    What a network takes for an input does not depend on what the input shows, but on the exit that it takes.

    Args:
        bundle: The bundle.
        n_samples: Number of samples.

    Warns:
        BenchWarning: If the shares are not known, or no check input takes an exit that others take.
    """
    check = bundle.check
    split = next((split for split in _SPLITS if "exit_mix" in bundle.manifest.figures.get(split, {})), None)
    if split is None:
        warnings.warn(
            "the bundle does not say how many samples take each exit, so that the speed-up is that of its check inputs "
            "alone; give your own with --inputs",
            BenchWarning,
            stacklevel=2,
        )
        return Stream(check.inputs, f"{len(check.inputs)} check inputs")
    mix = np.asarray(bundle.manifest.figures[split]["exit_mix"], dtype=np.float64)
    missing = np.setdiff1d(np.flatnonzero(mix), check.exits)
    if missing.size:
        warnings.warn(
            f"no check input takes exit {', '.join(str(k + 1) for k in missing)}, which {mix[missing].sum():.3g} of "
            f"{split} take, so that it is left out; give your own inputs with --inputs",
            BenchWarning,
            stacklevel=2,
        )
        mix[missing] = 0.0
    rows = np.concatenate(
        [
            np.resize(np.flatnonzero(check.exits == k), count)
            for k, count in enumerate(whole_shares(mix, n_samples))
            if count
        ]
    )
    shares = " / ".join(f"{100 * share:.1f}" for share in mix / mix.sum())
    return Stream(
        check.inputs[rows], f"{n_samples} inputs repeated from the check inputs to the exit mix on {split}, {shares} %"
    )


def whole_shares(shares: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Whole numbers in the proportion of shares that sum up to ``total``, by largest remainders, shape (E,)."""
    exact: NDArray[np.float64] = total * shares / shares.sum()
    counts = np.floor(exact).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")[: total - counts.sum()]
    counts[largest] += 1
    return np.asarray(counts)
