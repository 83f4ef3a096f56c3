"""From a trial's flat parameters to how it is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import re
from typing import Any

import torch

from trainables.augmentation.spec_augment import SpecAugment
from trainables.errors import TrainingError
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.labels.positive_weights import POSITIVE_WEIGHTINGS
from trainables.losses.teacher_loss import FORMS, MODES, TAUGHT, TeacherLoss
from trainables.models import MultiExitModel
from trainables.recipes.schedules import LinearSchedule, constant
from trainables.recipes.stopping import STOPPING_PARAMETERS, StoppingSettings


OPTIMISERS = ("adamw", "sgd")
LEARNING_RATE_SCHEDULES = ("one-cycle", "constant")
DISTILLATIONS = ("none", "self", "teachers", "both")
CLASS_WEIGHTINGS = ("none", "balanced")

# What soft labels are exported at unless something else is said.
DEFAULT_KD_TEMPERATURE = 2.0
_SCHEDULED = (
    *("alpha", "alpha_schedule", "alpha_end", "alpha_warmup"),
    *("margin_weight", "margin_weight_schedule", "margin_weight_end", "margin_weight_until"),
)
_BACKBONE = "learning_rate_backbone"
_OF_EARLY_EXIT = re.compile(r"(exit|teacher)_weight_\d+")
_KD_PARAMETERS = (
    "kd_teachers",
    "kd_mode",
    "kd_form",
    "kd_taught",
    "kd_temperature",
    "kd_gamma",
    "kd_beta",
    *(f"kd_{name}" for name in _SCHEDULED),
)


@dataclass(frozen=True)
class TrainingSettings:
    """Everything about training that a sweep may vary.

    Attributes:
        optimiser: ``adamw`` or ``sgd`` with Nesterov momentum; the cycle moves the momentum too, 0.95 to 0.85 and back.
        learning_rate: Peak of the one-cycle schedule, or the constant.
        weight_decay: Weight decay of AdamW, L2 penalty of SGD; not negative.
        loss: The loss of a classifier's exits, without class weights; other tasks read its exit weights.
        alpha: Weight of the last exit as a teacher over the epochs.
        margin_weight: Weight of its margin term over the epochs.
        kd_alpha: Weight of the teachers from outside over the epochs.
        kd_margin_weight: Weight of their margin term over the epochs.
        kd_beta: Weight of their NCKD term.
        spec_augment: How features over mels and time are masked.
        mixup: Parameter of the Beta distribution that shares of mixed samples are drawn from; 0 mixes nothing.
        class_weighting: ``none``, or ``balanced``: every class counts alike, however rare.
        positive_weighting: How samples that have a label count against those that have not, for sets of labels alone:
            ``none`` alike, ``balanced`` as much together, however rare the label, ``capped`` at most five times each.
        learning_rate_schedule: ``one-cycle`` rises to the learning rate and falls again; ``constant`` stays there.
        backbone_learning_rate: Peak of the learning rate of what a network names its backbone; None moves it at that of
            the rest.
        stopping: What concerns networks with stop heads alone.
    """

    optimiser: str
    learning_rate: float
    weight_decay: float
    loss: ExitLoss
    alpha: LinearSchedule
    margin_weight: LinearSchedule
    kd_alpha: LinearSchedule
    kd_margin_weight: LinearSchedule
    kd_beta: float
    spec_augment: SpecAugment = field(default_factory=SpecAugment)
    mixup: float = 0.0
    class_weighting: str = "none"
    positive_weighting: str = "none"
    learning_rate_schedule: str = "one-cycle"
    backbone_learning_rate: float | None = None
    stopping: StoppingSettings = field(default_factory=StoppingSettings)

    @classmethod
    def from_params(
        cls, params: Mapping[str, Any], *, n_exits: int, epochs: int, teachers: Sequence[str] = ()
    ) -> TrainingSettings:
        """Read a trial's parameters; depths in names count from 1.

        Args:
            params: Flat parameters as the space names them. What is left out has a neutral default. What belongs to
                the last exit as a teacher only counts with ``distillation: self`` or ``both``, and what belongs to
                teachers from outside, all ``kd_...``, with ``teachers`` or ``both``.
            n_exits: Number of exits of the network, ``E``.
            epochs: Length of the training, for the schedules.
            teachers: Names of the teachers from outside, in their order.

        Raises:
            TrainingError: If a parameter is unknown or out of range, or teachers are asked for where there are none.
        """
        known = known_parameters(n_exits, teachers)
        unknown = sorted(set(params) - set(known))
        if unknown:
            raise TrainingError(f"unknown training parameter {unknown[0]!r}; known are {', '.join(known)}")
        optimiser = _one_of(params, "optimiser", OPTIMISERS)
        distillation = _one_of(params, "distillation", DISTILLATIONS)
        distils, is_taught = distillation in {"self", "both"}, distillation in {"teachers", "both"}
        if is_taught and not teachers:
            raise TrainingError(f"distillation {distillation!r} needs teachers but the sweep names none under teachers")
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
                teachers=_teacher_loss(params, teachers) if is_taught else None,
            ),
            alpha=_schedule(params, "alpha", epochs) if distils else constant(0.0),
            margin_weight=_schedule(params, "margin_weight", epochs) if distils else constant(0.0),
            kd_alpha=_schedule(params, "kd_alpha", epochs) if is_taught else constant(0.0),
            kd_margin_weight=_schedule(params, "kd_margin_weight", epochs) if is_taught else constant(0.0),
            kd_beta=float(params.get("kd_beta", 0.0)) if is_taught else 0.0,
            spec_augment=SpecAugment(
                probability=float(params.get("spec_augment", 0.0)),
                bands=round(params.get("spec_augment_bands", SpecAugment.bands)),
                frames=round(params.get("spec_augment_frames", SpecAugment.frames)),
            ),
            mixup=_not_negative(params, "mixup"),
            class_weighting=_one_of(params, "class_weighting", CLASS_WEIGHTINGS),
            positive_weighting=_one_of(params, "positive_weighting", POSITIVE_WEIGHTINGS),
            learning_rate_schedule=_one_of(params, "learning_rate_schedule", LEARNING_RATE_SCHEDULES),
            backbone_learning_rate=_not_negative(params, _BACKBONE) if _BACKBONE in params else None,
            stopping=StoppingSettings.from_params(params, epochs=epochs),
        )

    def loss_weights(self, epoch: int) -> LossWeights:
        """How much each part of the loss counts in the epoch with this index, counted from 0."""
        return LossWeights(
            alpha=self.alpha.at(epoch),
            margin=self.margin_weight.at(epoch),
            kd_alpha=self.kd_alpha.at(epoch),
            kd_beta=self.kd_beta,
            kd_margin=self.kd_margin_weight.at(epoch),
            cost=self.stopping.cost_weight.at(epoch),
            perturbation=self.stopping.perturbation_weight,
        )

    def build_optimiser(self, model: MultiExitModel) -> torch.optim.Optimizer:
        """The optimiser over all weights of a network, each of its parameter groups at its own rate."""
        groups = [
            {"params": parameters, "lr": self._learning_rate(name)}
            for name, parameters in model.parameter_groups().items()
            if parameters
        ]
        if self.optimiser == "adamw":
            return torch.optim.AdamW(groups, weight_decay=self.weight_decay)
        return torch.optim.SGD(groups, weight_decay=self.weight_decay, momentum=0.9, nesterov=True)

    def _learning_rate(self, group: str) -> float:
        """The peak of one of a network's parameter groups."""
        if group == "backbone" and self.backbone_learning_rate is not None:
            return self.backbone_learning_rate
        return self.stopping.learning_rate(group, self.learning_rate)

    def build_scheduler(
        self, optimiser: torch.optim.Optimizer, *, n_steps: int, final_div_factor: float
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """One learning-rate cycle over all ``n_steps`` batches (Smith and Topin, 2019), unless it is to be constant.

        The cycle ends at its first value divided by ``final_div_factor``. Without a batch there is none.
        """
        if self.learning_rate_schedule == "constant" or not n_steps:
            return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
        rates = [group["lr"] for group in optimiser.param_groups]
        return torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_lr=rates, total_steps=n_steps, final_div_factor=final_div_factor
        )


