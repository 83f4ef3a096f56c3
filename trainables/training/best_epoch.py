"""Which epoch's network a trial keeps, and when to wait for a better one no longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from trainables.models import MultiExitModel


class BestEpoch:
    """The epoch with the least of one figure so far; of equals the one whose exits are the best together.

    A depth of 1 cannot be undercut: without the second rule the first epoch that comes to it would be kept, however
    little its later exits had learnt by then.

    Args:
        patience: How many epochs without a smaller figure are waited for.
        figure: The key of a report that is minimised.
        quality: What exits are compared by: reports hold it of each as ``<quality>_exit_<depth>``.
        is_maximised: Whether more of that quality is better.
    """

    def __init__(
        self,
        patience: int,
        figure: str = "objective_at_target",
        *,
        quality: str = "accuracy",
        is_maximised: bool = True,
    ) -> None:
        self._patience = patience
        self._figure = figure
        self._quality = quality
        self._sign = -1 if is_maximised else 1
        self._least_since = 0
        self._report: dict[str, Any] | None = None
        self._weights: dict[str, Tensor] = {}

    @property
    def report(self) -> dict[str, Any]:
        """What was reported of the best epoch; empty before the first."""
        return dict(self._report or {})

    @property
    def weights(self) -> dict[str, Tensor]:
        """The network of the best epoch."""
        return self._weights

    def tell(self, report: Mapping[str, Any], network: MultiExitModel) -> bool:
        """Take note of an epoch; True where the training has gone on long enough without a smaller figure."""
        if self._report is None or report[self._figure] < self._report[self._figure]:
            self._least_since = report["epoch"]
        if self._report is None or self._rank(report) < self._rank(self._report):
            self._report = dict(report)
            self._weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        return bool(report["epoch"] - self._least_since >= self._patience)

    def state(self) -> dict[str, Any]:
        """Everything that was noted, for a checkpoint."""
        return {"report": self._report, "weights": self._weights, "least_since": self._least_since}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self._report, self._weights = state["report"], dict(state["weights"])
        self._least_since = state["least_since"]

    def _rank(self, report: Mapping[str, Any]) -> tuple[float, float]:
        qualities = [value for key, value in report.items() if key.startswith(f"{self._quality}_exit_")]
        return report[self._figure], self._sign * sum(qualities)
