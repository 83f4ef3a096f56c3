"""What a Ray worker does after the last trial: tabulate one checkpoint and search its policies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import warnings

import pandas as pd
import torch

from policies.calibrate import CalibrationWarning, fit_temperatures
from policies.evolve import EvolveSettings, evolve_front
from policies.exit_table import ExitTable, require_disjoint
from policies.front import merge_fronts
from trainables.data import Split
from trainables.multi_exit import TrialTask, load_model


@dataclass(frozen=True)
class CheckpointPolicies:
    """The policies of one network.

    Attributes:
        search: Its table on ``search``, on which the policies were chosen.
        certify: Its table on ``certify``.
        front: Its front over all rules, as :func:`~policies.evolve.evolve_front` gives it.
        notes: Warnings for a person.
    """

    search: ExitTable
    certify: ExitTable
    front: pd.DataFrame
    notes: tuple[str, ...]


def search_checkpoint(
    checkpoint: Path,
    task: TrialTask,
    train: Split,
    search: Split,
    certify: Split,
    *,
    target: float,
    rules: list[str],
    settings: EvolveSettings,
    seed: int,
) -> CheckpointPolicies:
    """Tabulate a checkpoint's network on ``search`` and ``certify``, and search policies on ``search`` alone.

    Args:
        checkpoint: Folder of the checkpoint.
        task: What it trained.
        train: For the shape of the samples.
        search: On which policies are chosen.
        certify: Only tabulated here.
        target: Least accuracy.
        rules: Names of the rules to search.
        settings: How hard to search.
        seed: Of the evolutionary search.
    """
    torch.set_num_threads(task.n_threads)
    model = load_model(checkpoint, task, train)
    search_table = task.table(model, search, "search")
    certify_table = task.table(model, certify, "certify")
    require_disjoint({"search": search_table, "certify": certify_table})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CalibrationWarning)
        temperatures = fit_temperatures(search_table)
    fronts = [
        evolve_front(search_table, temperatures, target=target, rule=rule, settings=settings, seed=seed)
        for rule in rules
    ]
    return CheckpointPolicies(
        search=search_table,
        certify=certify_table,
        front=merge_fronts(fronts, target=target, front_size=settings.front_size),
        notes=tuple(str(warning.message) for warning in caught),
    )
