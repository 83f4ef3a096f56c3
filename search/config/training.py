"""What every trial of a sweep trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from search.config.section import Section
from search.errors import ConfigError
from trainables.augmentation.images import Augmentation
from trainables.models import LARGEST_WIDTH, CostModel, NetworkSpec, get_network
from trainables.recipes.recipe import Frozen, Recipe
from trainables.workloads import Workload


class TrainingSection(Section):
    """What every trial trains; network, exits and width are the workload's where they are left out."""

    network: str | None = Field(
        default=None,
        description="The network: `small-cnn`, `mobilenet-v3-small`, `mobilenet-v3-large`, `resnet-18`, `resnet-34`, "
        "`audio-cnn`, `darts`, of detectors `ssd` and `ssdlite`, or your own as `module:attribute`; the workload's "
        "where null.",
    )
    n_exits: int | None = Field(
        default=None, ge=1, le=256, description="Number of exits, the last included; the network's own where null."
    )
    width: int | None = Field(
        default=None, ge=1, le=LARGEST_WIDTH, description="Channels of the first stage; the network's own where null."
    )
    blocks: list[str] | None = Field(
        default=None,
        description="Names of the blocks after which the early exits are, such as `[features.3, features.8]`; spread "
        "evenly where null.",
    )
    depth: int | None = Field(default=None, ge=1, le=256, description="Blocks of an `audio-cnn`; its own where null.")
    head: str | None = Field(
        default=None,
        description="Pooling of an `audio-cnn` before each exit: `attentive-statistics`, `max-mean` or `average`; its "
        "own where null.",
    )
    network_options: dict[str, Any] = Field(
        default_factory=dict,
        description="What else the network takes, by name, such as `{head_grid: 2}` of `small-cnn`: the keyword "
        "arguments of the function that builds it. A search space varies an option as `network_<option>`.",
    )
    pretrained: bool = Field(default=False, description="Whether networks start from weights for ImageNet.")
    weights: Path | None = Field(
        default=None,
        description="File that every network starts from: safetensors, or what `torch.save` has written of a "
        "`state_dict()`; none where null.",
    )
    cost: CostModel = Field(
        default="macs",
        description="What answering at an exit is said to cost, as a share of the full network: that of its "
        "multiply-accumulates (`macs`), or every exit alike (`exits`), so that the second of four costs 0.5.",
    )
    epochs: int = Field(
        default=30,
        ge=0,
        le=100_000,
        description="Epochs of a training. With `weights` it may be 0: nothing is trained, only policies are searched.",
    )
    batch_size: int = Field(default=64, ge=1, le=100_000, description="Samples of a batch.")
    patience: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Epochs without a smaller `objective_at_target`, after which a training stops; its best epoch is "
        "kept. Never where null.",
    )
    ema_decay: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Decay for each step of an exponential moving average of the weights, which is then what is "
        "judged; none where null.",
    )
    deterministic: bool = Field(
        default=False,
        description="Whether trainings compute with deterministic algorithms only, so that they can be repeated on the "
        "same GPU; a network with an operation that has none fails. On a CPU they can be without.",
    )
    frozen: Frozen = Field(
        default="nothing",
        description="What of a network stays as it is given: `nothing`; the `backbone`, so that heads alone are "
        "trained; or the `full-network`, the last head too, so that the last exit's answers stay what they are. Batch "
        "norms that stay keep their statistics.",
    )
    gradient_clip: float | None = Field(
        default=None, gt=0, description="Largest Euclidean norm of the gradient; any where null."
    )
    final_div_factor: float = Field(
        default=1e4, gt=0, description="The one-cycle learning rate ends at its first value divided by this."
    )
    augment: bool = Field(
        default=True, description="Whether training images are shifted and flipped as the workload says."
    )
    random_erasing: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Probability with which a rectangle of a training image is erased; the workload's own where 0.",
    )
    views: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Epochs go through so many fixed augmentations in turn, which soft labels need; drawn anew in each "
        "epoch where null.",
    )

    def resolved(self, workload: Workload) -> TrainingSection:
        """The same with network, exits and width filled in.

        Raises:
            ExitSearchError: If there is no such network, blocks and exits do not fit together, options are no plain
                values, weights are given twice, or none are where nothing is trained.
        """
        self._check_weights()
        family = None if self.network is None else get_network(self.network)
        n_exits = self.n_exits or (workload.n_exits if family is None else family.n_exits)
        if self.blocks is not None:
            if self.n_exits not in (None, len(self.blocks) + 1):
                raise ConfigError(
                    f"n_exits must be one more than the {len(self.blocks)} blocks but is {self.n_exits}; leave it out"
                )
            n_exits = len(self.blocks) + 1
        width = self.width or (workload.width if family is None else family.width)
        weights = None if self.weights is None else self.weights.expanduser().absolute()
        resolved = self.model_copy(update={"n_exits": n_exits, "width": width, "weights": weights})
        options = resolved.network_spec().options
        return resolved.model_copy(update={"network_options": dict(options)})

    def _check_weights(self) -> None:
        if self.weights is not None and self.pretrained:
            raise ConfigError(
                f"weights are {self.weights}, so pretrained must be false but is true; leave one of them out"
            )
        if not self.epochs and self.weights is None and not self.pretrained:
            raise ConfigError(
                "epochs must be at least 1 but is 0, and only given weights need no training; name a file of them in "
                "training.weights"
            )

    def require_weights_to_freeze(self, *, is_trained_before: bool) -> None:
        """Refuse to freeze what nobody has trained.

        Args:
            is_trained_before: Whether the network without early exits is trained before the first trial.

        Raises:
            ConfigError: If what is frozen would stay as it is drawn at random.
        """
        is_given = is_trained_before or self.weights is not None
        if self.frozen == "nothing" or is_given or (self.frozen == "backbone" and self.pretrained):
            return
        raise ConfigError(
            f"training.frozen is {self.frozen}, which must have been trained before but was not; train it first with "
            f"full_network.epochs, or name its weights in training.weights"
        )

    def augmentation(self, workload: Workload) -> Augmentation:
        """How training images are moved."""
        own = workload.augmentation if self.augment else Augmentation()
        return replace(own, erase=self.random_erasing or own.erase)

    def network_spec(self) -> NetworkSpec:
        """Which network, once exits and width are known.

        Raises:
            ConfigError: If they are not.
            TrainingError: If options are no plain values.
        """
        if self.n_exits is None or self.width is None:
            raise ConfigError("training.n_exits and width are only known once the configuration is resolved")
        blocks = None if self.blocks is None else tuple(self.blocks)
        return NetworkSpec(
            n_exits=self.n_exits,
            width=self.width,
            family=self.network,
            blocks=blocks,
            pretrained=self.pretrained,
            depth=self.depth,
            head=self.head,
            options=self.network_options,
            cost=self.cost,
        )

    def recipe(self, *, view_seed: int) -> Recipe:
        """What all trials share of their training."""
        return Recipe(
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            ema_decay=self.ema_decay,
            gradient_clip=self.gradient_clip,
            final_div_factor=self.final_div_factor,
            n_views=self.views,
            deterministic=self.deterministic,
            frozen=self.frozen,
            view_seed=view_seed,
        )
