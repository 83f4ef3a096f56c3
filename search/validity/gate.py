"""The first step of a sweep that asks for it: the full network must be worth giving exits to."""

from __future__ import annotations

import math
from pathlib import Path
import time
from typing import Any

import ray

from policies.errors import ExitSearchError
from search.cluster.trial_task import stop_tasks, trial_task
from search.errors import RunFolderError, SweepError, SweepInterruptedError, ValidityError
from search.inputs import SweepInputs
from search.messages import OnMessage, silent
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.result_files import write_json
from search.validity.message import announced, failed, passed, progress, reason
from search.validity.plan import FullNetworkPlan, starting_from
from search.validity.training import train_full_network
from search.validity.verdict import Verdict
from trainables.errors import StorageFullError
from trainables.models.exits.tracing import first_line
from trainables.training.checkpoints import FULL_DISK
from trainables.trials.full_network import EpochFigures
from trainables.trials.imported_weights import file_hash


EVENT = "validity"
"""The event of a sweep's journal with what the gate found."""

# Seconds between two looks at how far the training is; of quick epochs only some are told.
_LOOK = 2.0


def pass_gate(
    inputs: SweepInputs, folder: RunFolder, journal: Journal, *, on_message: OnMessage = silent
) -> SweepInputs:
    """Train the full network without early exits, and let the sweep go on where it is good enough.

    What was trained and judged before is not trained again: the journal holds the verdict, and until there is one a
    training goes on from its newest checkpoint.

    Args:
        inputs: The sweep on its data.
        folder: Folder of the sweep, where files and checkpoints go; all nodes must see it.
        journal: Journal of the sweep; the verdict is added to it.
        on_message: Takes lines on progress and verdict.

    Returns:
        The sweep with trials that start from the full network; as it was given where there is no such stage.

    Raises:
        ValidityError: If the network does not pass; ``validity.json`` says why.
        SweepError: If it cannot be trained at all.
        SweepInterruptedError: If the disk is full, or the worker was lost too often.
        RunFolderError: If the network's file has changed since it was judged.
    """
    plan = FullNetworkPlan.of(inputs)
    if plan is None:
        return inputs
    verdict = stored_verdict(journal)
    if verdict is None:
        on_message(announced(plan))
        verdict = _train(plan, inputs, folder, on_message)
        journal.append(EVENT, **verdict.to_dict())
    write_json(folder.validity_file, {**verdict.to_dict(), "message": failed(verdict) if not verdict.passed else []})
    for line in passed(verdict) if verdict.passed else failed(verdict):
        on_message(line)
    if not verdict.passed:
        raise ValidityError(f"{reason(verdict)}; nothing downstream is run (report: {folder.validity_file})")
    _require_unchanged(folder.full_network_file, verdict)
    return starting_from(inputs, folder.full_network_file)


def stored_verdict(journal: Journal) -> Verdict | None:
    """What the gate found in an earlier session of the sweep; None where it found nothing yet.

    Raises:
        RunFolderError: If the journal tells what no gate could have found.
    """
    try:
        return next((Verdict.from_dict(event) for event in journal.events if event["event"] == EVENT), None)
    except (KeyError, TypeError, ValueError):
        raise RunFolderError(
            f"{journal.path}: what the validity gate found is damaged, so the sweep cannot be resumed; start a new one"
        ) from None


def _train(plan: FullNetworkPlan, inputs: SweepInputs, folder: RunFolder, on_message: OnMessage) -> Verdict:
    train, search = ray.put(inputs.splits.train), ray.put(inputs.splits.search)
    answer = trial_task(train_full_network, inputs.config.resources).remote(plan, train, search, folder)
    try:
        _show_until(answer, plan, folder.full_network_csv, on_message)
        verdict: Verdict = ray.get(answer)
    except ray.exceptions.RayTaskError as error:
        raise _told(error.cause, folder.name) from None
    except ray.exceptions.RayError as error:
        raise SweepInterruptedError(
            f"the sweep was stopped before its first trial, since the worker of the full network was lost "
            f"({first_line(error)}); continue it with --resume --name {folder.name}"
        ) from None
    except BaseException:
        stop_tasks([answer])
        raise
    return verdict


def _show_until(answer: Any, plan: FullNetworkPlan, curve: Path, on_message: OnMessage) -> None:
    """Tell of the newest epoch now and then until the task has ended."""
    told, since = 0, time.monotonic()
    while not ray.wait([answer], timeout=_LOOK)[0]:
        newest = _newest(curve)
        if newest is not None and newest.epoch > told:
            told = newest.epoch
            on_message(f"{progress(newest, plan)} ({time.monotonic() - since:.0f} s)")


def _newest(curve: Path) -> EpochFigures | None:
    """The last epoch in a file of the curve; None where there is none yet."""
    try:
        last = curve.read_text().splitlines()[-1].split(",")
        return EpochFigures(int(last[0]), float(last[1]), float(last[2]))
    except (OSError, ValueError, IndexError):
        return None


def _told(cause: Exception, sweep: str) -> ExitSearchError:
    """What a person is told of a task that failed."""
    if isinstance(cause, StorageFullError) or (isinstance(cause, OSError) and cause.errno in FULL_DISK):
        return SweepInterruptedError.unwritable("before its first trial", first_line(cause), sweep)
    return SweepError(f"the full network cannot be trained ({first_line(cause)}); change it under full_network")


def _require_unchanged(path: Path, verdict: Verdict) -> None:
    if not path.is_file() or file_hash(path) != verdict.model_hash:
        raise RunFolderError(
            f"{path} must be the network that passed the validity gate but is gone or has changed since; put it back, "
            f"or start a new sweep"
        )


def validity_told(journal: Journal) -> dict[str, Any]:
    """The field of a :class:`~search.run_folder.summary.Summary` that tells of a network that passed; else nothing."""
    verdict = stored_verdict(journal)
    return {} if verdict is None else {"validity": verdict.summary}


def validity_figures(journal: Journal) -> dict[str, float]:
    """What MLflow is told of the network: ``full_network_<quality>``, where there is a value, and its epoch."""
    verdict = stored_verdict(journal)
    if verdict is None:
        return {}
    own = {f"full_network_{verdict.quality}": verdict.reached, "full_network_epoch": float(verdict.epoch)}
    return {key: value for key, value in own.items() if math.isfinite(value)}
