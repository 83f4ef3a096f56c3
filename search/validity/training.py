"""The Ray task that trains a full network without early exits, and says what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
import math
from pathlib import Path

import torch

from policies.files.atomic import write_text
from search.run_folder.folder import RunFolder
from search.validity.diagnosis import doubts_of_curve, doubts_of_fit
from search.validity.plan import FullNetworkPlan
from search.validity.verdict import Verdict
from trainables.data import Split
from trainables.export.model_file import save_model
from trainables.tasks.doubts import Certainty, Doubt, most_certain_first
from trainables.training.checkpoints import CheckpointFolder
from trainables.trials.full_network import EpochFigures, FullNetworkTraining, TrainedFullNetwork, quality_of
from trainables.trials.imported_weights import file_hash


# The train split is asked with so many samples at most: a table of all of them may be large.
_MOST_SAMPLES = 1000


def train_full_network(plan: FullNetworkPlan, train: Split, search: Split, folder: RunFolder) -> Verdict:
    """Train to the end, from the newest checkpoint where there is one, write the best epoch's network, and judge it.

    Where training is seen to be pointless it is not begun.

    Args:
        plan: What is trained, and what it must reach.
        train: Weights are fitted on it.
        search: The network is judged on it.
        folder: Folder of the sweep, where files and checkpoints go.

    Raises:
        TrainingError: If a parameter is wrong or the network cannot be built.
        StorageFullError: If there is no room for a checkpoint.
    """
    torch.set_num_threads(plan.spec.n_threads)
    training = FullNetworkTraining(
        plan.spec,
        plan.params,
        train,
        search,
        quality=plan.quality,
        folder=CheckpointFolder(folder.full_network_checkpoints),
    )
    before = plan.spec.task.doubts_before(training.model, train)
    if any(doubt.ends for doubt in before):
        return _verdict(plan, TrainedFullNetwork(None, 0, math.nan, ()), before)
    trained = training.run(partial(_write_curve, folder.full_network_csv))
    if trained.network is not None:
        config = plan.spec.model_config(train, plan.params)
        save_model(folder.full_network_file, trained.network, config)
    after = [] if trained.reached >= plan.least else _doubts_after(plan, trained, train, search)
    model_hash = "" if trained.network is None else file_hash(folder.full_network_file)
    return _verdict(plan, trained, [*before, *after], model_hash)


def _verdict(
    plan: FullNetworkPlan, trained: TrainedFullNetwork, doubts: Sequence[Doubt], model_hash: str = ""
) -> Verdict:
    return Verdict(
        quality=plan.quality,
        least=plan.least,
        reached=trained.reached,
        epoch=trained.epoch,
        epochs=plan.spec.recipe.epochs,
        curve=trained.curve,
        doubts=tuple(most_certain_first(doubts)),
        model_hash=model_hash,
    )


def _doubts_after(plan: FullNetworkPlan, trained: TrainedFullNetwork, train: Split, search: Split) -> list[Doubt]:
    """Why the network does not do what it must: what its curve, its answers and its samples of ``train`` tell.

    Where the curve tells it for certain, the rest only follows from that.
    """
    spec, quality, least = plan.spec, plan.quality, plan.least
    rate = spec.settings(plan.params).learning_rate
    doubts = list(doubts_of_curve(trained.curve, learning_rate=rate, quality=quality, least=least))
    is_certain = any(doubt.certainty is Certainty.CERTAIN for doubt in doubts)
    if trained.network is not None and not is_certain:
        doubts += spec.task.doubts_after(spec.table(trained.network, search, "search"))
        on_train = quality_of(spec.answered_table(trained.network, train.spread(_MOST_SAMPLES)), quality)
        doubts += doubts_of_fit(on_train, trained.reached, quality=quality, least=least)
    return doubts


def _write_curve(path: Path, curve: Sequence[EpochFigures]) -> None:
    """Where the driver looks for progress."""
    rows = [",".join(str(value) for value in asdict(one).values()) for one in curve]
    write_text(path, "\n".join(["epoch,train_loss,quality", *rows, ""]))
