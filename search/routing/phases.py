"""Training phases from the detector of a finished sweep, and what their policies do on ``search``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from policies.metrics.collapse import CollapseAlarm
from policies.metrics.policy import spent_figures
from policies.policy import Policy
from policies.qualities import get_quality
from policies.tables.base import Truth
from policies.tables.detection import DetectionTable
from policies.views.view import RuleView
from search.errors import ConfigError
from search.export.finished_sweep import FinishedSweep
from trainables.data import Split, Splits
from trainables.export.bundle.writing import StoredNetwork
from trainables.models.detection.matching import match_anchors
from trainables.models.detection.model import DetectorModel
from trainables.routing.alarms import routing_alarms
from trainables.routing.image_losses import ImageLosses
from trainables.routing.policy import routed_policy
from trainables.routing.presets import Phase
from trainables.routing.training import TrainedRouting, require_exits, train_routing
from trainables.routing.unmatched import match_in_order
from trainables.tasks import get_training_task
from trainables.workloads import get_workload


TASK = "detection"
QUALITY = "map_50"


@dataclass(frozen=True, kw_only=True)
class RoutingOptions:
    """How much of a phase is made again.

    Attributes:
        epochs: Number of epochs, in place of the notes' twenty.
        n_images: Most images of ``train``.
        seed: Seed of the choice of images, of their order and of all that is drawn.
        has_new_heads: Whether heads begin anew.
        is_matched: Whether anchors are matched to objects by overlap; if not, in the order of the objects, as in the
            notes.
    """

    epochs: int = 3
    n_images: int = 96
    seed: int = 0
    has_new_heads: bool = False
    is_matched: bool = True


@dataclass(frozen=True)
class RoutedPhase:
    """A phase that was made again; all figures are on ``search``.

    Attributes:
        phase: What was tried, and what the notes had.
        trained: The detector with its router.
        policy: The router as a policy.
        quality: mAP@.5 of the boxes at the exits that were taken.
        exit_qualities: The same of each exit alone, length E; the last is the phase's full network.
        confidences: Mean score that the policy decides by at each exit, length E.
        spent: Cost, depth, exit mix and, where times are known, milliseconds; see
            :func:`~policies.metrics.policy.spent_figures`.
        alarms: What is wrong, the most important first.
    """

    phase: Phase
    trained: TrainedRouting
    policy: Policy
    quality: float
    exit_qualities: tuple[float, ...]
    confidences: tuple[float, ...]
    spent: dict[str, Any]
    alarms: tuple[CollapseAlarm, ...]

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Temperature of the confidence of each exit, length E."""
        return tuple(self.policy.params["confidence_temperatures"])


@dataclass(frozen=True)
class RoutedSweep:
    """A finished sweep whose detector is routed.

    Attributes:
        sweep: What the sweep left.
        network: Its selected network, whose model is a detector.
        model: That detector.
        table: What it finds on ``search``.
        splits: The sweep's data.
    """

    sweep: FinishedSweep
    network: StoredNetwork
    model: DetectorModel
    table: DetectionTable
    splits: Splits

    @classmethod
    def of(cls, run: Path, data_dir: Path | None = None) -> RoutedSweep:
        """The sweep of a folder.

        Args:
            run: Folder of the finished sweep.
            data_dir: Where its data are now, if elsewhere than the sweep read them.

        Raises:
            ExitSearchError: If the sweep is not finished or not one of a detector with early exits, or its network, its
                table or its data are missing, damaged or others.
        """
        sweep = FinishedSweep.load(run)
        task = get_workload(sweep.config.workload).task
        if task != TASK:
            raise ConfigError(
                f"{run}: routing is for sweeps of task {TASK!r} but this one is of {task!r}; name the folder of another"
            )
        network, table = sweep.network(), cast(DetectionTable, sweep.table("search"))
        model = cast(DetectorModel, network.model)
        require_exits(model)
        return cls(sweep, network, model, table, sweep.splits(data_dir))

    @property
    def full_quality(self) -> float:
        """The mAP@.5 of the sweep's own full network on ``search``."""
        return exit_qualities(self.table.exit_answers, self.table.truth)[-1]

    def phases(self, phases: Sequence[Phase], options: RoutingOptions) -> Iterator[RoutedPhase]:
        """Make phases again, each from the sweep's detector, one after the other.

        Raises:
            TrainingError: If there are too few images, or a training diverges.
        """
        train = some_images(self.splits.train, options.n_images, seed=options.seed)
        matching = match_anchors if options.is_matched else match_in_order
        for phase in phases:
            trained = train_routing(
                self.model,
                train,
                phase.settings.shortened(options.epochs),
                ImageLosses(self.model.anchors, matching),
                seed=options.seed,
                has_new_heads=options.has_new_heads,
            )
            yield judged(phase, trained, self._table(trained.model))

    def _table(self, model: DetectorModel) -> DetectionTable:
        """What a detector of the same shape finds on ``search``."""
        return cast(DetectionTable, get_training_task(TASK).table(model, self.splits.search, dict(self.table.meta)))


def judged(phase: Phase, trained: TrainedRouting, table: DetectionTable) -> RoutedPhase:
    """What a phase came to.

    Args:
        phase: What was tried.
        trained: The detector with its router.
        table: What that detector finds.
    """
    policy = routed_policy(trained.router, table)
    view = policy.view(table)
    decision = policy.decide_on(view)
    qualities = exit_qualities(view.answers, table.truth)
    return RoutedPhase(
        phase=phase,
        trained=trained,
        policy=policy,
        quality=float(get_quality(QUALITY).values(view, table.truth, decision.exits[None])[0]),
        exit_qualities=qualities,
        confidences=tuple(view.scores[:, :, 0].mean(axis=0).tolist()),
        spent=spent_figures(table, decision),
        alarms=routing_alarms(table, decision, policy, trained.router.settings, full_quality=qualities[-1]),
    )


def exit_qualities(answers: NDArray[Any], truth: Truth) -> tuple[float, ...]:
    """The mAP@.5 of each exit alone, for boxes of shape (N, E, D, 6); length E."""
    n_samples, n_exits = answers.shape[:2]
    view = RuleView(np.zeros((n_samples, n_exits, 1)), np.ones((n_samples, n_exits), dtype=np.bool_), answers)
    alone = np.repeat(np.arange(n_exits)[:, None], n_samples, axis=1)
    return tuple(get_quality(QUALITY).values(view, truth, alone).tolist())


def some_images(split: Split, n_images: int, *, seed: int) -> Split:
    """At most so many samples of a split, drawn by a seed and in the split's order."""
    return split.take(np.sort(np.random.default_rng(seed).permutation(len(split.ids))[:n_images]))
