"""What the validity gate found: what was reached, how the training went, and why it may have come to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import math
from typing import Any, Self

from search.run_folder.summary import ValiditySummary
from trainables.tasks.doubts import Certainty, Doubt
from trainables.trials.full_network import EpochFigures


# A loss that changes by no more than this share has not moved: orders of samples and augmentation alone do as much.
STILL = 0.01


@dataclass(frozen=True)
class Loss:
    """What the mean training loss of an epoch did.

    Attributes:
        first: Of the first epoch.
        least: The least of all epochs.
        last: Of the last epoch that has a finite one.
    """

    first: float
    least: float
    last: float

    @classmethod
    def of(cls, curve: tuple[EpochFigures, ...]) -> Loss | None:
        """That of a training; None where no epoch has a finite loss."""
        known = [one.train_loss for one in curve if math.isfinite(one.train_loss)]
        return cls(known[0], min(known), known[-1]) if known else None

    @property
    def moved(self) -> bool:
        """Whether it ever fell noticeably below what it was first."""
        return self.first - self.least > STILL * abs(self.first)


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a network without early exits.

    Attributes:
        quality: Name of what it is judged by.
        least: The least value of that.
        reached: Its value on ``search``; NaN where no network came of the training.
        epoch: The epoch that the network is of, counted from 1; 0 where there is none.
        epochs: How many epochs it was to be trained for.
        curve: Every epoch that it was trained for; empty where training was pointless.
        doubts: Why it may have come to nothing, the most certain first; of a network that passes what was seen before
            its training.
        model_hash: SHA-256 of its model file; empty where there is none.
    """

    quality: str
    least: float
    reached: float
    epoch: int
    epochs: int
    curve: tuple[EpochFigures, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    model_hash: str = ""

    @property
    def passed(self) -> bool:
        """Whether the sweep may go on."""
        return self.reached >= self.least

    @property
    def loss(self) -> Loss | None:
        """What the training loss did; None where no epoch has a finite one."""
        return Loss.of(self.curve)

    @property
    def summary(self) -> ValiditySummary:
        """What of it a summary tells; of a network that passed."""
        return ValiditySummary(
            quality=self.quality, least=self.least, reached=self.reached, epoch=self.epoch, epochs=self.epochs
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, in the order in which a person reads them; what is no finite number is null."""
        loss = self.loss
        return {
            "passed": self.passed,
            "quality": self.quality,
            "reached": _known(self.reached),
            "least": self.least,
            "reasons": [
                {"reason": one.reason, "advice": one.advice, "certainty": one.certainty.name.lower(), "ends": one.ends}
                for one in self.doubts
            ],
            "loss": None if loss is None else {**asdict(loss), "moved": loss.moved},
            "epoch": self.epoch,
            "epochs": self.epochs,
            "curve": [{key: _known(value) for key, value in asdict(one).items()} for one in self.curve],
            "model_hash": self.model_hash,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` gave."""
        return cls(
            quality=stored["quality"],
            least=stored["least"],
            reached=_number(stored["reached"]),
            epoch=stored["epoch"],
            epochs=stored["epochs"],
            curve=tuple(
                EpochFigures(one["epoch"], _number(one["train_loss"]), _number(one["quality"]))
                for one in stored["curve"]
            ),
            doubts=tuple(
                Doubt(one["reason"], one["advice"], Certainty[one["certainty"].upper()], ends=one["ends"])
                for one in stored["reasons"]
            ),
            model_hash=stored["model_hash"],
        )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value
