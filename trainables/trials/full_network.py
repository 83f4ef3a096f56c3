"""Training a network without its early exits: one configuration, the epoch of the best quality, with checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
import math
from typing import Any

import numpy as np

from policies.errors import ExitTableError
from policies.judging.judged import Judged
from policies.levels.seen import Seen
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.tables.base import ExitTable
from policies.tasks import get_task
from trainables.data import Split
from trainables.models import MultiExitModel
from trainables.training.best_epoch import BestEpoch
from trainables.training.checkpoints import CheckpointFolder, read_state, write_state
from trainables.training.determinism import deterministic_operations
from trainables.training.loop import MultiExitTraining
from trainables.trials.spec import TrialSpec


_LACK = "lack"


@dataclass(frozen=True)
class EpochFigures:
    """What is known after an epoch.

    Attributes:
        epoch: Counted from 1.
        train_loss: Mean loss of the epoch; not finite where the training diverged, which ends it: in its loss, or in
            what the network says after it.
        quality: Of the network on ``search``; NaN where the training diverged.
    """

    epoch: int
    train_loss: float
    quality: float


OnEpoch = Callable[[Sequence[EpochFigures]], None]
"""Takes the figures of all epochs so far."""


@dataclass(frozen=True)
class TrainedFullNetwork:
    """A network without early exits after its training.

    Attributes:
        network: Of the best epoch, on the CPU, in evaluation mode; None where the first epoch diverged.
        epoch: The epoch that the network is of, counted from 1; 0 where there is none.
        reached: Its quality on ``search``; NaN where there is none.
        curve: Every epoch, the first one first.
    """

    network: MultiExitModel | None
    epoch: int
    reached: float
    curve: tuple[EpochFigures, ...]


class FullNetworkTraining:
    """Trains and keeps the epoch of the best quality; goes on from the newest checkpoint where there is one.

    Args:
        spec: Which network, with one exit, and how long; with its patience it may end earlier.
        params: Training parameters by name, as a trial has them.
        train: Weights are fitted on it.
        search: The split that the best epoch is chosen on.
        quality: Name of the quality that epochs are compared by; more of it is better.
        folder: Where a checkpoint is kept after each epoch.

    Raises:
        TrainingError: If a parameter is wrong or the network cannot be built.
    """

    def __init__(
        self,
        spec: TrialSpec,
        params: Mapping[str, Any],
        train: Split,
        search: Split,
        *,
        quality: str,
        folder: CheckpointFolder,
    ) -> None:
        self._spec, self._search, self._quality, self._folder = spec, search, quality, folder
        self._training: MultiExitTraining = spec.training(params, train)
        self._best = BestEpoch(spec.recipe.patience or spec.recipe.epochs, _LACK, quality=quality)
        self._curve: list[EpochFigures] = []
        self._is_over = False
        state = folder.newest(read_state)
        if state is not None:
            self._load_state(state)

    @property
    def model(self) -> MultiExitModel:
        """The network that is trained, as it is now."""
        return self._training.model

    def run(self, on_epoch: OnEpoch = lambda curve: None) -> TrainedFullNetwork:
        """Train to the end.

        Args:
            on_epoch: Told of all epochs after each, and at the beginning of those that checkpoints know.

        Raises:
            StorageFullError: If there is no room for a checkpoint.
        """
        on_epoch(self._curve)
        while not self._is_over:
            self._step()
            self._folder.save(self._training.epoch, lambda path: write_state(path, self._state()))
            on_epoch(self._curve)
        kept = self._best.report
        if not kept:
            return TrainedFullNetwork(None, 0, math.nan, tuple(self._curve))
        network = self.model.cpu()
        network.load_state_dict(self._best.weights)
        return TrainedFullNetwork(network.eval(), kept["epoch"], -kept[_LACK], tuple(self._curve))

    def _step(self) -> None:
        training, recipe = self._training, self._spec.recipe
        with deterministic_operations(enabled=recipe.deterministic):
            loss = training.train_epoch()
        table = self._table() if math.isfinite(loss) else None
        if table is None:
            # What the last step of an epoch spoils is in no loss yet.
            self._curve.append(EpochFigures(training.epoch, math.nan if math.isfinite(loss) else loss, math.nan))
            self._is_over = True
            return
        figures = EpochFigures(training.epoch, loss, quality_of(table, self._quality))
        self._curve.append(figures)
        report = {"epoch": figures.epoch, _LACK: -figures.quality}
        self._is_over = self._best.tell(report, training.network) or training.epoch >= recipe.epochs

    def _table(self) -> ExitTable | None:
        """What the network says on ``search`` now; None where some of it is no number.

        That is all that can be wrong: of a few samples there was a table before anything was trained.
        """
        try:
            return self._spec.answered_table(self._training.network, self._search)
        except ExitTableError:
            return None

    def _state(self) -> dict[str, Any]:
        return {
            "training": self._training.state(),
            "best": self._best.state(),
            "curve": [asdict(one) for one in self._curve],
            "is_over": self._is_over,
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self._training.load_state(state["training"])
        self._best.load_state(state["best"])
        self._curve = [EpochFigures(**one) for one in state["curve"]]
        self._is_over = state["is_over"]


def quality_of(table: ExitTable, quality: str) -> float:
    """What a quality says of the last exit's answers about all samples of a table, or about all of its parents."""
    rule, seen = get_rule(get_task(table.task).baseline_rule), Seen.of(table, np.ones(table.n_exits))
    params = {key: values[0] for key, values in rule.choices(seen.table).items()}
    view = seen.lift(rule.view(seen.table, seen.temperatures, **params))
    last = np.full((1, table.n_samples), table.n_exits - 1)
    return float(Judged(view, table.truth).values(get_quality(quality), last)[0])
