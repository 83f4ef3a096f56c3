"""How a network that learns when to stop, and bends to its input, is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from trainables.errors import TrainingError
from trainables.recipes.schedules import RAMPS, Ramp


STOPPING_PARAMETERS = (
    "cost_weight",
    "cost_weight_schedule",
    "cost_weight_warmup",
    "cost_weight_until",
    "perturbation_weight",
    "auxiliary_weight",
    "final_exit_weight",
    "learning_rate_alpha",
    "learning_rate_controller",
    "bilevel",
)
"""Names of what counts only for such networks."""

_AUXILIARY_WEIGHT = 0.35
_ARCHITECTURE_RATE = 3e-4


@dataclass(frozen=True)
class StoppingSettings:
    """What a sweep may vary of networks with stop heads.

    Attributes:
        cost_weight: ``lambda``, weight of the expected cost over the epochs.
        perturbation_weight: ``mu``, weight of what the architecture is moved by for an input.
        auxiliary_weight: Weight of the mean cross-entropy of the earlier exits.
        final_exit_weight: Weight of the last exit's own cross-entropy. Without, the last exit learns only as much as it
            is blended in, which is little where samples stop before it.
        learning_rate_alpha: Peak of the learning rate of the global architecture parameters.
        learning_rate_controller: Peak of the learning rate of the controller.
        is_bilevel: Whether architecture parameters and controller are trained on a held-out part of ``train``, in turn
            with the weights on the rest (first-order DARTS; Liu, Simonyan and Yang, ICLR 2019), rather than all
            together on all of it.
    """

    cost_weight: Ramp = field(default_factory=lambda: Ramp(0.0, 0))
    perturbation_weight: float = 0.0
    auxiliary_weight: float = _AUXILIARY_WEIGHT
    final_exit_weight: float = 0.0
    learning_rate_alpha: float = _ARCHITECTURE_RATE
    learning_rate_controller: float = _ARCHITECTURE_RATE
    is_bilevel: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any], *, epochs: int) -> Self:
        """Read a trial's parameters, those of :data:`STOPPING_PARAMETERS`.

        ``cost_weight`` is what the weight rises to. ``cost_weight_warmup`` is the share of the epochs before which it
        is 0, and ``cost_weight_until`` the share after which it has risen.

        Args:
            params: Flat parameters as the space names them; others are not looked at.
            epochs: Length of the training.

        Raises:
            TrainingError: If one is out of range.
        """
        return cls(
            cost_weight=_ramp(params, epochs),
            perturbation_weight=_number(params, "perturbation_weight", 0.0),
            auxiliary_weight=_number(params, "auxiliary_weight", _AUXILIARY_WEIGHT),
            final_exit_weight=_number(params, "final_exit_weight", 0.0),
            learning_rate_alpha=_number(params, "learning_rate_alpha", _ARCHITECTURE_RATE),
            learning_rate_controller=_number(params, "learning_rate_controller", _ARCHITECTURE_RATE),
            is_bilevel=_is_on(params, "bilevel"),
        )

    def learning_rate(self, group: str, weights: float) -> float:
        """The peak of one of a network's parameter groups.

        Args:
            group: Name of the group, as :meth:`trainables.models.base.MultiExitModel.parameter_groups` has it.
            weights: That of the weights, and of groups that are not known here.
        """
        own = {"alpha": self.learning_rate_alpha, "controller": self.learning_rate_controller}
        return own.get(group, weights)


def _ramp(params: Mapping[str, Any], epochs: int) -> Ramp:
    warmup = _share(params, "cost_weight_warmup", 0.0)
    until = _share(params, "cost_weight_until", 1.0)
    if until < warmup:
        raise TrainingError(f"cost_weight_until must not lie before the warm-up, {warmup}, but is {until}")
    first, last = round(warmup * epochs), round(until * epochs)
    form = params.get("cost_weight_schedule", RAMPS[0])
    # The last epoch is at the end.
    return Ramp(_number(params, "cost_weight", 0.0), max(first, min(last, epochs - 1)), warmup=first, form=str(form))


def _share(params: Mapping[str, Any], name: str, default: float) -> float:
    value = _number(params, name, default)
    if value > 1:
        raise TrainingError(f"{name} is a share of the training, at most 1, but is {value}")
    return value


def _is_on(params: Mapping[str, Any], name: str) -> bool:
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise TrainingError(f"{name} must be true or false but is {value!r:.60}")
    return value


def _number(params: Mapping[str, Any], name: str, default: float) -> float:
    value = float(params.get(name, default))
    if not value >= 0:
        raise TrainingError(f"{name} must not be negative but is {value}")
    return value
