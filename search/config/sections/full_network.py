"""The network without early exits that a sweep may train before its first trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from policies.errors import ExitSearchError
from policies.qualities import get_quality
from policies.tasks import get_task
from search.config.section import Section
from search.config.training import TrainingSection
from search.errors import ConfigError
from spaces import Dimension, Fixed
from trainables.models import is_of_network


class FullNetworkSection(Section):
    """The network without early exits, which is trained first where it has epochs, and must pass a validity gate.

    If it passes, all trials start from its weights, and only their early exits are new; it is trained once, with the
    first seed. If it does not, the sweep stops, and `validity.json` says why.
    """

    epochs: int = Field(default=0, ge=0, le=100_000, description="Epochs of its training; 0 leaves this stage out.")
    least: float = Field(
        default=0.4, description="The validity gate: the least `quality` of its best epoch on the search split."
    )
    quality: str | None = Field(
        default=None,
        description="What it is judged by, such as `accuracy`, or your own as `module:attribute`; that of the "
        "workload's task where null.",
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Epochs without a better `quality`, after which its training stops. Never where null.",
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Its training parameters, such as `{learning_rate_adamw: 0.002}`; neutral where left out.",
    )

    @property
    def is_asked(self) -> bool:
        """Whether there is such a stage."""
        return self.epochs > 0

    def resolved(
        self, *, task: str, training: TrainingSection, dimensions: Mapping[str, Dimension]
    ) -> FullNetworkSection:
        """The same with its quality filled in; nothing is changed where there is no such stage.

        Args:
            task: Name of the kind of answers that the workload's networks give.
            training: What every trial trains.
            dimensions: What is searched.

        Raises:
            ConfigError: If something is asked of a stage without epochs, its weights would not fit all trials, the
                quality is unknown or cannot have the least value, or trials train nothing.
        """
        if not self.is_asked:
            if self != FullNetworkSection():
                raise ConfigError(
                    "full_network.epochs must be at least 1 where anything is said under full_network but is 0; set "
                    "it, or leave full_network out"
                )
            return self
        if not training.epochs:
            raise ConfigError(
                "full_network.epochs is given but training.epochs is 0, so that early exits would never be trained; "
                "leave one of them out"
            )
        _require_one_network(dimensions)
        own = next((name for name in self.params if is_of_network(name)), None)
        if own is not None:
            raise ConfigError(
                f"full_network.params must be of its training but names {own!r}, which is the network's; set it under "
                f"training"
            )
        try:
            quality = self.quality or get_task(task).quality
            self._check_quality(quality, task)
        except ExitSearchError as error:
            raise ConfigError(f"full_network: {error}") from None
        return self.model_copy(update={"quality": quality})

    def _check_quality(self, name: str, task: str) -> None:
        quality = get_quality(name)
        if quality.task not in (None, task):
            raise ConfigError(
                f"quality must judge answers of task {task!r} but {name} judges those of {quality.task!r}"
            )
        if not quality.is_maximised:
            raise ConfigError(f"quality must be one of which more is better but of {name} less is; name another")
        quality.check(self.least, "least")


def fixed_of_network(dimensions: Mapping[str, Dimension]) -> dict[str, Any]:
    """What a space says of the network with one value for all trials."""
    return {name: one.value for name, one in dimensions.items() if is_of_network(name) and isinstance(one, Fixed)}


def _require_one_network(dimensions: Mapping[str, Dimension]) -> None:
    searched = [name for name, one in dimensions.items() if is_of_network(name) and not isinstance(one, Fixed)]
    if searched:
        raise ConfigError(
            f"full_network gives all trials the same weights, so their networks must be alike, but {searched[0]} is "
            f"searched; fix it in space.overrides"
        )
