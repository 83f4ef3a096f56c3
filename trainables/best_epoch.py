"""Which epoch's network a trial keeps, and when to wait for a better one no longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from trainables.models import MultiExitModel


class BestEpoch:
    """The epoch with the least of one figure so far; the earliest of equals.

    Args:
        patience: How many epochs without a better one are waited for.
        figure: The key of a report that is minimised.
    """

    def __init__(self, patience: int, figure: str = "depth_at_target") -> None:
        self._patience = patience
        self._figure = figure
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
        """Take note of an epoch; True where the training has gone on long enough without a better one."""
        if self._report is None or report[self._figure] < self._report[self._figure]:
            self._report = dict(report)
            self._weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        return bool(report["epoch"] - self._report["epoch"] >= self._patience)

    def state(self) -> dict[str, Any]:
        """Everything that was noted, for a checkpoint."""
        return {"report": self._report, "weights": self._weights}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self._report, self._weights = state["report"], dict(state["weights"])
