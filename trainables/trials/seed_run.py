"""One training of a trial's configuration: with one seed, epoch by epoch, with a report after each."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
import math
from typing import Any

import numpy as np
from torch import Tensor

from policies.qualities import get_quality
from policies.tables.base import ExitTable
from policies.tables.latency import with_latency
from policies.tasks import get_task
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models.latency import exit_latencies_ms
from trainables.training.best_epoch import BestEpoch
from trainables.training.loop import MultiExitTraining
from trainables.trials.metrics import quick_report
from trainables.trials.spec import TrialSpec


OF_SEED = "_seed_"
"""Between the name of a figure and the seed that it is of."""

_EPOCHS = ("epoch", "best_epoch", "epochs_left")


class SeedRun:
    """Trains with one seed and reports the best quick policy on ``search`` after each epoch.

    Args:
        spec: What all trials have in common.
        training: The training with this seed, not begun yet.
        search: Reports are made on it.
    """

    def __init__(self, spec: TrialSpec, training: MultiExitTraining, search: Split) -> None:
        self.training = training
        self.report: dict[str, Any] = {}
        self._spec = spec
        self._search = search
        self._latency_ms: list[float] | None = None
        patience = spec.recipe.patience
        self._best = _best_epoch(spec, patience) if patience is not None else None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return bool(self.report.get("done"))

    @property
    def kept(self) -> dict[str, Tensor] | None:
        """Weights of the network that is kept, where that is not the trained one as it is."""
        if self._best is not None:
            return self._best.weights
        training = self.training
        return training.network.state_dict() if training.network is not training.model else None

    def step(self) -> None:
        """Train one epoch; the last report is then that of the network that is kept.

        Where there is none to train, the network is reported as it is, with epoch 0 and a loss that is not a number.

        Raises:
            TrainingError: If the loss is not a finite number.
        """
        loss = self._train_epoch() if self._spec.recipe.epochs else math.nan
        epoch = self.training.epoch
        table = self._table()
        state = {"train_loss": loss, "epoch": epoch}
        spec = self._spec
        figures = quick_report(table, task=spec.task, search_target=spec.search_target, rules=spec.rules)
        report = {**figures, **state, "best_epoch": epoch}
        is_over = epoch >= self._spec.recipe.epochs
        if self._best is not None:
            is_over |= self._best.tell(report, self.training.network)
            if is_over:
                report = {**self._best.report, **state}
        left = 0 if is_over else self._spec.recipe.epochs - epoch
        self.report = {**report, "epochs_left": left, "done": is_over}

    def _train_epoch(self) -> float:
        epoch = self.training.epoch + 1
        loss = self.training.train_epoch()
        if not math.isfinite(loss):
            raise TrainingError(f"the loss is {loss} in epoch {epoch}")
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that continues the run exactly, and what it keeps."""
        best = self._best.state() if self._best is not None else None
        return {
            "training": self.training.state(),
            "kept": self.kept,
            "best": best,
            "report": self.report,
            "latency_ms": self._latency_ms,
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.training.load_state(state["training"])
        self.report = dict(state["report"])
        self._latency_ms = state["latency_ms"]
        if self._best is not None:
            self._best.load_state(state["best"])

    def _table(self) -> ExitTable:
        """What the network says on ``search`` now; where latency is minimised, with milliseconds up to each exit.

        They are measured once, on the processor that trains.
        """
        table = self._spec.answered_table(self.training.network, self._search)
        asked = self._spec.search_target
        if asked.objective != "latency" or asked.latency_ms:
            return table
        if self._latency_ms is None:
            network = deepcopy(self.training.network).cpu()
            self._latency_ms = exit_latencies_ms(network, self._search.inputs.shape[1:]).tolist()
        return with_latency(table, np.asarray(self._latency_ms))


def _best_epoch(spec: TrialSpec, patience: int) -> BestEpoch:
    quality = get_task(spec.task.name).quality
    return BestEpoch(patience, quality=quality, is_maximised=get_quality(quality).is_maximised)


def joint_report(runs: Mapping[int, SeedRun], *, n_exits: int) -> dict[str, Any]:
    """One report of a configuration: the means over its seeds, and each seed's own figures beside them.

    Args:
        runs: By seed; those that are over count with their last report.
        n_exits: Number of exits of the network, ``E``; figures of single seeds are kept of the last one only.

    Returns:
        What a run reports; with several seeds also ``<figure>_seed_<seed>`` for all figures but those of exits before
        the last. ``epoch``, ``best_epoch`` and ``epochs_left`` are the largest.
    """
    reports = {seed: run.report for seed, run in runs.items()}
    first = next(iter(reports.values()))
    if len(reports) == 1:
        return dict(first)
    figures = [key for key in first if key not in (*_EPOCHS, "done")]
    joint = {key: sum(report[key] for report in reports.values()) / len(reports) for key in figures}
    kept = [key for key in figures if "_exit_" not in key or key.endswith(f"_exit_{n_exits}")]
    own = {f"{key}{OF_SEED}{seed}": report[key] for seed, report in reports.items() for key in kept}
    largest = {key: max(report[key] for report in reports.values()) for key in _EPOCHS}
    return {**joint, **own, **largest, "done": all(report["done"] for report in reports.values())}
