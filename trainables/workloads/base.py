"""What every workload is: a data source, a network, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.registry import OnDemand
from policies.user_code import name_of, user_code
from trainables.augmentation.images import Augmentation
from trainables.data import (
    DEFAULT_OPTIONS,
    DataOptions,
    DataSource,
    Samples,
    Split,
    SplitFractions,
    Splits,
    load_samples,
    source_code,
    split_samples,
)
from trainables.errors import DataError, TrainingError
from trainables.models import NetworkSpec, get_network
from trainables.models.family import is_count
from trainables.tasks import get_training_task
from trainables.workloads.build_options import build_options


if TYPE_CHECKING:
    from trainables.models import MultiExitModel
    from trainables.recipes.hyperparameters import TrainingSettings

_TRAINING_SETTINGS = OnDemand("trainables.recipes.hyperparameters:TrainingSettings.from_params")


@dataclass(frozen=True)
class Workload:
    """What one trial trains.

    Attributes:
        name: As the sweep file names it.
        source: Where the samples come from.
        build: Builds the network; takes the keyword arguments of :func:`~trainables.models.families.small_cnn`.
        n_exits: Number of exits unless the sweep file says otherwise.
        width: Channels of the first stage unless the sweep file says otherwise.
        augmentation: How training images may be moved.
        settings: From a trial's parameters to optimiser, loss and schedules; takes the arguments of
            :meth:`~trainables.recipes.hyperparameters.TrainingSettings.from_params`.
        task: The kind of answers that the network gives: a name of :data:`trainables.tasks.TRAINING_TASKS`, or
            ``module:attribute``.
    """

    name: str
    source: DataSource
    build: Callable[..., MultiExitModel]
    n_exits: int
    width: int
    augmentation: Augmentation = field(default_factory=Augmentation)
    settings: Callable[..., TrainingSettings] = _TRAINING_SETTINGS
    task: str = "classification"

    def __post_init__(self) -> None:
        _check(self)
        if isinstance(self.source, type):
            with user_code(f"{name_of(self.source)}()", DataError):
                object.__setattr__(self, "source", self.source())

    def load(
        self,
        data_dir: Path | None,
        fractions: SplitFractions,
        *,
        split_seed: int,
        options: DataOptions = DEFAULT_OPTIONS,
    ) -> Splits:
        """Read the data, as the options say, and split it four ways; the same as :meth:`samples` and :meth:`split`.

        Raises:
            DataError: If files are missing or damaged, a class has too few samples, the options ask for what the
                source does not have, or a user's own source fails or gives no samples; it is then named.
        """
        return self.split(self.samples(data_dir, options), fractions, split_seed=split_seed)

    def samples(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Read the data, as the options say.

        Raises:
            DataError: If files are missing or damaged, the options ask for what the source does not have, or a user's
                own source fails or gives no samples; it is then named.
        """
        with source_code(self.source):
            return load_samples(self.source, data_dir, options)

    def split(self, samples: Samples, fractions: SplitFractions, *, split_seed: int) -> Splits:
        """Split what was read four ways.

        Raises:
            DataError: If a class has too few samples, or samples cannot be split; the source is then named.
        """
        with source_code(self.source):
            return split_samples(samples, fractions, seed=split_seed)

    def trial_settings(
        self, params: Mapping[str, Any], *, n_exits: int, epochs: int, teachers: Sequence[str] = ()
    ) -> TrainingSettings:
        """How a trial is trained; see :meth:`~trainables.recipes.hyperparameters.TrainingSettings.from_params`.

        Raises:
            TrainingError: If a parameter is unknown or out of range, or a user's own settings fail.
        """
        from trainables.recipes.hyperparameters import TrainingSettings

        name = name_of(self.settings)
        with user_code(f"{name}() of workload {self.name!r}", TrainingError):
            settings = self.settings(params, n_exits=n_exits, epochs=epochs, teachers=teachers)
        if not isinstance(settings, TrainingSettings):
            raise TrainingError(f"{name}() must return TrainingSettings but returns {type(settings).__name__}")
        return settings

    def builder(self, network: NetworkSpec) -> str:
        """What a person calls that which builds a network."""
        build, of = self._build(network)
        return f"{name_of(build)}() of {of}"

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
        """Build a network for samples of a shape (channels, height, width), with all of its exits or the only one.

        Raises:
            TrainingError: If the network cannot be built like that.
            ExitSearchError: If the workload's task is unknown.
        """
        build, who = self._build(network)[0], self.builder(network)
        self._require_task(network)
        n_outputs = get_training_task(self.task).n_outputs(n_classes)
        options = build_options(network, build, network.family or f"that of workload {self.name}")
        with user_code(who, TrainingError):
            model = build(
                input_shape=input_shape,
                n_classes=n_outputs,
                n_exits=network.n_exits,
                width=network.width,
                mean=mean,
                std=std,
                **options,
            )
        whole = _checked(model, who, input_shape, n_exits=network.n_exits)
        whole.cost_model = network.cost
        if network.only_exit is None:
            return whole
        # Here, since the import takes seconds.
        from trainables.models.plain import plain_network

        return plain_network(whole, network.only_exit - 1)

    def _require_task(self, network: NetworkSpec) -> None:
        """Refuse a network whose answers are of another kind."""
        own = None if network.family is None else get_network(network.family).task
        if own is not None and own != self.task:
            raise TrainingError(
                f"network {network.family!r} is for the task {own}, but workload {self.name!r} is for {self.task}; "
                f"name another network or workload"
            )

    def _build(self, network: NetworkSpec) -> tuple[Callable[..., MultiExitModel], str]:
        """What builds a network, and whose it is."""
        if network.family is None:
            return self.build, f"workload {self.name!r}"
        return get_network(network.family).build, f"network {network.family!r}"


def _check(workload: Workload) -> None:
    rules: dict[str, tuple[bool, str]] = {
        "name": (isinstance(workload.name, str) and bool(workload.name), "a name"),
        "source": (callable(getattr(workload.source, "load", None)), "a data source, which has a load()"),
        "build": (callable(workload.build), "a function that builds the network"),
        "n_exits": (is_count(workload.n_exits), "a whole number from 1"),
        "width": (is_count(workload.width), "a whole number from 1"),
        "augmentation": (isinstance(workload.augmentation, Augmentation), "an Augmentation"),
        "settings": (callable(workload.settings), "a function that gives TrainingSettings"),
        "task": (isinstance(workload.task, str) and bool(workload.task), "the name of a training task"),
    }
    for key, (holds, rule) in rules.items():
        if not holds:
            raise TrainingError(
                f"workload {workload.name!r}: {key} must be {rule} but is {getattr(workload, key)!r:.60}"
            )


def _checked(model: Any, who: str, input_shape: tuple[int, ...], *, n_exits: int) -> MultiExitModel:
    """A model that has the asked number of exits, and gives their logits in one form."""
    # Here and above, since these imports take seconds, and what a workload is made of is known without them.
    from trainables.models import MultiExitModel
    from trainables.models.outputs import settle_outputs

    if not isinstance(model, MultiExitModel):
        raise TrainingError(
            f"{who} must return a MultiExitModel, stages with a head after each, but returns {type(model).__name__}"
        )
    if model.n_exits != n_exits:
        raise TrainingError(f"{who} must build as many exits as n_exits says, {n_exits}, but builds {model.n_exits}")
    if getattr(model.forward, "__func__", None) is not MultiExitModel.forward:
        with user_code(f"{name_of(type(model))}.forward()", TrainingError):
            settle_outputs(model, input_shape, n_exits=n_exits)
    return model
