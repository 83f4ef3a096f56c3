"""From a checked configuration to a finished sweep: its data, teachers and folder, and the cluster."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from typing import Any

from rich.console import Console

from search.cluster.connection import concurrent_trials, connected
from search.config.sweep import SweepConfig
from search.errors import SweepInterruptedError
from search.preflight.networks import require_networks
from search.preflight.same_inputs import (
    require_resumable,
    require_same_data,
    require_same_teachers,
    require_same_weights,
)
from search.run_folder.environment import weights_hashes
from search.run_folder.folder import RunFolder
from search.sweep import load_splits, run_sweep
from search.teaching.checks import CheckedTeachers, load_teachers
from trainables.data import Splits


def start_sweep(
    config: SweepConfig, folder: RunFolder | None, stem: str, *, address: str | None, console: Console
) -> dict[str, Any]:
    """Check what only the data tell, connect to Ray, make the folder where there is none to resume, and run.

    Args:
        config: Everything that the sweep file says.
        folder: Of the sweep that is resumed; None for a new one.
        stem: What a new sweep without a name is called before its number.
        address: Of a running cluster; see :func:`~search.cluster.connection.connected`.
        console: Where to print.

    Returns:
        The summary of the sweep.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    # All that can be refused is refused before Ray is started, and Ray is started before there is a folder.
    splits = load_splits(config)
    if folder is None:
        require_networks(config, splits)
        teachers = load_teachers(config, splits, report_file=config.runs_dir / f"{config.name or stem}.alignment.json")
    else:
        require_same_data(folder, splits)
        teachers = load_teachers(config, splits, report_file=folder.alignment_file)
        require_same_teachers(folder, teachers.hashes)
        require_same_weights(folder, weights_hashes(config))
        require_resumable(folder)
    try:
        with ExitStack() as cluster:
            where = cluster.enter_context(connected(config.resources, address))
            concurrent_trials(config.resources)
            with nullcontext((folder, config)) if folder else RunFolder.new(config, stem) as (place, named):
                return _run(named, place, splits, teachers, (where, cluster), console=console, is_new=folder is None)
    except KeyboardInterrupt:
        end = f"continue it with --resume --name {folder.name}" if folder else "nothing was kept of it"
        raise SweepInterruptedError(f"the sweep was interrupted before it began to train; {end}") from None


def _run(
    config: SweepConfig,
    folder: RunFolder,
    splits: Splits,
    teachers: CheckedTeachers,
    cluster: tuple[str, ExitStack],
    *,
    console: Console,
    is_new: bool,
) -> dict[str, Any]:
    """Run the sweep; an interruption says how to go on."""
    try:
        return run_sweep(config, folder, splits, teachers, cluster, console=console)
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
