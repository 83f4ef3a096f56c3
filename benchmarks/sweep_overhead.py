"""What a sweep costs beside its training: overhead, many short trials, and many workers at once.

``python benchmarks/sweep_overhead.py`` takes about twenty minutes; ``--part`` runs one of its three parts. Everything
is there that a real sweep has: Tune, Optuna, the journal, checkpoints (of real trials) and MLflow on SQLite.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import tempfile
import time
from typing import Any

import psutil
from ray import tune
from rich.console import Console
from rich.table import Table
from simulated_trials import SleepingTrainable

from search.cluster.connection import LOCAL, connected
from search.config.files import load_sweep
from search.config.sweep import SweepConfig
from search.inputs import load_inputs
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.tracking.tracker import Tracker
from search.trials.log import TrialLog
from search.tuning.training import train_trials
from search.tuning.tuner import build_trainable, with_resources


@dataclass(frozen=True)
class Work:
    """How busy the slots of a sweep were.

    Attributes:
        n_trials: Trials that ended.
        busy: Seconds in which slots trained (or slept), summed over slots, once all slots had begun.
        wall: Seconds from then to the end of the last trial.
        total: Seconds from the call to its return, with the start of the actors.
        growth_mb: By how much the driver's memory grew, in MiB.
    """

    n_trials: int
    busy: float
    wall: float
    total: float
    growth_mb: float


def run(config: SweepConfig, build: Callable[[RunFolder], Any], *, slots: int) -> Work:
    """Train all trials of a sweep and read from its journal how busy its slots were."""
    folder, config = RunFolder.create(config, "overhead")
    with Journal(folder.journal_file) as journal:
        journal.append("created", sweep_id=folder.path.as_posix(), name=folder.name)
        log = TrialLog(journal, retries=config.resources.retries)
        tracker = Tracker(f"sqlite:///{folder.path / 'mlflow.db'}", "exitsearch", folder, journal)
        tracker.start({})
        trainable = build(folder)
        before, started = psutil.Process().memory_info().rss, time.perf_counter()
        train_trials(config, trainable, log, tune_folder=folder.tune)
        total = time.perf_counter() - started
        tracker.finish({}, {}, [])
        growth = psutil.Process().memory_info().rss - before
        busy, wall = _busy(journal, slots)
    return Work(len(log.finished), busy, wall, total, growth / 2**20)


def _busy(journal: Journal, slots: int) -> tuple[float, float]:
    """Seconds of work and of time, from when the last of the slots began its first epoch."""
    reports = [event for event in journal.events if event["event"] == "reported"]
    ends = [event["time_ms"] / 1000 for event in reports]
    lengths = [event["metrics"]["seconds"] for event in reports]
    begins = [
        event["metrics"].get("began", end - length) for event, end, length in zip(reports, ends, lengths, strict=True)
    ]
    first: dict[str, float] = {}
    for event, begin in zip(reports, begins, strict=True):
        first[event["trial"]] = min(begin, first.get(event["trial"], begin))
    start = sorted(first.values())[:slots][-1]
    busy = sum(max(0.0, begin + length - max(begin, start)) for begin, length in zip(begins, lengths, strict=True))
    return busy, max(ends) - start


def sleeping(config: SweepConfig, *, n_epochs: int, seconds: float, slots: int = 1) -> Callable[[RunFolder], Any]:
    """Trials that sleep; the first of them begin together, once all slots have an actor."""

    def build(folder: RunFolder) -> Any:
        meeting = folder.path / "meeting"
        meeting.mkdir()
        trainable = tune.with_parameters(
            SleepingTrainable, n_epochs=n_epochs, seconds=seconds, meeting=meeting, n_actors=slots
        )
        return with_resources(trainable, config.resources)

    return build


def overhead(console: Console, folder: Path, *, trials: int) -> None:
    """Real trials of about five seconds on two cores."""
    config = _config(folder, trials, 2, "training.epochs=20", "training.batch_size=32", "training.width=32")
    inputs = load_inputs(config)
    with connected(config.resources, LOCAL):
        work = run(config, lambda files: build_trainable(inputs, files.checkpoints), slots=2)
    table = Table(title=f"{work.n_trials} digits trials, two at once on two cores")
    for heading in ("seconds a trial", "wall s, actors up", "outside training %", "start of actors s"):
        table.add_column(heading, justify="right")
    share = 100 * (1 - work.busy / (2 * work.wall))
    table.add_row(
        f"{work.busy / work.n_trials:.2f}", f"{work.wall:.0f}", f"{share:.1f}", f"{work.total - work.wall:.0f}"
    )
    console.print(table)


def many(console: Console, folder: Path, *, trials: int) -> None:
    """Trials that do nothing, as many as one likes."""
    table = Table(title=f"{trials:,} trials that do nothing, two at once")
    for heading in ("sampler", "minutes", "ms a trial", "driver grew by MiB"):
        table.add_column(heading, justify="right")
    for sampler in ("tpe", "random"):
        config = _config(folder, trials, 2, f"search.sampler={sampler}")
        with connected(config.resources, LOCAL):
            work = run(config, sleeping(config, n_epochs=1, seconds=0.0), slots=2)
        table.add_row(
            sampler, f"{work.total / 60:.1f}", f"{1000 * work.total / work.n_trials:.0f}", f"{work.growth_mb:.0f}"
        )
    console.print(table)


def workers(console: Console, folder: Path, *, sizes: tuple[int, ...], rounds: int, seconds: float) -> None:
    """Sleeping trials on clusters of one slot a node, simulated by logical CPUs."""
    table = Table(title=f"Trials of two epochs of {seconds:g} s, {rounds} for each slot, one slot a node")
    for heading in ("nodes", "trials", "wall s, actors up", "ideal s", "parallel efficiency"):
        table.add_column(heading, justify="right")
    for size in sizes:
        config = _config(folder, size * rounds, size, "search.sampler=random")
        with connected(config.resources, LOCAL):
            work = run(config, sleeping(config, n_epochs=2, seconds=seconds, slots=size), slots=size)
        table.add_row(
            str(size),
            str(work.n_trials),
            f"{work.wall:.1f}",
            f"{work.busy / size:.1f}",
            f"{work.busy / (size * work.wall):.3f}",
        )
    console.print(table)


def _config(folder: Path, trials: int, cpus: int, *assignments: str) -> SweepConfig:
    sizes = [f"search.trials={trials}", f"resources.cpus={cpus}"]
    return load_sweep("digits", [*sizes, f"runs_dir={folder}", *assignments])


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["overhead", "many", "workers"], action="append", help="default: all")
    parser.add_argument("--trials", type=int, help="of overhead (200) and of many (2,000)")
    parser.add_argument("--nodes", type=int, nargs="+", default=[4, 16, 64], help="of workers")
    parser.add_argument("--rounds", type=int, default=8, help="trials for each node")
    parser.add_argument("--seconds", type=float, default=5.0, help="an epoch of a sleeping trial")
    arguments = parser.parse_args()
    parts = arguments.part or ["overhead", "many", "workers"]
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "overhead" in parts:
            overhead(console, folder, trials=arguments.trials or 200)
        if "many" in parts:
            many(console, folder, trials=arguments.trials or 2000)
        if "workers" in parts:
            workers(console, folder, sizes=tuple(arguments.nodes), rounds=arguments.rounds, seconds=arguments.seconds)


if __name__ == "__main__":
    main()
