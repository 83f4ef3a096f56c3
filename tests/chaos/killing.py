"""Running a sweep and killing what it runs on, at moments that a seed chooses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import random
import subprocess
import sys
from threading import Event
import time

import psutil
from rich.console import Console

from search.cli.exit_code import ExitCode
from search.cli.run import run_command
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
# A guard against hanging alone: a busy machine takes many times as long as an idle one.
_TIMEOUT_SECONDS = 1200.0


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


class DisturbedSweep:
    """A sweep that is killed, in a process of its own as a user starts it, and finished, in this process if it can be.

    Args:
        script: ``search/run.py`` or a copy of it.
        folder: The working folder; the sweep's files go to ``runs/`` in it.
        uri: MLflow's.
        name: Of the sweep.
        address: Of Ray.
        settings: Further ``key=value``.
        is_joined: Whether this process is connected to Ray at the address.
    """

    def __init__(
        self,
        script: Path,
        folder: Path,
        *,
        uri: str,
        name: str,
        address: str,
        settings: tuple[str, ...],
        is_joined: bool,
    ):
        self.uri = uri
        self.journal = folder / "runs" / name / "journal.jsonl"
        self._folder = folder
        self._settings = (*SETTINGS, *settings)
        self._options = {"name": name, "tracking_uri": uri, "address": address}
        self._script = script
        self._is_joined = is_joined

    @property
    def _is_there(self) -> bool:
        return self.journal.parent.exists()

    @contextmanager
    def running(self):
        """Its process, new or resumed; whatever is left of it is killed at the end."""
        command = [sys.executable, str(self._script), "digits"]
        command += [part for one in self._settings for part in ("--set", one)]
        command += [part for key, value in self._options.items() for part in (f"--{key.replace('_', '-')}", value)]
        command += ["--resume"] if self._is_there else []
        with (self._folder / "output.txt").open("a") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=self._folder)
        try:
            yield process
        finally:
            kill_tree(process.pid)
            process.wait()

    def wait_for(self, is_over: Callable[[], bool], moment: Moment) -> bool:
        """Wait until the moment has come; False where the sweep was over before."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while progress(self.journal) < moment.n_events and not is_over():
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        time.sleep(moment.seconds)
        return not is_over()

    def finish(self) -> None:
        """Run what is left of the sweep to its end."""
        if self._is_joined:
            self._finish_here()
        else:
            with self.running() as process:
                self.wait(process)

    def _finish_here(self) -> None:
        with (self._folder / "output.txt").open("a") as output, chdir(self._folder):
            console = Console(file=output, width=100)
            settings = list(self._settings)
            options = {"resume": self._is_there, "data_dir": None, "console": console, **self._options}
            assert ExitCode.of_search(run_command("digits", settings, **options)) == ExitCode.DONE, self.output()

    def finish_while(self, disturb: Callable[[Callable[[], bool]], int]) -> int:
        """Run what is left of the sweep to its end in this process, and what disturbs it beside it.

        Args:
            disturb: Is told how to ask whether the sweep is over.

        Returns:
            What that returned.
        """
        over = Event()
        with ThreadPoolExecutor(1) as beside:
            disturbed = beside.submit(disturb, over.is_set)
            try:
                self._finish_here()
            finally:
                over.set()
            return disturbed.result()

    def wait(self, process: subprocess.Popen) -> None:
        """Wait for a good end of its process."""
        assert process.wait(_TIMEOUT_SECONDS) == 0, self.output()
        assert "Traceback" not in self.output(), self.output()

    def output(self) -> str:
        """All that was printed so far."""
        return (self._folder / "output.txt").read_text()


def has_ended(process: subprocess.Popen) -> Callable[[], bool]:
    """Asks whether a process has ended."""
    return lambda: process.poll() is not None


def kill_driver_at(sweep: DisturbedSweep, chosen: list[Moment]) -> int:
    """Kill the driver at each moment and resume it; then let it finish. Returns how many kills found it running."""
    n_killed = 0
    for moment in chosen:
        with sweep.running() as process:
            if sweep.wait_for(has_ended(process), moment):
                process.kill()
                n_killed += 1
    sweep.finish()
    return n_killed


def kill_workers_at(
    sweep: DisturbedSweep, chosen: list[Moment], workers: Callable[[], list[psutil.Process]], *, seed: int
) -> int:
    """Run a sweep and kill one of its trials' processes at each moment; returns how many were killed.

    Where the one before was killed just then, the next is killed as soon as it is there.
    """
    draw = random.Random(seed)

    def disturb(is_over: Callable[[], bool]) -> int:
        n_killed = 0
        for moment in chosen:
            sweep.wait_for(is_over, moment)
            while not (found := workers()) and not is_over():
                time.sleep(0.1)
            if found:
                draw.choice(sorted(found, key=lambda worker: worker.pid)).kill()
                n_killed += 1
        return n_killed

    return sweep.finish_while(disturb)


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
