"""How long and with what safeguards a network is trained: the same for all trials of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from trainables.errors import TrainingError


Frozen = Literal["nothing", "backbone", "full-network"]
"""What of a network stays as it is while it is trained: its ``backbone``, or all that the last exit's answers come of
(``full-network``), so that these stay exactly what they are."""


@dataclass(frozen=True)
class Recipe:
    """What all trials of a sweep share of their training.

    Attributes:
        epochs: Length of the training, for the learning-rate cycle and the schedules; 0 takes networks as they are.
        batch_size: Samples per step; the incomplete last batch of an epoch is left out.
        patience: Stop after so many epochs without a smaller ``objective_at_target``, and keep the network of the best
            epoch; None trains to the end and keeps the last.
        ema_decay: Decay per step of the exponential moving average of the weights, which is then the network that is
            judged; None judges the weights themselves.
        gradient_clip: Largest norm of the gradient; None leaves it alone.
        final_div_factor: The learning rate ends at its first value divided by this.
        n_views: Epochs go through so many fixed augmentations in turn; None draws anew each epoch.
        view_seed: Seed that the fixed augmentations are drawn with; it counts only with ``n_views``.
        deterministic: Whether only deterministic algorithms are used; a network with an operation that has none fails.
        frozen: What of the network is not trained, and computes as it will when it is used.

    Raises:
        TrainingError: If a number is out of range, or there is no such part to freeze.
    """

    epochs: int
    batch_size: int
    patience: int | None = None
    ema_decay: float | None = None
    gradient_clip: float | None = None
    final_div_factor: float = 1e4
    n_views: int | None = None
    view_seed: int = 0
    deterministic: bool = False
    frozen: Frozen = "nothing"

    def __post_init__(self) -> None:
        if not self.epochs >= 0:
            raise TrainingError(f"epochs must not be negative but is {self.epochs}")
        for name in ("batch_size", "patience", "gradient_clip", "final_div_factor", "n_views"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise TrainingError(f"{name} must be positive but is {value}")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise TrainingError(f"ema_decay must lie in (0, 1) but is {self.ema_decay}")
        if self.frozen not in get_args(Frozen):
            raise TrainingError(f"frozen must be one of {', '.join(get_args(Frozen))} but is {self.frozen!r}")
