"""From a checked configuration to a session of a sweep: its data, teachers and folder, and the cluster."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import replace

from rich.console import Console

from search.cluster.connection import concurrent_trials, connected
from search.config.sweep import SweepConfig
from search.errors import SweepInterruptedError
from search.inputs import SweepInputs, load_inputs, load_splits
from search.preflight.full_network import require_full_network
from search.preflight.networks import require_networks
from search.preflight.same_inputs import require_resumable, require_same
from search.run_folder.environment import weights_hashes
from search.run_folder.folder import RunFolder
from search.run_folder.summary import Summary
from search.session import run_session
from search.teaching.checks import CheckedTeachers, load_teachers


def start_sweep(
    config: SweepConfig,
    folder: RunFolder | None,
    stem: str,
    *,
    address: str | None,
    shows_all: bool = False,
    console: Console,
) -> Summary:
    """Check what only the data tell, connect to Ray, make the folder where there is none to resume, and run.

    Args:
        config: Configuration of the sweep: everything that the sweep file says.
        folder: Folder of the sweep that is resumed; None for a new one.
        stem: What a new sweep without a name is called before its number.
        address: Address of a running cluster; see :func:`~search.cluster.connection.connected`.
        shows_all: Whether every baseline is printed at the end, and figures on ``search``.
        console: Console that progress and results are printed on.

    Returns:
        The summary of the sweep.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    # All that can be refused is refused before Ray is started, and Ray is started before there is a folder.
    inputs, teachers = _checked_new(config, stem) if folder is None else _checked_resumed(config, folder)
    config = inputs.config
    try:
        with ExitStack() as cluster:
            where = cluster.enter_context(connected(config.resources, address))
            concurrent_trials(config.resources)
            with nullcontext((folder, config)) if folder else RunFolder.new(config, stem) as (place, named):
                named_inputs, is_new = replace(inputs, config=named), folder is None
                return _run(
                    *(named_inputs, place, teachers, where, cluster),
                    shows_all=shows_all,
                    console=console,
                    is_new=is_new,
                )
    except KeyboardInterrupt:
        end = f"continue it with --resume --name {folder.name}" if folder else "nothing was kept of it"
        raise SweepInterruptedError(f"the sweep was interrupted before it began to train; {end}") from None


def _checked_new(config: SweepConfig, stem: str) -> tuple[SweepInputs, CheckedTeachers]:
    inputs = load_inputs(config)
    require_networks(inputs)
    require_full_network(inputs)
    report_file = config.runs_dir / f"{config.name or stem}.alignment.json"
    return inputs, load_teachers(inputs, report_file=report_file)


def _checked_resumed(config: SweepConfig, folder: RunFolder) -> tuple[SweepInputs, CheckedTeachers]:
    splits = load_splits(config)
    require_same(folder, "data_hashes", splits.data_hashes)
    require_same(folder, "weights_hashes", weights_hashes(config))
    inputs = SweepInputs.of(config, splits)
    teachers = load_teachers(inputs, report_file=folder.alignment_file)
    require_same(folder, "teacher_hashes", teachers.hashes)
    require_resumable(folder)
    return inputs, teachers


def _run(
    inputs: SweepInputs,
    folder: RunFolder,
    teachers: CheckedTeachers,
    where: str,
    cluster: ExitStack,
    *,
    shows_all: bool,
    console: Console,
    is_new: bool,
) -> Summary:
    """Run the sweep; an interruption says how to go on."""
    try:
        return run_session(
            inputs,
            folder,
            teachers,
            where=where,
            leave_cluster=cluster.close,
            shows_all=shows_all,
            console=console,
        )
    except KeyboardInterrupt:
        # While trials run, Tune turns the signal into a shorter list of them.
        if is_new and not folder.is_worth_resuming:
            raise
        moment = "after its last" if folder.holds_trials else "before its first"
        raise SweepInterruptedError(
            f"the sweep was interrupted {moment} trial; finish it with --resume --name {folder.name}"
        ) from None
    except SweepInterruptedError as error:
        if is_new and not folder.is_worth_resuming:
            reason = str(error).rpartition("; ")[0] or str(error)
            raise SweepInterruptedError(f"{reason}; no trial was begun and nothing was kept: start it again") from None
        raise
