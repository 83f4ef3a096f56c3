"""How a router is trained: where its thresholds come from, what else keeps an exit closed, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
import math

import numpy as np
from numpy.typing import NDArray

from trainables.errors import TrainingError


class Thresholds(StrEnum):
    """Where the thresholds of the confidences come from."""

    FIXED = "fixed"
    """They stay as they are given."""
    LEARNABLE = "learnable"
    """They are parameters that are trained with the exits."""
    GUMBEL = "gumbel"
    """They are parameters, and each image trains one exit, drawn by Gumbel-softmax (Jang, Gu and Poole, 2017)."""
    PROGRESSIVE = "progressive"
    """They rise or fall from epoch to epoch, in equal steps."""

    @property
    def are_learnt(self) -> bool:
        """Whether they are parameters."""
        return self in (Thresholds.LEARNABLE, Thresholds.GUMBEL)


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What an exit must have found for an image to leave there, however confident it is.

    Attributes:
        objectness: Score above which a box counts as an object, in (0, 1).
        n_objects: Least number of objects.
        in_training: Whether it also closes exits while these are trained, once the warm-up is over; an exit that is
            closed learns nothing.

    Raises:
        TrainingError: If a number is out of range.
    """

    objectness: float
    n_objects: int
    in_training: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.objectness < 1:
            raise TrainingError(f"the least objectness of a gate must lie in (0, 1) but is {self.objectness}")
        if self.n_objects < 1:
            raise TrainingError(f"a gate must ask for at least 1 object but asks for {self.n_objects}")


