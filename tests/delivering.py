"""Processes that deliver journals and are killed at exact moments.

``python -m tests.delivering FOLDER URI MOMENT [FOLDER URI MOMENT ...]`` delivers one journal after the other, each in
a process of its own, which SIGKILL ends just after the call to MLflow with that number has been answered.
"""

import importlib
import os
from pathlib import Path
import signal
import subprocess
import sys

from search.mlflow_store import MlflowClient
from search.run_folder import RunFolder
from search.tracking import Tracker
from tests.tracked import EXPERIMENT, finish, open_journal


WRITING = ("create_experiment", "create_run", "log_batch", "set_terminated", "update_run", "set_tag", "log_artifact")


def deliver_and_die(cases):
    """Run each (folder, uri, moment); gives which of them were killed, not finished."""
    arguments = [str(part) for case in cases for part in case]
    env = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.delivering", *arguments],
        cwd=Path(__file__).parents[1],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line == "killed" for line in done.stdout.split()]


def _die_after(moment):
    calls = 0

    def counting(method):
        def counted(*args, **kwargs):
            nonlocal calls
            result = method(*args, **kwargs)
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    for name in WRITING:
        setattr(MlflowClient, name, counting(getattr(MlflowClient, name)))


def _deliver(folder, uri, moment):
    _die_after(int(moment))
    with open_journal(RunFolder(Path(folder))) as journal:
        tracker = Tracker(uri, EXPERIMENT, RunFolder(Path(folder)), journal)
        tracker.start({"target": 0.95})
        finish(tracker)


if __name__ == "__main__":
    # Once, not in each process.
    importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
    for folder, uri, moment in zip(*[iter(sys.argv[1:])] * 3, strict=True):
        process = os.fork()
        if process == 0:
            _deliver(folder, uri, moment)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)
