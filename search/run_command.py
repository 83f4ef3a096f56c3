"""``exitsearch run``: from what was typed to a finished sweep."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
import os
from pathlib import Path
import re
import sys
from typing import Any

from rich.console import Console

from search.cluster import concurrent_trials, connected
from search.config import SweepConfig
from search.data_check import require_resumable, require_same_data, require_same_teachers, require_same_weights
from search.environment import weights_hashes
from search.errors import RunFolderError, SweepInterruptedError
from search.network_check import require_networks
from search.redaction import HIDDEN
from search.run_folder import RunFolder
from search.sweep import load_splits, run_sweep
from search.sweep_file import DEFAULT_PRESET, load_sweep, read_values
from search.teachers import CheckedTeachers, load_teachers
from search.tracking import TRACKING_VARIABLE, default_tracking_uri
from trainables.data import Splits


_STEM_LENGTH = 80


def run_command(
    sweep: str | None,
    assignments: list[str],
    *,
    name: str | None,
    resume: bool,
    data_dir: Path | None,
    address: str | None,
    tracking_uri: str | None,
    console: Console,
) -> dict[str, Any]:
    """Read the sweep file, make or find the run folder, and run.

    Returns:
        The summary of the sweep.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    # A user's own workload lies in the working folder; Ray's workers get this path too.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    options = {
        "name": name,
        "data_dir": str(data_dir) if data_dir else None,
        "tracking__uri": tracking_uri,
    }
    stem = _name_stem(sweep or DEFAULT_PRESET)
    # All that can be refused is refused before Ray is started, and Ray is started before there is a folder.
    if resume:
        config, folder = _find(sweep, assignments, stem, options)
        splits = load_splits(config)
        require_same_data(folder, splits)
        teachers = load_teachers(config, splits, report_file=folder.alignment_file)
        require_same_teachers(folder, teachers.hashes)
        require_same_weights(folder, weights_hashes(config))
        require_resumable(folder)
    else:
        config = load_sweep(sweep or DEFAULT_PRESET, assignments, **options)
        RunFolder.require_new(config)
        splits = load_splits(config)
        require_networks(config, splits)
        teachers = load_teachers(config, splits, report_file=config.runs_dir / f"{config.name or stem}.alignment.json")
        config = _with_tracking(config)
    try:
        with ExitStack() as cluster:
            where = cluster.enter_context(connected(config.resources, address))
            concurrent_trials(config.resources)
            with nullcontext((folder, config)) if resume else RunFolder.new(config, stem) as (folder, config):
                return _run(config, folder, splits, teachers, (where, cluster), console=console, is_new=not resume)
    except KeyboardInterrupt:
        end = f"continue it with --resume --name {folder.name}" if resume else "nothing was kept of it"
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


def _find(
    sweep: str | None, assignments: list[str], stem: str, options: dict[str, str | None]
) -> tuple[SweepConfig, RunFolder]:
    """The folder to resume, and its configuration with this call's data folder, tracking and resources."""
    values = read_values(sweep or DEFAULT_PRESET, assignments, **options)
    place = SweepConfig.from_mapping({key: values[key] for key in ("name", "runs_dir") if key in values})
    folder = RunFolder(place.runs_dir / place.name) if place.name else RunFolder.latest(place.runs_dir, stem)
    stored = folder.read_config()
    if sweep is None:
        # No sweep file was named: the sweep's own, with what was changed on this call.
        values = read_values(str(folder.sweep_file), assignments, **options)
    given = SweepConfig.from_mapping(values)
    folder.require_same(given)
    given = given.model_copy(update={"name": folder.name, "data_dir": given.data_dir or stored.data_dir})
    return _with_tracking(given, stored.tracking.uri), folder


def _name_stem(sweep: str) -> str:
    """What an unnamed sweep is called before its number: the file's name, without what no name may hold."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(sweep).stem).strip("-._")
    return stem[:_STEM_LENGTH] or DEFAULT_PRESET


def _with_tracking(config: SweepConfig, stored: str | None = None) -> SweepConfig:
    """Fill in where MLflow keeps the sweep: what this call says, the environment, where it was kept, the default.

    The default is written down with the sweep: resumed from another folder, it stays in the same store.
    """
    uri = next(
        (uri for uri in (config.tracking.uri, os.environ.get(TRACKING_VARIABLE), stored) if uri and HIDDEN not in uri),
        None,
    )
    if uri is None and stored is not None:
        raise RunFolderError(
            f"the tracking URI of this sweep is {stored}, whose password is not kept; give the whole address again in "
            f"{TRACKING_VARIABLE} or with --tracking-uri"
        )
    tracking = config.tracking.model_copy(update={"uri": uri or default_tracking_uri()})
    return config.model_copy(update={"tracking": tracking})
