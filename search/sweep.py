"""A sweep from beginning to end: train trials, search policies, certify, choose, then read ``test``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
import time
from typing import Any
from uuid import uuid4

from rich.console import Console

from policies.errors import ExitSearchError
from policies.selection.search_target import SearchTarget
from policies.selection.select import Selection, select_policy
from search.cluster.shared_folder import require_shared
from search.config.sweep import SweepConfig
from search.errors import SweepError, SweepInterruptedError
from search.figures.front import FrontFigure
from search.finalists.policies import search_trials
from search.finalists.tables import NetworkTables
from search.reporting.baseline_trials import compare_baseline, full_baselines
from search.reporting.console import print_summary
from search.reporting.files import write_results
from search.reporting.seeds import show_seeds
from search.reporting.summary import build_summary
from search.reporting.trials import write_study
from search.run_folder.class_files import Answers
from search.run_folder.environment import describe_environment
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.result_files import write_json
from search.target import announced, sweep_target
from search.teaching.checks import CheckedTeachers
from search.teaching.tasks import prepare_teachers
from search.tracking.tracker import Tracker
from search.trials.log import SweepRecord
from search.trials.outcomes import TrialOutcome, best_trials, collect_trials, networks_of, trial_points
from search.tuning.progress import TrialProgress
from search.tuning.training import train_trials
from search.tuning.tuner import build_task, build_trainable
from trainables.data import Splits
from trainables.export.model_file import save_model
from trainables.teachers.alignment import require_aligned
from trainables.teachers.teacher import TeacherSet
from trainables.training.checkpoints import FULL_DISK
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


def load_splits(config: SweepConfig) -> Splits:
    """Read the workload's data and split it.

    Raises:
        DataError: If files are missing or damaged.
    """
    return get_workload(config.workload).load(
        config.data_dir,
        config.splits.fractions(),
        split_seed=config.splits.seed,
        options=config.data.options(),
    )


def run_sweep(
    config: SweepConfig,
    folder: RunFolder,
    splits: Splits,
    teachers: CheckedTeachers,
    cluster: tuple[str, ExitStack],
    *,
    console: Console,
) -> dict[str, Any]:
    """Run a sweep, or what is left of it, and write all of its files.

    Args:
        config: Resolved, with its name.
        folder: Where the files go; what its journal holds already is continued.
        splits: The data.
        teachers: Those that the configuration names.
        cluster: What it runs on, for a person, and what ends the connection to Ray, which is closed when nothing is
            left to do there.
        console: Where to print.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        SweepError: If no trial finished.
        SweepInterruptedError: If it was stopped before its last trial.
        RunFolderError: If another process runs the same sweep.
    """
    with Journal(folder.journal_file) as journal, _room_on_disk(folder):
        if not journal.events:
            journal.append("created", sweep_id=uuid4().hex, name=folder.name)
        record = SweepRecord(journal, retries=config.resources.retries)
        started = time.monotonic() - record.seconds
        write_json(folder.environment_file, describe_environment(config, splits, teachers.hashes))
        if teachers.reports:
            require_aligned(teachers.reports, folder.alignment_file)
        tracker = Tracker(config.tracking_uri, config.tracking.experiment, folder, journal)
        tracker.start(_tracked_params(config))
        spec, target = build_task(config, splits), sweep_target(config, splits)
        where, connection = cluster
        try:
            # Part of the session that has just been started, and of its time.
            record.settle()
            console.print(f"Sweep {folder.name} on {where}", highlight=False, soft_wrap=True)
            for line in announced(target, config.splits.fractions(), splits):
                console.print(line, soft_wrap=True, highlight=False)
            require_shared(folder.path)
            taught = prepare_teachers(config, folder, spec, splits, teachers, console)
            outcomes = _train(config, folder, spec, splits, taught, record, console)
            selection, tables = _select(config, folder, spec, splits, outcomes, target, console)
            connection.close()
            over_seeds = write_study(
                folder,
                record,
                outcomes,
                objectives=(target.asked.quality, target.asked.effort_column, "effort_at_target"),
                seeds=spec.seeds,
                n_exits=spec.n_exits,
                seed=config.seed,
            )
            compared = _compare(config, outcomes, selection, tables, console)
            summary = _report(
                config, folder, selection, target, tables, outcomes, compared, seconds=time.monotonic() - started
            )
        except BaseException as error:
            tracker.abandon(str(error))
            raise
        _track(tracker, folder, summary, selection)
    print_summary(console, summary, folder, tracking_uri=tracker.shown_uri)
    if over_seeds is not None:
        console.print()
        show_seeds(over_seeds).print_on(console)
    return summary


@contextmanager
def _room_on_disk(folder: RunFolder) -> Iterator[None]:
    """Say in one line that the disk is full: what there is can be continued."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise SweepInterruptedError(
            f"the sweep was stopped because the disk is full ({error.filename or folder.path}); make room, then "
            f"continue it with --resume --name {folder.name}"
        ) from None


