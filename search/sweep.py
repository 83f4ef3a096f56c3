"""The order of a sweep: pass the gate, train trials, search policies, certify and choose, and only then read ``test``.

Each step is a function of what came before it, here or in the room that its work belongs to. None needs a console or a
tracker, and a folder only where it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
import time
from typing import Any

from rich.console import Console

from policies.selection.networks import NetworkPolicies
from policies.selection.select import Selection, select_policy
from search.cluster.shared_folder import require_shared
from search.console_table import print_line
from search.control.report import ControlReport, report_control
from search.control.training import ControlTrials, train_control
from search.figures.front import FrontFigure
from search.finalists.policies import search_finalists
from search.finalists.tables import NetworkTables, tabulate
from search.inputs import SweepInputs
from search.page.front.examples import keep_examples
from search.page.page import add_page
from search.preflight.announcement import announcement
from search.reporting.architecture import report_architecture
from search.reporting.baseline_trials import BaselineComparison, compare_baselines
from search.reporting.files import write_results
from search.reporting.latency import LatencyFindings, report_latency
from search.reporting.samples import draw_samples
from search.reporting.summary import build_summary
from search.reporting.tasks import report_of
from search.reporting.trials import AllTrials, figures_of_all_trials, write_all_trials
from search.run_folder.answers import PolicyAnswers
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.summary import SPLITS, SharingSummary, Summary
from search.sharing.table import divisions_table
from search.teaching.checks import CheckedTeachers
from search.teaching.tasks import prepare_teachers
from search.trials.log import TrialLog
from search.trials.outcomes import TrialOutcome, trial_points
from search.tuning.progress import TrialProgress
from search.tuning.training import train
from search.validity.gate import pass_gate, validity_told
from trainables.export.model_file import save_model
from trainables.models import cumulative_macs


@dataclass(frozen=True)
class SweepResult:
    """What a sweep came to.

    Attributes:
        selection: The policy that was chosen, and the front.
        all_trials: Figures over all trials.
        summary: Summary of the sweep, for ``summary.json``.
    """

    selection: Selection
    all_trials: AllTrials
    summary: Summary


def run_sweep(
    inputs: SweepInputs,
    folder: RunFolder,
    journal: Journal,
    log: TrialLog,
    teachers: CheckedTeachers,
    *,
    started: float,
    leave_cluster: Callable[[], None],
    console: Console,
) -> SweepResult:
    """Take all steps, and write the files of each.

    Args:
        inputs: The sweep on its data, with its name.
        folder: Folder of the sweep, where its files go.
        journal: Journal of the sweep.
        log: What is known of the trials, from the journal; what is left of them is trained.
        teachers: Teachers that are there already.
        started: On the monotonic clock, in seconds, when the sweep began: without the time between its sessions.
        leave_cluster: Ends the connection to Ray; called when nothing is left to do there.
        console: Console that progress and results are printed on.

    Raises:
        ValidityError: If the full network does not pass the validity gate.
        SweepError: If no trial finished.
        SweepInterruptedError: If it was stopped before its last trial.
    """
    show = partial(print_line, console)
    if inputs.sharing is not None:
        show(f"Proposed {inputs.sharing.sentence}")
        divisions_table(inputs.sharing).print_on(console)
    for line in announcement(inputs):
        show(line)
    require_shared(folder.path)
    inputs = pass_gate(inputs, folder, journal, on_message=show)
    prepared = prepare_teachers(inputs, folder, teachers, on_message=show)
    with TrialProgress(console, n_trials=inputs.config.search.trials, search_target=inputs.spec.search_target) as bar:
        bar.begin(log)
        outcomes = train(
            inputs, log, checkpoints=folder.checkpoints, tune_folder=folder.tune, teachers=prepared, watcher=bar
        )
    networks = search_finalists(inputs, outcomes, on_message=show)
    tables = tabulate(inputs, outcomes, networks, folder=folder)
    selection = select(inputs, networks)
    control = None
    if inputs.config.search.control:
        control = train_control(inputs, outcomes, selection, tables, folder, teachers=prepared, on_message=show)
    leave_cluster()
    all_trials = figures_of_all_trials(inputs, log, outcomes)
    write_all_trials(folder, all_trials)
    baselines = compare_baselines(inputs, outcomes, selection, tables)
    seconds = time.monotonic() - started
    summary, answered = report(inputs, outcomes, selection, tables, baselines, seconds=seconds)
    plain = compare_control(inputs, selection, tables, control, folder=folder)
    model = tables.model(selection.network.network)
    architecture = report_architecture(model, inputs.splits.search.inputs, folder)
    latency = time_policy(inputs, selection, tables)
    not_drawn = draw_samples(folder, inputs.splits.test, selection, answered)
    not_drawn += keep_examples(folder, inputs, selection, tables)
    for note in (*baselines.notes, *plain.notes, *architecture.notes, *latency.notes, *not_drawn):
        show(f"Note: {note}")
    if control is not None:
        summary = summary.model_copy(update=plain.told)
    summary = summary.model_copy(update={**architecture.told, **latency.told, **validity_told(journal)})
    if inputs.sharing is not None:
        summary = summary.model_copy(update={"sharing": SharingSummary.model_validate(asdict(inputs.sharing))})
    write_report(folder, inputs, outcomes, selection, tables, summary, [*answered, *plain.answered], plain)
    for note in add_page(folder):
        show(f"Note: {note}")
    return SweepResult(selection, all_trials, summary)


def select(inputs: SweepInputs, networks: Sequence[NetworkPolicies]) -> Selection:
    """Merge the fronts of all networks, certify, and choose one policy."""
    config = inputs.config
    return select_policy(list(networks), inputs.target, front_size=config.policy.front_size, seed=config.seed)


def report(
    inputs: SweepInputs,
    outcomes: Sequence[TrialOutcome],
    selection: Selection,
    tables: NetworkTables,
    baselines: BaselineComparison,
    *,
    seconds: float,
) -> tuple[Summary, list[PolicyAnswers[Any]]]:
    """The summary, and what every policy, exit and baseline of it answered; this reads ``test``."""
    network = selection.network.network
    own = {**tables.compared(network), "certify": tables.table(network, "certify")}
    summary, answered = build_summary(
        inputs.config,
        selection,
        inputs.target,
        own,
        list(outcomes),
        baselines.rows,
        tables_of=tables.compared,
        search_of=partial(tables.table, split="search"),
        seconds=seconds,
    )
    return summary, [*answered, *baselines.answered]


def time_policy(inputs: SweepInputs, selection: Selection, tables: NetworkTables) -> LatencyFindings:
    """How long the selected policy takes beside the full network, where that is to be measured; this reads ``test``."""
    network = selection.network.network
    wanted = inputs.config.report.measure_latency
    if wanted is False or (wanted is None and not report_of(selection.network.search).measures_latency):
        return LatencyFindings()
    return report_latency(tables.model(network), selection.policy, inputs.splits.test.inputs, seed=inputs.config.seed)


def compare_control(
    inputs: SweepInputs,
    selection: Selection,
    tables: NetworkTables,
    control: ControlTrials | None,
    *,
    folder: RunFolder | None = None,
) -> ControlReport:
    """The selected policy beside a plain network of no more cost, where such were trained; this reads ``test``."""
    if control is None:
        return ControlReport([])
    network = selection.network.network
    own = {split: tables.table(network, split) for split in SPLITS}
    macs = cumulative_macs(tables.model(network), inputs.splits.train.inputs.shape[1:])
    return report_control(inputs, selection, own, control, full_macs=int(macs[-1]), folder=folder)


def write_report(
    folder: RunFolder,
    inputs: SweepInputs,
    outcomes: Sequence[TrialOutcome],
    selection: Selection,
    tables: NetworkTables,
    summary: Summary,
    answered: Sequence[PolicyAnswers[Any]],
    control: ControlReport,
) -> None:
    """Write the selected network and the control, and everything that was found; ``summary.json`` comes last."""
    config, asked, network = inputs.config, inputs.target.asked, selection.network.network
    model_config = tables.model_config(network)
    save_model(folder.model_file, tables.model(network), model_config)
    if control.model is not None and control.model_config is not None:
        save_model(folder.control_file, control.model, control.model_config)
    title = f"{config.name}: {config.workload}, {asked.axes} on the search split"
    write_results(
        folder,
        selection,
        summary,
        answered,
        FrontFigure.of(title, summary, selection, trial_points(outcomes, asked)),
        workload=config.workload,
        class_names=list(model_config.class_names),
        model_hash=tables.table(network, "test").meta["model_hash"],
    )
