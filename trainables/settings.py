"""From a trial's flat parameters to how it is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from trainables.errors import TrainingError
from trainables.losses import ExitLoss
from trainables.schedules import LinearSchedule, constant


OPTIMISERS = ("adamw", "sgd")
DISTILLATIONS = ("none", "self")
_FINAL_DIV_FACTOR = 1e4


@dataclass(frozen=True)
class TrainingSettings:
    """Everything about training that a sweep may vary.

    Attributes:
        optimiser: ``adamw`` or ``sgd`` with Nesterov momentum; the cycle moves the momentum too, 0.95 to 0.85 and back.
        learning_rate: Peak of the one-cycle schedule.
        weight_decay: Of the optimiser.
        loss: The exit loss.
        alpha: Weight of the teacher over the epochs.
        margin_weight: Weight of the margin term over the epochs.
    """

    optimiser: str
    learning_rate: float
    weight_decay: float
    loss: ExitLoss
    alpha: LinearSchedule
    margin_weight: LinearSchedule

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, n_exits: int, epochs: int) -> TrainingSettings:
        """Read a trial's parameters; depths in names count from 1.

        Args:
            params: Flat parameters as the space names them. What is left out has a neutral default, and what
                belongs to a teacher only counts with ``distillation: self``.
            n_exits: ``E``.
            epochs: Length of the training, for the schedules.

        Raises:
            TrainingError: If a parameter is unknown or out of range.
        """
        unknown = sorted(set(params) - set(known_parameters(n_exits)))
        if unknown:
            raise TrainingError(
                f"unknown training parameter {unknown[0]!r}; known are {', '.join(known_parameters(n_exits))}"
            )
        optimiser = _one_of(params, "optimiser", OPTIMISERS)
        distils = _one_of(params, "distillation", DISTILLATIONS) == "self"
        return cls(
            optimiser=optimiser,
            learning_rate=float(params.get(f"learning_rate_{optimiser}", 3e-3 if optimiser == "adamw" else 0.1)),
            weight_decay=float(params.get("weight_decay", 0.0)),
            loss=ExitLoss(
                exit_weights=(*_weights(params, "exit_weight", n_exits - 1), 1.0),
                teacher_weights=_weights(params, "teacher_weight", n_exits - 1),
                temperature=float(params.get("temperature", 2.0)),
                gamma=float(params.get("gamma", 0.0)),
                label_smoothing=float(params.get("label_smoothing", 0.0)),
                combination=str(params.get("combination", "convex")),
            ),
            alpha=_schedule(params, "alpha", epochs) if distils else constant(0.0),
            margin_weight=_schedule(params, "margin_weight", epochs) if distils else constant(0.0),
        )

    def build_optimiser(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimiser over all weights of a network."""
        if self.optimiser == "adamw":
            return torch.optim.AdamW(model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        return torch.optim.SGD(
            model.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            momentum=0.9,
            nesterov=True,
        )

    def build_scheduler(self, optimiser: torch.optim.Optimizer, *, n_steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
        """One learning-rate cycle over all ``n_steps`` batches (Smith and Topin, 2019), ending near zero."""
        return torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_lr=self.learning_rate, total_steps=n_steps, final_div_factor=_FINAL_DIV_FACTOR
        )


def known_parameters(n_exits: int) -> tuple[str, ...]:
    """Names of all parameters that a network with ``n_exits`` exits can be trained with."""
    early_depths: Iterable[int] = range(1, n_exits)
    return (
        "optimiser",
        "learning_rate_adamw",
        "learning_rate_sgd",
        "weight_decay",
        "label_smoothing",
        *(f"exit_weight_{depth}" for depth in early_depths),
        "distillation",
        "combination",
        "temperature",
        "gamma",
        *(f"teacher_weight_{depth}" for depth in early_depths),
        "alpha",
        "alpha_schedule",
        "alpha_end",
        "alpha_warmup",
        "margin_weight",
        "margin_weight_schedule",
        "margin_weight_end",
        "margin_weight_until",
    )


def _weights(params: Mapping[str, Any], prefix: str, count: int) -> tuple[float, ...]:
    return tuple(float(params.get(f"{prefix}_{depth}", 1.0)) for depth in range(1, count + 1))


def _one_of(params: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = params.get(name, choices[0])
    if value not in choices:
        raise TrainingError(f"{name} must be one of {', '.join(choices)} but is {value!r}")
    return str(value)


def _schedule(params: Mapping[str, Any], name: str, epochs: int) -> LinearSchedule:
    """``<name>`` alone is constant; with ``<name>_schedule: linear`` it moves to ``<name>_end``.

    ``_warmup`` and ``_until`` are shares of the training; with ``_until`` 1 the last epoch is at the end.
    """
    start = float(params.get(name, 0.0))
    if _one_of(params, f"{name}_schedule", ("constant", "linear")) == "constant":
        return constant(start)
    last = epochs - 1
    warmup = round(float(params.get(f"{name}_warmup", 0.0)) * last)
    until = round(float(params.get(f"{name}_until", 1.0)) * last)
    return LinearSchedule(
        start=start, end=float(params.get(f"{name}_end", start)), until=max(until, warmup + 1), warmup=warmup
    )
