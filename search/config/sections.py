"""The sections of a sweep file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from search.config.first_trials import FirstTrial
from search.config.section import ExitCount, Section, Share
from search.errors import ConfigError
from trainables.augmentation.images import Augmentation
from trainables.data import DEFAULT_AUDIO, AudioOptions, DataOptions, SplitFractions
from trainables.models import NetworkSpec, get_network
from trainables.recipes.recipe import Recipe
from trainables.workloads import Workload


# Of a training, before any trial is stopped: measured in benchmarks/early_stopping.py.
_GRACE_SHARE = 1 / 8


class SplitsSection(Section):
    """How the samples are split; ``seed`` is apart from the training seed."""

    seed: int = 2026
    train: Share = 0.5
    search: Share = 0.2
    certify: Share = 0.15
    test: Share = 0.15

    def fractions(self) -> SplitFractions:
        """The shares alone."""
        return SplitFractions(train=self.train, search=self.search, certify=self.certify, test=self.test)


class AudioSection(Section):
    """How recordings are cleaned, cut, described and named; its rules are those of the options that it becomes."""

    sample_rate: int = DEFAULT_AUDIO.sample_rate
    low_hz: float | None = DEFAULT_AUDIO.low_hz
    high_hz: float | None = DEFAULT_AUDIO.high_hz
    peak: float = DEFAULT_AUDIO.peak
    segment_seconds: float = DEFAULT_AUDIO.segment_seconds
    hop_seconds: float = DEFAULT_AUDIO.hop_seconds
    silence_db: float | None = DEFAULT_AUDIO.silence_db
    n_mels: int = DEFAULT_AUDIO.n_mels
    n_fft: int = DEFAULT_AUDIO.n_fft
    window_ms: float = DEFAULT_AUDIO.window_ms
    hop_ms: float = DEFAULT_AUDIO.hop_ms
    floor_db: float = DEFAULT_AUDIO.floor_db
    file_pattern: str | None = None
    group_pattern: str | None = None
    test_pattern: str | None = None
    chunk_seconds: float | None = None

    def options(self) -> AudioOptions:
        """What the data source takes.

        Raises:
            DataError: If a value is out of its range, or two exclude each other.
        """
        return AudioOptions(**self.model_dump())


class DataSection(Section):
    """How samples are read: images are resized, recordings become features, a few damaged ones are left out."""

    image_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    max_damaged: Annotated[float, Field(ge=0, lt=1)] = 0.01
    audio: AudioSection = AudioSection()

    def options(self) -> DataOptions:
        """What a data source takes.

        Raises:
            DataError: If the audio section's values are out of range, or exclude each other.
        """
        return DataOptions(image_size=self.image_size, max_damaged=self.max_damaged, audio=self.audio.options())


class TrainingSection(Section):
    """What every trial trains; network, exits and width default to the workload's."""

    network: str | None = None
    n_exits: ExitCount | None = None
    width: PositiveInt | None = None
    blocks: list[str] | None = None
    depth: PositiveInt | None = None
    head: str | None = None
    pretrained: bool = False
    weights: Path | None = None
    epochs: NonNegativeInt = 30
    batch_size: PositiveInt = 64
    patience: PositiveInt | None = None
    ema_decay: Share | None = None
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    final_div_factor: Annotated[float, Field(gt=0)] = 1e4
    augment: bool = True
    random_erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    views: PositiveInt | None = None

    def resolved(self, workload: Workload) -> TrainingSection:
        """The same with network, exits and width filled in.

        Raises:
            ExitSearchError: If there is no such network, blocks and exits do not fit together, weights are given twice,
                or none are where nothing is trained.
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
        return self.model_copy(update={"n_exits": n_exits, "width": width, "weights": weights})

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

    def augmentation(self, workload: Workload) -> Augmentation:
        """How training images are moved."""
        own = workload.augmentation if self.augment else Augmentation()
        return replace(own, erase=self.random_erasing or own.erase)

    def network_spec(self) -> NetworkSpec:
        """Which network, once exits and width are known.

        Raises:
            ConfigError: If they are not.
        """
        if self.n_exits is None or self.width is None:
            raise ConfigError("training.n_exits and width are only known once the configuration is resolved")
        blocks = None if self.blocks is None else tuple(self.blocks)
        return NetworkSpec(self.n_exits, self.width, self.network, blocks, self.pretrained, self.depth, self.head)

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
            view_seed=view_seed,
        )


class TeacherSection(Section):
    """A teacher from outside the student.

    What it said before, in ``soft_labels``; or its ``model``, which sees every batch; or the ``network`` that the sweep
    trains first, on its own training split, with ``params``.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    soft_labels: Path | None = None
    model: Path | None = None
    network: str | None = None
    n_exits: ExitCount = 1
    width: PositiveInt | None = None
    epochs: PositiveInt | None = None
    params: dict[str, Any] = Field(default_factory=dict)

    @property
    def file(self) -> Path | None:
        """What there is of it before the sweep."""
        return self.soft_labels or self.model

    @model_validator(mode="after")
    def _one_of_three(self) -> TeacherSection:
        given = [name for name in ("soft_labels", "model", "network") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"must name one of soft_labels, model and network for teacher {self.name!r}, names {given}"
            )
        return self

    def training(self, student: TrainingSection) -> TrainingSection:
        """How its network is trained: as the student, but for what it says itself.

        Raises:
            ExitSearchError: If there is no such network.
        """
        family = get_network(str(self.network))
        return student.model_copy(
            update={
                "network": self.network,
                "n_exits": self.n_exits,
                "width": self.width or family.width,
                "epochs": self.epochs or student.epochs,
                **dict.fromkeys(("blocks", "depth", "head", "weights")),
            }
        )

    def resolved(self) -> TeacherSection:
        """The same with absolute paths."""
        paths = {key: getattr(self, key) for key in ("soft_labels", "model")}
        return self.model_copy(
            update={key: path.expanduser().absolute() for key, path in paths.items() if path is not None}
        )


class SpaceSection(Section):
    """Which training parameters are searched: a space, and changes to its bounds, choices and values."""

    name: str = "self-distillation"
    overrides: dict[str, Any] = Field(default_factory=dict)


class SearchSection(Section):
    """How training parameters are searched.

    ``startup_trials`` is the population of ``nsga2``.
    """

    trials: PositiveInt = 20
    sampler: Literal["tpe", "nsga2", "gp", "random"] = "tpe"
    startup_trials: PositiveInt = 8
    scheduler: Literal["none", "asha", "mo-asha"] = "none"
    grace_epochs: PositiveInt | None = None
    reduction: Annotated[int, Field(ge=2)] = 2
    first_trials: list[FirstTrial] = Field(default_factory=list)

    @field_validator("first_trials", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict | FirstTrial) else [] if value is None else value

    def first_rung(self, epochs: int) -> int:
        """The epoch before which no trial is stopped."""
        return self.grace_epochs or max(1, round(epochs * _GRACE_SHARE))


class ResourcesSection(Section):
    """What a trial may use, how many faults of machines it survives, and what Ray takes where no cluster is running."""

    cpus_per_trial: Annotated[float, Field(gt=0)] = 1
    gpus_per_trial: Annotated[float, Field(ge=0)] = 0
    concurrent: PositiveInt | None = None
    retries: Annotated[int, Field(ge=0)] = 3
    cpus: PositiveInt | None = None
    object_store_mb: Annotated[int, Field(ge=80)] = 512


class TrackingSection(Section):
    """Where MLflow keeps the sweep; else ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the working folder."""

    uri: str | None = None
    experiment: Annotated[str, Field(min_length=1)] = "exitsearch"
