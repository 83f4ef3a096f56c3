"""An architecture that adapts to its input, with exits that are trained to stop: what its loss and network weigh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.base import Asker, Space
from spaces.dimensions import Choice, Dimension, Number


class DartsSpace(Space):
    """Conditional: what concerns perturbations of the architecture is asked only where the network adapts to inputs.

    ``cost_weight`` is the weight of the expected cost in the loss at the end of its ramp (lambda), which begins after
    the share ``cost_weight_warmup`` of the training and ends at the share ``cost_weight_until``;
    ``perturbation_weight`` is that of the squared perturbation (mu), ``auxiliary_weight`` that of the mean loss of the
    earlier exits and ``final_exit_weight`` that of the last exit's own. ``learning_rate_adamw`` is of the weights, the
    two others of the architecture's own parameters and of the controller that perturbs them; with ``bilevel`` these
    learn from a part of the training split that the weights do not see.
    """

    name: ClassVar[str] = "darts"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; teachers are not asked."""
        return {
            "width": Choice((16, 32, 64), is_open=True),
            "network_nodes_per_exit": Choice((1, 2), is_open=True),
            "network_mixing_temperature": Number(0.5, 2.0, log=True),
            "network_adaptive": Choice((True, False)),
            "learning_rate_adamw": Number(1e-3, 1e-2, log=True),
            "learning_rate_alpha": Number(1e-4, 1e-3, log=True),
            "learning_rate_controller": Number(1e-4, 1e-3, log=True),
            "learning_rate_schedule": Choice(("one-cycle", "constant")),
            "weight_decay": Number(1e-5, 1e-2, log=True),
            "label_smoothing": Number(0.0, 0.1),
            "bilevel": Choice((False, True)),
            "auxiliary_weight": Number(0.1, 1.0),
            "final_exit_weight": Number(0.0, 1.0),
            "cost_weight": Number(1e-3, 1e-1, log=True),
            "cost_weight_schedule": Choice(("linear", "cosine")),
            "cost_weight_warmup": Number(0.0, 0.5),
            "cost_weight_until": Number(0.5, 1.0),
            "perturbation_weight": Number(1e-4, 1e-2, log=True),
        }

    def walk(self, ask: Asker) -> None:
        """Ask for the network and its learning, and, where there is an earlier exit, for what leaving is worth."""
        for name in ("width", "network_nodes_per_exit", "network_mixing_temperature"):
            ask(name)
        if ask("network_adaptive"):
            ask("perturbation_weight")
            ask("learning_rate_controller")
        for name in ("adamw", "alpha", "schedule"):
            ask(f"learning_rate_{name}")
        for name in ("weight_decay", "label_smoothing", "bilevel"):
            ask(name)
        if self.n_exits > 1:
            ask("auxiliary_weight")
            ask("final_exit_weight")
            for name in ("", "_schedule", "_warmup", "_until"):
                ask(f"cost_weight{name}")
