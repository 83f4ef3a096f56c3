"""What is the same for all trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from policies.goals.request import Request
from policies.pooling.fields import AnswerFields
from policies.rules import DEFAULT_RULES
from policies.selection.answered import answered_tables
from policies.tables.base import ExitTable
from trainables.augmentation.images import Augmentation
from trainables.data import Split
from trainables.errors import CheckpointError, TrainingError
from trainables.export.model_file import ModelConfig
from trainables.models import MultiExitModel, NetworkSpec, is_of_network
from trainables.models.loading import load_weights
from trainables.models.plain import plain_network
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.recipes.recipe import Recipe
from trainables.tasks import TrainingTask, get_training_task
from trainables.teachers.teacher import Teachers
from trainables.training.checkpoints import CheckpointFolder, read_state
from trainables.training.loop import MultiExitTraining
from trainables.workloads import get_workload


@dataclass(frozen=True)
class GivenWeights:
    """Weights of a file that networks start from.

    Attributes:
        tensors: By the network's own names; what is not among them stays as it is built.
        description: What they were wrapped in, such as a whole checkpoint, as half a sentence; empty where they were
            not.
    """

    tensors: Mapping[str, Tensor]
    description: str = ""


@dataclass(frozen=True)
class TrialSpec:
    """What is the same for all trials of a sweep.

    Attributes:
        workload: Name of the workload, or ``module:attribute``.
        class_names: Names of the classes of the data; a label is a place in them, from 0.
        network: Family, exits, width and blocks of the network; a trial may vary some of it.
        recipe: What all trials share of their training.
        search_target: What policies are searched for: what was asked, and the margin.
        seeds: Of initial weights, sample order and augmentation; the same for all trials, so that they differ by
            their parameters only. Each configuration is trained once with each.
        rules: Names of the exit rules that a trial's report tries.
        answers: What answers are about, and what leaves together.
        n_threads: Threads to compute with: the trial's CPU share.
        use_gpu: Whether the trial was given a GPU.
        teachers: Names of the teachers from outside, in their order.
        augmentation: How training images may be moved.
        metadata: What exit tables state about the samples; JSON values.
        weights: That every network starts from; None starts from random or pretrained ones.
    """

    workload: str
    class_names: tuple[str, ...]
    network: NetworkSpec
    recipe: Recipe
    search_target: Request
    seeds: tuple[int, ...]
    rules: tuple[str, ...] = DEFAULT_RULES
    answers: AnswerFields = field(default_factory=AnswerFields)
    n_threads: int = 1
    use_gpu: bool = False
    teachers: tuple[str, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    weights: GivenWeights | None = field(default=None, repr=False, compare=False)

    @property
    def task(self) -> TrainingTask[Any]:
        """The kind of answers that the workload's networks give."""
        return get_training_task(get_workload(self.workload).task)

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return self.network.n_kept

    def with_params(self, params: Mapping[str, Any]) -> TrialSpec:
        """The same with the network that a trial's parameters name."""
        return replace(self, network=self.network.with_params(params))

    def build_model(self, train: Split, *, seed: int | None = None) -> MultiExitModel:
        """The untrained network, with the first seed unless another is given.

        Raises:
            TrainingError: If it cannot be built, or the given weights do not fit it.
        """
        torch.manual_seed(self.seeds[0] if seed is None else seed)
        build, n_classes = get_workload(self.workload).build_model, len(self.class_names)
        # Weights are given by the names of the network with all of its exits.
        spec = self.network if self.weights is None else replace(self.network, only_exit=None)
        model = build(train, n_classes, spec)
        self.task.prepare(model, train)
        if self.weights is None:
            return model
        try:
            load_weights(model, {**model.state_dict(), **self.weights.tensors})
        except ValueError as error:
            raise TrainingError(f"training.weights must fit the network but do not ({error})") from None
        return model if self.network.only_exit is None else plain_network(model, self.network.only_exit - 1)

    def settings(self, params: Mapping[str, Any]) -> TrainingSettings:
        """How a trial with these parameters is trained.

        Raises:
            TrainingError: If a parameter is unknown or out of range, or not for networks of the task.
        """
        own = {name: value for name, value in params.items() if not is_of_network(name)}
        settings = get_workload(self.workload).trial_settings(
            own, n_exits=self.n_exits, epochs=self.recipe.epochs, teachers=self.teachers
        )
        self.task.require_trainable(settings)
        return settings

    def require_views(self) -> None:
        """Refuse fixed views of images whose targets move with them.

        Raises:
            TrainingError: If there are such views.
        """
        if self.task.moves_targets and self.recipe.n_views is not None:
            raise TrainingError(
                f"training.views must be left out for task {self.task.name!r} but is {self.recipe.n_views}: fixed "
                f"views keep the images alone, and what is to be answered moves with them"
            )

    def training(
        self,
        params: Mapping[str, Any],
        train: Split,
        *,
        seed: int | None = None,
        teachers: Teachers | None = None,
    ) -> MultiExitTraining:
        """A training from its beginning.

        Args:
            params: The trial's parameters by name.
            train: The training split, whose samples weights are fitted on.
            seed: Seed of initial weights and sample order; the first of :attr:`seeds` unless another is given.
            teachers: Those that :attr:`teachers` names; they are only asked where the parameters say so.
        """
        settings, task = self.settings(params), self.task
        self.require_views()
        model = self.with_params(params).build_model(train, seed=seed)
        return MultiExitTraining(
            model,
            settings,
            self.recipe,
            train,
            loss=task.loss(settings, train, n_classes=len(self.class_names), model=model),
            targets=task.targets(train),
            augmentation=self.augmentation,
            seed=self.seeds[0] if seed is None else seed,
            device=torch.device("cuda" if self.use_gpu and torch.cuda.is_available() else "cpu"),
            teachers=teachers if settings.loss.teachers is not None else None,
            augment=task.augmented,
        )

    def table(self, model: MultiExitModel, split: Split, name: str) -> ExitTable:
        """The exit table of a network on one split."""
        known = {"workload": self.workload, "split": name, "class_names": list(self.class_names)}
        table: ExitTable = self.task.table(model, split, {**self.metadata, **known})
        return table

    def answered_table(self, model: MultiExitModel, split: Split) -> ExitTable:
        """What a network says on the split that policies are chosen on, answered as they are to answer.

        Raises:
            ExitSearchError: If answers are to be pooled but samples have no parents, or cannot be pooled.
        """
        return answered_tables({"search": self.table(model, split, "search")}, self.answers)["search"]

    def model_config(self, train: Split, params: Mapping[str, Any]) -> ModelConfig:
        """What a network trained with these parameters is built from, for a model file."""
        network = self.network.with_params(params)
        return ModelConfig(self.workload, network, train.inputs.shape[1:], self.class_names)

    def load_model(self, folder: Path, train: Split, *, seed: int | None = None) -> MultiExitModel:
        """The network of a finished trial, on the CPU, in evaluation mode.

        Args:
            folder: The folder with the trial's checkpoints.
            train: For the shape of the samples.
            seed: Which of its networks: that of the first seed unless another is given.

        Raises:
            CheckpointError: If the checkpoint of the last epoch is gone or damaged.
        """
        state = CheckpointFolder(folder).newest(read_state)
        if state is None or not state["report"]["done"]:
            raise CheckpointError(f"{folder}: the checkpoint of the last epoch is gone or damaged")
        own = self.with_params(state.get("params", {}))
        model = replace(own, network=replace(own.network, pretrained=False), weights=None).build_model(train)
        run = state["runs"][self.seeds[0] if seed is None else seed]
        model.load_state_dict(run["kept"] or run["training"]["model"])
        return model.eval()
