"""A sweep from beginning to end: train trials, search policies, certify, choose, then read ``test``."""

from __future__ import annotations

from dataclasses import replace
import json
import time
from typing import Any

from rich.console import Console
from safetensors.torch import save_file

from policies.claims import Claim
from policies.exit_table import ExitTable
from search.callbacks import observing
from search.cluster import concurrent_trials, connected
from search.config import SweepConfig
from search.environment import describe_environment
from search.errors import SweepError, SweepInterruptedError
from search.figures import FrontFigure
from search.progress import TrialProgress
from search.report import print_summary
from search.result_files import write_json
from search.results import write_results
from search.run_folder import RunFolder
from search.selection import Selection, select_policy
from search.summary import build_summary
from search.tracking import Tracker
from search.trial_policies import search_trials
from search.trials import TrialOutcome, best_trials, collect_trials, trial_points
from search.tuner import build_task, build_tuner
from trainables.data import Splits
from trainables.multi_exit import TrialTask, load_model
from trainables.workloads import get_workload


def load_splits(config: SweepConfig) -> Splits:
    """Read the workload's data and split it.

    Raises:
        DataError: If files are missing or damaged.
    """
    return get_workload(config.workload).load(config.data_dir, config.splits.fractions(), split_seed=config.splits.seed)


def run_sweep(
    config: SweepConfig, folder: RunFolder, splits: Splits, *, address: str | None, console: Console
) -> dict[str, Any]:
    """Run a sweep, or what is left of it, and write all of its files.

    Args:
        config: Resolved, with its name.
        folder: Where the files go; what it holds already is continued.
        splits: The data.
        address: Of a Ray cluster, or None.
        console: Where to print.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        SweepError: If no trial finished.
        SweepInterruptedError: If it was stopped before its last trial.
    """
    started = time.monotonic() - _seconds_before(folder)
    write_json(folder.environment_file, describe_environment(config, splits))
    tracker = Tracker(config.tracking_uri, config.tracking.experiment, folder)
    tracker.start(_tracked_params(config))
    task = build_task(config, splits)
    try:
        with connected(config.resources, address) as where:
            console.print(f"Sweep {folder.name} on {where}", highlight=False, soft_wrap=True)
            console.print(f"Target {config.target:g}; with the margin for a certificate, trials aim at {task.aim:.4f}")
            outcomes = _train(config, folder, task, splits, tracker, console)
            selection = _select(config, folder, task, splits, outcomes, console)
        summary = _report(config, folder, task, splits, selection, outcomes, seconds=time.monotonic() - started)
    except BaseException:
        tracker.abandon()
        raise
    _track(tracker, folder, summary, selection)
    print_summary(console, summary, folder, tracking_uri=tracker.uri)
    return summary


def _seconds_before(folder: RunFolder) -> float:
    """What the sweep took already, where it was finished once."""
    try:
        return float(json.loads(folder.summary_file.read_text())["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _train(
    config: SweepConfig, folder: RunFolder, task: TrialTask, splits: Splits, tracker: Tracker, console: Console
) -> list[TrialOutcome]:
    n_trials = config.search.trials
    with (
        TrialProgress(console, n_trials=n_trials, aim=task.aim) as progress,
        observing(tracker, progress) as callback,
    ):
        concurrent = concurrent_trials(config.resources)
        grid = build_tuner(config, folder, task, splits, callback, concurrent=concurrent).fit()
    outcomes = collect_trials(grid, epochs=config.training.epochs)
    n_ended = sum(trial.has_ended for trial in outcomes)
    if n_ended < n_trials:
        raise SweepInterruptedError(
            f"the sweep was interrupted after {n_ended} of {n_trials} trials; continue it with "
            f"--resume --name {folder.name}"
        )
    return outcomes


def _select(
    config: SweepConfig,
    folder: RunFolder,
    task: TrialTask,
    splits: Splits,
    outcomes: list[TrialOutcome],
    console: Console,
) -> Selection:
    trials = best_trials(outcomes, config.policy.best_trials)
    if not trials:
        reason = next((trial.failure for trial in outcomes if trial.failure), "none was trained to its last epoch")
        raise SweepError(f"none of the {len(outcomes)} trials finished; the first reason is: {reason}")
    console.print(f"Searching policies on the tables of the best {len(trials)} trials", highlight=False)
    networks = search_trials(trials, task, splits, config)
    for network in networks:
        network.search.save(folder.table(network.network, "search"))
        if network.certify is not None:
            network.certify.save(folder.table(network.network, "certify"))
        for note in network.notes:
            console.print(f"Note: trial {network.network}: {note}", soft_wrap=True, highlight=False)
    return select_policy(
        networks,
        config.goal(),
        aim=replace(config.goal(), target=task.aim),
        claim=Claim(target=config.target),
        delta=config.delta,
        front_size=config.policy.front_size,
    )


def _report(
    config: SweepConfig,
    folder: RunFolder,
    task: TrialTask,
    splits: Splits,
    selection: Selection,
    outcomes: list[TrialOutcome],
    *,
    seconds: float,
) -> dict[str, Any]:
    test = _read_test(folder, task, splits, selection, outcomes)
    network = selection.network
    tables = {"search": network.search, "test": test}
    if network.certify is not None:
        tables["certify"] = network.certify
    summary = build_summary(config, selection, tables, outcomes, seconds=seconds)
    title = f"{config.name}: {config.workload}, accuracy against mean depth on the search split"
    write_results(
        folder,
        selection,
        summary,
        FrontFigure.of(title, summary, selection, trial_points(outcomes)),
        workload=config.workload,
        class_names=list(splits.class_names),
        model_hash=test.meta["model_hash"],
    )
    return summary


def _read_test(
    folder: RunFolder, task: TrialTask, splits: Splits, selection: Selection, outcomes: list[TrialOutcome]
) -> ExitTable:
    """The one place that reads ``test``: everything has been chosen by now."""
    trial = next(one for one in outcomes if one.trial_id == selection.network.network)
    if trial.checkpoint is None:
        raise SweepError(f"the checkpoint of trial {trial.trial_id} is gone, so its network cannot be reported")
    model = load_model(trial.checkpoint, task, splits.train)
    table = task.table(model, splits.test, "test")
    table.save(folder.table(trial.trial_id, "test"))
    facts = {"workload": task.workload, "n_exits": str(task.n_exits), "width": str(task.width)}
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder.model_file, metadata=facts
    )
    return table


def _track(tracker: Tracker, folder: RunFolder, summary: dict[str, Any], selection: Selection) -> None:
    tracker.log_front(selection.front)
    tracker.log_artifacts([folder.sweep_file, *folder.written, folder.environment_file, folder.model_file])
    selected = summary["selected"]
    tracker.finish(
        {f"{split}_{key}": selected[split][key] for split in ("search", "certify", "test") for key in _HEADLINES},
        {"feasible": str(summary["feasible"]).lower(), "certified": str(summary["certified"]).lower()},
    )


_HEADLINES = ("accuracy", "macro_f1", "mean_depth", "mean_cost", "ece")


def _tracked_params(config: SweepConfig) -> dict[str, Any]:
    values = config.model_dump(mode="json")
    return {key: value for key, value in values.items() if not isinstance(value, dict)} | {
        f"{section}.{key}": value
        for section, inner in values.items()
        if isinstance(inner, dict)
        for key, value in inner.items()
    }
