"""One session of a sweep, from its start or resumption to its end or stop: its journal, and its tracking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import time
from typing import Any
from uuid import uuid4

from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE
from rich.console import Console

from search.config.sweep import SweepConfig
from search.console_table import print_line
from search.errors import SweepInterruptedError, ValidityError
from search.inputs import SweepInputs
from search.live.unfinished import leave_page
from search.reporting.seeds import show_seeds
from search.reporting.shown import figures_shown
from search.reporting.terminal import print_summary
from search.run_folder.environment import describe_environment
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.result_files import write_json
from search.run_folder.summary import SPLITS, Summary
from search.sweep import SweepResult, run_sweep
from search.teaching.checks import CheckedTeachers
from search.tracking.description import describe
from search.tracking.model import selected_model
from search.tracking.naming import sweep_name
from search.tracking.tracker import Tracker
from search.trials.log import TrialLog
from search.validity.gate import validity_figures
from trainables.teachers.alignment import require_aligned
from trainables.training.checkpoints import FULL_DISK


def run_session(
    inputs: SweepInputs,
    folder: RunFolder,
    teachers: CheckedTeachers,
    *,
    where: str,
    leave_cluster: Callable[[], None],
    shows_all: bool = False,
    console: Console,
) -> Summary:
    """Run a sweep, or what is left of it, with its journal and MLflow, and print what came of it.

    Args:
        inputs: The sweep on its data, with its name.
        folder: Folder of the sweep; what its journal holds already is continued.
        teachers: Teachers that the configuration names, checked.
        where: What the sweep runs on, for a person.
        leave_cluster: Ends the connection to Ray; called when nothing is left to do there.
        shows_all: Whether every baseline is printed at the end, and figures on ``search``.
        console: Console that progress and results are printed on.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        ValidityError: If the full network does not pass the validity gate.
        SweepError: If no trial finished.
        SweepInterruptedError: If it was stopped before its last trial.
        RunFolderError: If another process runs the same sweep.
    """
    config = inputs.config
    with Journal(folder.journal_file) as journal, _room_on_disk(folder):
        if not journal.events:
            journal.append("created", sweep_id=uuid4().hex, name=folder.name)
        log = TrialLog(journal, retries=config.resources.retries)
        started = time.monotonic() - log.seconds
        write_json(folder.environment_file, describe_environment(config, inputs.splits, teachers.hashes))
        if teachers.reports:
            require_aligned(teachers.reports, folder.alignment_file)
        tracker = Tracker(config.tracking_uri, config.tracking.experiment, folder, journal)
        tracker.start(_tracked_params(config))
        try:
            # Part of the session that has just been started, and of its time.
            log.settle()
            print_line(console, f"Sweep {folder.name} on {where}")
            result = run_sweep(
                inputs, folder, journal, log, teachers, started=started, leave_cluster=leave_cluster, console=console
            )
        except ValidityError as error:
            tracker.fail(str(error), validity_figures(journal), folder.full_network_files)
            _leave_page(folder, error, console)
            raise
        except BaseException as error:
            tracker.abandon(str(error))
            _leave_page(folder, error, console)
            raise
        _track(tracker, folder, journal, result)
    print_summary(console, result.summary, folder, tracking_uri=tracker.shown_uri, shows_all=shows_all)
    for label, address in tracker.links:
        console.print(f"{label:<18} {address}", soft_wrap=True, highlight=False, markup=False)
    if result.all_trials.over_seeds is not None:
        console.print()
        figures = figures_shown(result.summary.task, result.summary.main_quality)
        show_seeds(result.all_trials.over_seeds, figures).print_on(console)
    return result.summary


def _leave_page(folder: RunFolder, error: BaseException, console: Console) -> None:
    """Say on a page how far the sweep came, where anything of it is kept that has no result."""
    if folder.summary_file.exists() or not folder.is_kept_after(error):
        return
    notes = [f"Note: {note}" for note in leave_page(folder)]
    for line in notes or [f"How far it came, and how to go on, is told in {folder.report_html}"]:
        print_line(console, line)


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


def _track(tracker: Tracker, folder: RunFolder, journal: Journal, result: SweepResult) -> None:
    summary = result.summary
    selected = summary.selected.by_split
    headlines = figures_shown(summary.task, summary.main_quality).headlines
    selection = result.selection
    tracker.log_front(selection.front)
    tracker.finish(
        {f"{split}_{key}": selected[split][key] for split in SPLITS for key in headlines}
        | _latency_metrics(summary)
        | _soft_metrics(summary)
        | _control_metrics(summary, headlines)
        | _architecture_metrics(summary)
        | validity_figures(journal),
        {"feasible": str(summary.feasible).lower(), "certified": str(summary.certified).lower()}
        | _control_tags(summary)
        | {
            MLFLOW_RUN_NAME: sweep_name(summary),
            MLFLOW_RUN_NOTE: describe(summary, folder, tracker.sweep_id),
        },
        [
            *(folder.sweep_file, *folder.written, *folder.all_trials_files, *folder.architecture_files),
            *folder.full_network_files,
            folder.environment_file,
            *(path for path in (folder.model_file, folder.control_file) if path.exists()),
        ],
        model=selected_model(summary, result.selection.policy, folder),
    )


def _latency_metrics(summary: Summary) -> dict[str, float]:
    """What was measured of the selected policy and the full network, each figure as ``latency_<figure>``."""
    return (
        {} if summary.latency is None else {f"latency_{key}": value for key, value in summary.latency.figures.items()}
    )


def _soft_metrics(summary: Summary) -> dict[str, float]:
    """What the soft network promises and hard exits deliver, each as ``soft_<split>_<figure>``."""
    return {f"soft_{split}_{key}": value for split, own in summary.soft.items() for key, value in own.figures.items()}


def _architecture_metrics(summary: Summary) -> dict[str, float]:
    """How much the architecture varies over inputs, each figure as ``architecture_<figure>``."""
    found = summary.architecture
    return {} if found is None else {f"architecture_{key}": value for key, value in found.figures.items()}


def _control_metrics(summary: Summary, headlines: tuple[str, ...]) -> dict[str, float]:
    """Figures of the plain network that the selected policy is compared with, each as ``control_<figure>``."""
    control = summary.control
    if control is None:
        return {}
    figures = {
        f"control_{split}_{key}": own[key] for split, own in control.by_split.items() for key in headlines if key in own
    }
    sizes = ("macs", "budget_macs", "parameters", "relative_cost", "width", "exit", "p_value")
    return figures | {f"control_{name}": float(getattr(control, name)) for name in sizes}


def _control_tags(summary: Summary) -> dict[str, str]:
    control = summary.control
    if control is None:
        return {}
    return {
        "control": control.network,
        "control_better": control.better,
        "control_certified": str(control.certified).lower(),
        "control_verdict": control.verdict,
    }


def _tracked_params(config: SweepConfig) -> dict[str, Any]:
    values = config.model_dump(mode="json")
    return {key: value for key, value in values.items() if not isinstance(value, dict)} | {
        f"{section}.{key}": value
        for section, inner in values.items()
        if isinstance(inner, dict)
        for key, value in inner.items()
    }
