"""What every workload is: a data source, a network, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from trainables.augment import Augmentation
from trainables.data import DEFAULT_OPTIONS, DataOptions, DataSource, Split, SplitFractions, Splits, split_samples
from trainables.errors import TrainingError
from trainables.models import MultiExitModel, NetworkSpec, get_network
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

    def load(
        self,
        data_dir: Path | None,
        fractions: SplitFractions,
        *,
        split_seed: int,
        options: DataOptions = DEFAULT_OPTIONS,
    ) -> Splits:
        """Read the data, as the options say, and split it four ways.

        Raises:
            DataError: If files are missing or damaged, a class has too few samples, or the options ask for what the
                source does not have.
        """
        return split_samples(self.source.load(data_dir, options), fractions, seed=split_seed)

    def build_model(self, train: Split, n_classes: int, network: NetworkSpec) -> MultiExitModel:
        """Build a network for a training split; inputs are standardised with that split's mean and deviation.

        Raises:
            TrainingError: If the network cannot be built like that.
        """
        scale = 255.0 if train.inputs.dtype == np.uint8 else 1.0
        mean = train.inputs.mean(axis=(0, 2, 3)) / scale
        std = np.maximum(train.inputs.std(axis=(0, 2, 3)) / scale, 1e-3)
        return self.build_network(train.inputs.shape[1:], n_classes, network, mean=mean.tolist(), std=std.tolist())

    def build_network(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        network: NetworkSpec,
        *,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> MultiExitModel:
        """Build a network for samples of a shape (channels, height, width).

        Raises:
            TrainingError: If the network cannot be built like that.
        """
        build = self.build if network.family is None else get_network(network.family).build
        options: dict[str, Any] = {name: getattr(network, name) for name in ("blocks", "depth", "head")}
        options = {name: value for name, value in options.items() if value is not None}
        options |= {"pretrained": True} if network.pretrained else {}
        unknown = sorted(set(options) - set(signature(build).parameters))
        if unknown:
            name = network.family or f"that of workload {self.name}"
            raise TrainingError(
                f"training.{unknown[0]} is not for this network, which is {name}; leave it out, or choose another "
                f"training.network"
            )
        return build(
            input_shape=input_shape,
            n_classes=n_classes,
            n_exits=network.n_exits,
            width=network.width,
            mean=mean,
            std=std,
            **options,
        )
