"""Running a sweep and killing what it runs on, at moments that a seed chooses."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import random
import subprocess
import sys
import time

import psutil

from tests.sweeps import SMALL


N_EPOCHS = 4
ONE_AT_A_TIME = ("search.sampler=tpe", "resources.concurrent=1")
SETTINGS = (
    *SMALL,
    "search.startup_trials=3",
    f"training.epochs={N_EPOCHS}",
    "resources.retries=20",
    "policy.rules=[confidence,mixture]",
)
_PROGRESS = ('"suggested"', '"reported"', '"ended"', '"policy"')
_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True)
class Moment:
    """When something is killed: so long after so much has happened.

    Attributes:
        n_events: Events of trials and policies in the journal.
        seconds: After that.
    """

    n_events: int
    seconds: float


def moments(count: int, n_events: int, *, seed: int) -> list[Moment]:
    """Random moments of a sweep, in order.

    Most follow an event at once. Every fourth comes late, to fall into an epoch, an actor's start or the policy
    search.

    Args:
        count: How many.
        n_events: How many events of trials and policies an undisturbed sweep has.
        seed: Same seed, same moments.
    """
    draw = random.Random(seed)
    chosen = sorted(draw.randint(0, n_events) for _ in range(count))
    return [
        Moment(event, draw.uniform(0, 6.0) if number % 4 == 3 else draw.uniform(0, 0.3))
        for number, event in enumerate(chosen)
    ]


def progress(journal: Path) -> int:
    """How many events of trials and policies a journal has."""
    if not journal.exists():
        return 0
    lines = journal.read_text(errors="replace").splitlines()
    return sum(line.startswith(tuple(f'{{"event":{kind}' for kind in _PROGRESS)) for line in lines)


class SweepProcess:
    """A sweep in a process of its own, as a user starts it.

    Args:
        script: ``search/run.py`` or a copy of it.
        folder: The working folder; the sweep's files go to ``runs/`` in it.
        uri: MLflow's.
        name: Of the sweep.
        address: Of Ray.
        settings: Further ``key=value``.
    """

    def __init__(self, script: Path, folder: Path, *, uri: str, name: str, address: str, settings: tuple[str, ...]):
        self.journal = folder / "runs" / name / "journal.jsonl"
        self._folder = folder
        options = [part for one in (*SETTINGS, *settings) for part in ("--set", one)]
        self._command = [sys.executable, str(script), "digits", *options, "--name", name]
        self._command += ["--tracking-uri", uri, "--address", address]

    @contextmanager
    def running(self):
        """The process, new or resumed; whatever is left of it is killed at the end."""
        resume = ["--resume"] if self.journal.parent.exists() else []
        with (self._folder / "output.txt").open("a") as output:
            process = subprocess.Popen(
                [*self._command, *resume], stdout=output, stderr=subprocess.STDOUT, cwd=self._folder
            )
        try:
            yield process
        finally:
            kill_tree(process.pid)
            process.wait()

    def wait_for(self, process: subprocess.Popen, moment: Moment) -> bool:
        """Wait until the moment has come; False where the sweep ended before."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while progress(self.journal) < moment.n_events and process.poll() is None:
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        time.sleep(moment.seconds)
        return process.poll() is None

    def finish(self) -> None:
        """Run what is left of the sweep to its end."""
        with self.running() as process:
            self.wait(process)

    def wait(self, process: subprocess.Popen) -> None:
        """Wait for a good end."""
        assert process.wait(_TIMEOUT_SECONDS) == 0, self.output()
        assert "Traceback" not in self.output(), self.output()

    def output(self) -> str:
        """All that was printed so far."""
        return (self._folder / "output.txt").read_text()


def kill_driver_at(sweep: SweepProcess, chosen: list[Moment]) -> int:
    """Kill the driver at each moment and resume it; then let it finish. Returns how many kills found it running."""
    n_killed = 0
    for moment in chosen:
        with sweep.running() as process:
            if sweep.wait_for(process, moment):
                process.kill()
                n_killed += 1
    sweep.finish()
    return n_killed


def kill_workers_at(
    sweep: SweepProcess, chosen: list[Moment], workers: Callable[[], list[psutil.Process]], *, seed: int
) -> int:
    """Run a sweep and kill one of its trials' processes at each moment; returns how many were killed.

    Where the one before was killed just then, the next is killed as soon as it is there.
    """
    draw = random.Random(seed)
    n_killed = 0
    with sweep.running() as process:
        for moment in chosen:
            sweep.wait_for(process, moment)
            while not (found := workers()) and process.poll() is None:
                time.sleep(0.1)
            if found:
                draw.choice(sorted(found, key=lambda worker: worker.pid)).kill()
                n_killed += 1
        sweep.wait(process)
    return n_killed


def trial_workers(pid: int) -> list[psutil.Process]:
    """The processes below one process that train trials."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            command = " ".join(child.cmdline())
        except psutil.Error:
            continue
        if command.startswith("ray::") and "Trainable" in command:
            found.append(child)
    return found


def kill_tree(pid: int) -> None:
    """Kill a process and all that it started."""
    try:
        root = psutil.Process(pid)
        tree = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            os.kill(process.pid, 9)
        except ProcessLookupError:
            continue
