"""A teacher that a sweep's networks learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from search.config.section import Section
from search.config.training import TrainingSection
from trainables.models import LARGEST_WIDTH, get_network


class TeacherSection(Section):
    """A teacher from outside the network that learns.

    One of three is named: what it said before, in `soft_labels`; its `model`, which sees every batch; or the `network`
    that the sweep trains first, on its own training split, with `params`.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", max_length=40, description="What the search space and the results call it."
    )
    soft_labels: Path | None = Field(
        default=None, description="File of what it said about the training samples, from `exitsearch soft-labels`."
    )
    model: Path | None = Field(default=None, description="Its network, from a sweep or from `exitsearch teacher`.")
    network: str | None = Field(default=None, description="Name of the network that is trained first.")
    n_exits: int = Field(
        default=1, ge=1, le=256, description="Number of exits of that network; only its last one teaches."
    )
    width: int | None = Field(
        default=None, ge=1, le=LARGEST_WIDTH, description="Channels of that network's first stage; its own where null."
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Epochs of its training; those of the `training` section where null.",
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Its training parameters, such as `learning_rate_adamw`; neutral where left out.",
    )

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
                "network_options": {},
                "frozen": "nothing",
            }
        )

    def resolved(self) -> TeacherSection:
        """The same with absolute paths."""
        paths = {key: getattr(self, key) for key in ("soft_labels", "model")}
        return self.model_copy(
            update={key: path.expanduser().absolute() for key, path in paths.items() if path is not None}
        )
