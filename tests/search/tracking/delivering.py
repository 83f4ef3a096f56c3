"""Deliveries that end at exact moments: as if the process had been killed there, or with a real SIGKILL.

``python -m tests.search.tracking.delivering FOLDER URI MOMENT [FOLDER URI MOMENT ...]`` delivers one journal after the
other, each in a process of its own, which is killed just after the call to MLflow with that number has been answered.
"""

import importlib
import os
from pathlib import Path
import signal
import subprocess
import sys

from mlflow.tracking import MlflowClient
import pytest

from search.run_folder.folder import RunFolder
from search.tracking.tracker import Tracker
from tests.search.tracking.tracked import EXPERIMENT, finish, open_journal


_WRITING = ("create_experiment", "create_run", "log_batch", "set_terminated", "update_run", "set_tag", "log_artifact")


class Killed(BaseException):
    """Ends the thread where it is, as a kill would."""


def ending_after(patched, moment, end=None, names=_WRITING):
    """Make the call to MLflow with this number the last one.

    Args:
        patched: A monkeypatch.
        moment: Number of the call, from 1.
        end: What happens then; where left out, :class:`Killed` is raised.
        names: The calls that are counted.

    Returns:
        A function that counts the calls so far.
    """
    calls = []

    def counting(method):
        def counted(*args, **kwargs):
            result = method(*args, **kwargs)
            calls.append(method)
            if len(calls) == moment:
                if end:
                    end()
                raise Killed
            return result

        return counted

    for name in names:
        patched.setattr(MlflowClient, name, counting(getattr(MlflowClient, name)))
    return lambda: len(calls)


def deliver_and_die(cases):
    """Deliver each (folder, uri, moment) in another process; gives which of them were killed, not finished."""
    arguments = [str(part) for case in cases for part in case]
    done = subprocess.run(
        [sys.executable, "-m", "tests.search.tracking.delivering", *arguments],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line == "killed" for line in done.stdout.split()]


def _deliver(folder, uri, moment):
    ending_after(pytest.MonkeyPatch(), moment, end=lambda: os.kill(os.getpid(), signal.SIGKILL))
    with open_journal(folder) as journal:
        tracker = Tracker(uri, EXPERIMENT, folder, journal)
        tracker.start({"target": 0.95})
        finish(tracker)


if __name__ == "__main__":
    # Once, not in each process.
    importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
    for path, uri, moment in zip(*[iter(sys.argv[1:])] * 3, strict=True):
        process = os.fork()
        if process == 0:
            _deliver(RunFolder(Path(path)), uri, int(moment))
            os._exit(0)
        _, status = os.waitpid(process, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)