@dataclass(frozen=True, kw_only=True)
class RoutingSettings:
    """A way to train a router together with the exits.

    Attributes:
        thresholds: Where the thresholds come from.
        start: Threshold of each early exit at the start, in [0, 1): confidences that reach it leave.
        end: Threshold of each early exit in the last epoch, for progressive ones; None for others.
        gate: What else keeps an exit closed; None for nothing.
        epochs: Number of epochs.
        warm_up_epochs: Epochs at the start without the gate and with the thresholds of the start.
        distribution_weight: How much the loss counts that draws the exit mix to its target, from 0; that of detection
            counts 1.
        target_mix: Share of the images that should leave at each exit, the last one's too; None for equal shares.
        early_temperature: Divisor of the logit of an early exit's confidence at the start.
        last_temperature: That of the last exit, where nobody asks for it, so that it stays.
        least_temperature: Temperatures are not let below; None for no such limit.
        most_temperature: Temperatures are not let above; None for no such limit.
        n_top: A confidence is the mean of so many best scores.
        softness: A confidence that is so much above its threshold leaves with probability 0.73, that of a logistic
            function at 1.
        gumbel_temperature: Temperature of the Gumbel-softmax; towards 0 it is a draw, and its gradient noise.
        heads_rate: Learning rate of the heads that are trained already; those that are new get ten times as much.
        router_rate: Learning rate of log-temperatures and of logits of thresholds.
        batch_size: Number of images of a step.

    Raises:
        TrainingError: If a number is out of range, or some do not go together.
    """

    thresholds: Thresholds
    start: tuple[float, ...]
    end: tuple[float, ...] | None = None
    gate: QualityGate | None = None
    epochs: int = 20
    warm_up_epochs: int = 0
    distribution_weight: float = 1.0
    target_mix: tuple[float, ...] | None = None
    early_temperature: float = 1.5
    last_temperature: float = 1.0
    least_temperature: float | None = 0.5
    most_temperature: float | None = 3.0
    n_top: int = 3
    softness: float = 0.05
    gumbel_temperature: float = 1.0
    heads_rate: float = 1e-4
    router_rate: float = 0.05
    batch_size: int = 8

    def __post_init__(self) -> None:
        for holds, rule, given in (*self._rules(), *self._rules_of_temperatures()):
            if not holds:
                raise TrainingError(f"{rule} but {given} was given")

    def at_thresholds(self, epoch: int, n_early: int) -> NDArray[np.float64]:
        """The thresholds of an epoch as they are planned, shape (n_early,).

        Args:
            epoch: Index of the epoch, from 0.
            n_early: Number of exits before the last; where that is another number than there are thresholds, those
                between are interpolated.
        """
        start = self.starts(n_early)
        return start + self._progress(epoch) * (_spread(self.end or self.start, n_early) - start)

    def starts(self, n_early: int) -> NDArray[np.float64]:
        """The thresholds at the start, for so many early exits, shape (n_early,)."""
        return _spread(self.start, n_early)

    def mix(self, n_exits: int) -> NDArray[np.float64]:
        """The target of the exit mix, shape (E,), positive and with sum 1."""
        if self.target_mix is None:
            return np.full(n_exits, 1 / n_exits)
        spread = _spread(self.target_mix, n_exits)
        return np.asarray(spread / spread.sum())

    def is_warming_up(self, epoch: int) -> bool:
        """Whether an epoch, counted from 0, belongs to the warm-up."""
        return epoch < self.warm_up_epochs

    def shortened(self, epochs: int) -> RoutingSettings:
        """The same in so many epochs; the warm-up keeps its share, and at least one epoch if there is another."""
        share = self.warm_up_epochs / self.epochs
        warm_up = min(max(1, round(share * epochs)), epochs - 1) if share else 0
        return replace(self, epochs=epochs, warm_up_epochs=warm_up)

    def _progress(self, epoch: int) -> float:
        """How far an epoch is on the way from the start to the end, in [0, 1]."""
        if self.is_warming_up(epoch):
            return 0.0
        steps = self.epochs - 1 - self.warm_up_epochs
        return 1.0 if steps == 0 else min((epoch - self.warm_up_epochs) / steps, 1.0)

    def _rules(self) -> list[tuple[bool, str, object]]:
        """Whether each rule holds, the rule, and what was given."""
        thresholds, weight = (*self.start, *(self.end or ())), self.distribution_weight
        needs_end = self.thresholds is Thresholds.PROGRESSIVE
        positive = ("softness", "gumbel_temperature", "heads_rate", "router_rate")
        return [
            (bool(self.start), "there must be a threshold for each early exit", self.start),
            (all(0 <= one < 1 for one in thresholds), "thresholds must lie in [0, 1)", thresholds),
            ((self.end is not None) == needs_end, "progressive thresholds, and no others, must have an end", self.end),
            (self.end is None or len(self.end) == len(self.start), "start and end must be of equal length", self.end),
            (self.epochs >= 1, "epochs must be at least 1", self.epochs),
            (0 <= self.warm_up_epochs < self.epochs, "warm_up_epochs must lie in [0, epochs)", self.warm_up_epochs),
            (0 <= weight < math.inf, "distribution_weight must be at least 0", weight),
            (_is_mix(self.target_mix), "a target mix must have positive shares with sum 1", self.target_mix),
            (self.n_top >= 1, "n_top must be at least 1", self.n_top),
            (self.batch_size >= 1, "batch_size must be at least 1", self.batch_size),
            *((0 < getattr(self, one) < math.inf, f"{one} must be positive", getattr(self, one)) for one in positive),
        ]

    def _rules_of_temperatures(self) -> list[tuple[bool, str, object]]:
        least, most = self.least_temperature, self.most_temperature
        lowest, highest = 0.0 if least is None else least, math.inf if most is None else most
        begins = (self.early_temperature, self.last_temperature)
        return [
            (least is None or least > 0, "the least temperature must be positive", least),
            (lowest < highest, "the least temperature must be below the most", (least, most)),
            (min(begins) > 0, "temperatures must be positive", begins),
            (
                all(lowest <= one <= highest for one in begins),
                f"temperatures must begin between their limits, {lowest:g} and {highest:g},",
                begins,
            ),
        ]


def _is_mix(shares: tuple[float, ...] | None) -> bool:
    return shares is None or (len(shares) > 1 and min(shares) > 0 and math.isclose(sum(shares), 1, abs_tol=1e-6))


def _spread(values: tuple[float, ...], n: int) -> NDArray[np.float64]:
    """Values at equal distances as ``n`` values at equal distances, the first and the last kept where n > 1."""
    return np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(values)), values)
