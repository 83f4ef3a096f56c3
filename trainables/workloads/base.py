"""What every workload is: a data source, a network, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trainables.augment import Augmentation
from trainables.data import DataSource, Split, SplitFractions, Splits, split_samples
from trainables.models import MultiExitModel
from trainables.settings import TrainingSettings


@dataclass(frozen=True)
class Workload:
    """What one trial trains.

    Attributes:
        name: As the sweep file names it.
        source: Where the samples come from.
        build: Builds the network; takes the keyword arguments of :func:`~trainables.models.small_cnn`.
        n_exits: Number of exits unless the sweep file says otherwise.
        width: Channels of the first stage unless the sweep file says otherwise.
        augmentation: How training images may be moved.
        settings: From a trial's parameters to optimiser, loss and schedules; takes the arguments of
            :meth:`~trainables.settings.TrainingSettings.from_params`.
    """

    name: str
    source: DataSource
    build: Callable[..., MultiExitModel]
    n_exits: int
    width: int
    augmentation: Augmentation = field(default_factory=Augmentation)
    settings: Callable[..., TrainingSettings] = TrainingSettings.from_params

    def load(self, data_dir: Path | None, fractions: SplitFractions, *, split_seed: int) -> Splits:
        """Read the data and split it four ways.

        Raises:
            DataError: If files are missing or damaged, or a class has too few samples.
        """
        return split_samples(self.source.load(data_dir), fractions, seed=split_seed)

    def build_model(self, train: Split, n_classes: int, *, n_exits: int, width: int) -> MultiExitModel:
        """Build the network for a training split; inputs are standardised with that split's mean and deviation."""
        scale = 255.0 if train.inputs.dtype == np.uint8 else 1.0
        mean = train.inputs.mean(axis=(0, 2, 3)) / scale
        std = np.maximum(train.inputs.std(axis=(0, 2, 3)) / scale, 1e-3)
        return self.build(
            input_shape=train.inputs.shape[1:],
            n_classes=n_classes,
            n_exits=n_exits,
            width=width,
            mean=mean.tolist(),
            std=std.tolist(),
        )