def _train(
    config: SweepConfig,
    folder: RunFolder,
    spec: TrialSpec,
    splits: Splits,
    teachers: TeacherSet | None,
    record: SweepRecord,
    console: Console,
) -> list[TrialOutcome]:
    trainable = build_trainable(config, folder, spec, splits, teachers)
    with TrialProgress(console, n_trials=config.search.trials, search_target=spec.search_target) as progress:
        progress.begin(record)
        train_trials(config, folder, trainable, record, progress)
    return collect_trials(record, checkpoints=folder.checkpoints, first=config.search.first_trials)


def _select(
    config: SweepConfig,
    folder: RunFolder,
    spec: TrialSpec,
    splits: Splits,
    outcomes: list[TrialOutcome],
    target: SearchTarget,
    console: Console,
) -> tuple[Selection, NetworkTables]:
    trials = best_trials(outcomes, config.policy.best_trials)
    if not trials:
        reason = next((trial.failure for trial in outcomes if trial.failure), "none was trained to its last epoch")
        raise SweepError(f"none of the {len(outcomes)} trials finished; the first reason is: {reason}")
    console.print(f"Searching policies on the tables of the best {len(trials)} trials", highlight=False)
    networks, losses = search_trials(networks_of(trials, spec.seeds), spec, splits, config)
    for loss in losses:
        console.print(f"Note: {loss}", soft_wrap=True, highlight=False, markup=False)
    if not networks:
        raise SweepError(f"none of the best trials has a network any more; the first reason is: {losses[0]}")
    tables = NetworkTables(folder, spec, splits, networks_of(outcomes, spec.seeds), networks)
    for network in networks:
        for split in ("search", "certify"):
            tables.table(network.network, split)
        for note in network.notes:
            console.print(f"Note: {network.network}: {note}", soft_wrap=True, highlight=False)
    return select_policy(networks, target, front_size=config.policy.front_size, seed=config.seed), tables


def _compare(
    config: SweepConfig, outcomes: list[TrialOutcome], selection: Selection, tables: NetworkTables, console: Console
) -> tuple[list[dict[str, Any]], list[Answers]]:
    """The sweep file's baselines beside the front; those that cannot be compared are named and left out."""
    trials, notes = full_baselines(config.search.first_trials, outcomes)
    compared: list[dict[str, Any]] = []
    answered: list[Answers] = []
    for one in networks_of(trials, config.all_seeds):
        try:
            own, front = tables.compared(one.name), selection.front
            rows, by_baseline = compare_baseline(
                one.label, own, front, tables.compared, method=config.policy.calibration, seed=config.seed
            )
        except ExitSearchError as error:
            notes.append(f"baseline {one.label!r} is left out: {error}")
            continue
        compared += rows
        answered += by_baseline
    for note in notes:
        console.print(f"Note: {note}", soft_wrap=True, highlight=False, markup=False)
    return compared, answered


def _report(
    config: SweepConfig,
    folder: RunFolder,
    selection: Selection,
    target: SearchTarget,
    tables: NetworkTables,
    outcomes: list[TrialOutcome],
    compared: tuple[list[dict[str, Any]], list[Answers]],
    *,
    seconds: float,
) -> dict[str, Any]:
    baseline_trials, by_baseline_trials = compared
    network = selection.network.network
    own = {**tables.compared(network), "certify": tables.table(network, "certify")}
    facts = tables.facts(network)
    save_model(folder.model_file, tables.model(network), facts)
    summary, answered = build_summary(config, selection, target, own, outcomes, baseline_trials, seconds=seconds)
    title = f"{config.name}: {config.workload}, {target.asked.axes} on the search split"
    write_results(
        folder,
        selection,
        summary,
        [*answered, *by_baseline_trials],
        FrontFigure.of(title, summary, selection, trial_points(outcomes, target.asked)),
        workload=config.workload,
        class_names=list(facts.class_names),
        model_hash=own["test"].meta["model_hash"],
    )
    return summary


def _track(tracker: Tracker, folder: RunFolder, summary: dict[str, Any], selection: Selection) -> None:
    tracker.log_front(selection.front)
    selected = summary["selected"]
    tracker.finish(
        {f"{split}_{key}": selected[split][key] for split in ("search", "certify", "test") for key in _HEADLINES},
        {"feasible": str(summary["feasible"]).lower(), "certified": str(summary["certified"]).lower()},
        [folder.sweep_file, *folder.written, *folder.study_files, folder.environment_file, folder.model_file],
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