def known_parameters(n_exits: int, teachers: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of all parameters that a network with ``n_exits`` exits can be trained with, and these teachers."""
    early_depths: Iterable[int] = range(1, n_exits)
    return (
        "optimiser",
        "learning_rate_adamw",
        "learning_rate_sgd",
        _BACKBONE,
        "learning_rate_schedule",
        "weight_decay",
        "label_smoothing",
        "spec_augment",
        "spec_augment_bands",
        "spec_augment_frames",
        "mixup",
        "class_weighting",
        "positive_weighting",
        *STOPPING_PARAMETERS,
        *(f"exit_weight_{depth}" for depth in early_depths),
        "distillation",
        "combination",
        "temperature",
        "gamma",
        *(f"teacher_weight_{depth}" for depth in early_depths),
        *_SCHEDULED,
        *(_KD_PARAMETERS if teachers else ()),
        *(f"kd_weight_{name}" for name in teachers),
    )


def without_early_exits(params: Mapping[str, Any]) -> dict[str, Any]:
    """What of a trial's parameters applies to a network whose only exit is the last one.

    Weights of earlier exits are left out, and nothing is taught by the last exit; teachers from outside stay.
    """
    kept = {name: value for name, value in params.items() if not _OF_EARLY_EXIT.fullmatch(name)}
    if "distillation" in kept:
        kept["distillation"] = {"self": "none", "both": "teachers"}.get(kept["distillation"], kept["distillation"])
    return kept


def _teacher_loss(params: Mapping[str, Any], teachers: Sequence[str]) -> TeacherLoss:
    chosen = str(params.get("kd_teachers", "+".join(teachers))).split("+")
    unknown = sorted(set(chosen) - set(teachers))
    if unknown:
        raise TrainingError(f"kd_teachers must be among {', '.join(teachers)}, joined by +, but names {unknown[0]!r}")
    return TeacherLoss(
        weights=tuple(float(params.get(f"kd_weight_{name}", 1.0)) if name in chosen else 0.0 for name in teachers),
        mode=_one_of(params, "kd_mode", MODES),
        form=_one_of(params, "kd_form", FORMS),
        temperature=float(params.get("kd_temperature", DEFAULT_KD_TEMPERATURE)),
        gamma=float(params.get("kd_gamma", 0.0)),
        taught=_one_of(params, "kd_taught", TAUGHT),
    )


def _weights(params: Mapping[str, Any], prefix: str, count: int) -> tuple[float, ...]:
    return tuple(float(params.get(f"{prefix}_{depth}", 1.0)) for depth in range(1, count + 1))


def _one_of(params: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = params.get(name, choices[0])
    if value not in choices:
        raise TrainingError(f"{name} must be one of {', '.join(choices)} but is {value!r}")
    return str(value)


def _not_negative(params: Mapping[str, Any], name: str) -> float:
    value = float(params.get(name, 0.0))
    if not value >= 0:
        raise TrainingError(f"{name} must not be negative but is {value}")
    return value


def _schedule(params: Mapping[str, Any], name: str, epochs: int) -> LinearSchedule:
    """``<name>`` alone is constant; with ``<name>_schedule: linear`` it moves to ``<name>_end``.

    ``_warmup`` and ``_until`` are shares of the training; with ``_until`` 1 the last epoch is at the end.
    """
    start = float(params.get(name, 0.0))
    if _one_of(params, f"{name}_schedule", ("constant", "linear")) == "constant":
        return constant(start)
    last = max(epochs - 1, 0)
    warmup = round(float(params.get(f"{name}_warmup", 0.0)) * last)
    until = round(float(params.get(f"{name}_until", 1.0)) * last)
    return LinearSchedule(
        start=start, end=float(params.get(f"{name}_end", start)), until=max(until, warmup + 1), warmup=warmup
    )
