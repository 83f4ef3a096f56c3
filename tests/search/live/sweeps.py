"""Sweeps that run, written by hand event by event."""

import json
import os
import time

from search.config.sweep import SweepConfig
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal


EPOCHS = 10


class HandWritten:
    """A sweep of which a test says what happens, holding its journal as a sweep does. Use as a context."""

    def __init__(self, path, **changes):
        path.mkdir(parents=True)
        self.folder = RunFolder(path)
        values = {"name": path.name, "target": 0.9, "training": {"epochs": EPOCHS}, "search": {"trials": 4}, **changes}
        self.folder.sweep_file.write_text(SweepConfig.from_mapping(values).to_yaml())

    def __enter__(self):
        self.journal = Journal(self.folder.journal_file).__enter__()
        self.journal.append("created", sweep_id="0", name=self.folder.name)
        self.journal.append("started", params={})
        return self

    def __exit__(self, *exception):
        self.journal.__exit__(*exception)

    def suggested(self, number):
        self.journal.append("suggested", trial=name(number), number=number - 1, params={}, drawn={})

    def reported(self, number, accuracy=0.95, depth=1.5, epoch=EPOCHS):
        metrics = report(accuracy, depth, epoch)
        self.journal.append("reported", trial=name(number), metrics=metrics, failure="", done=epoch == EPOCHS)

    def failed(self, number, failure):
        """A report of a trial that cannot go on, which has not ended yet."""
        metrics = {key: float("nan") for key in report(0, 0, 1)} | {"epoch": 1, "epochs_left": 0}
        self.journal.append("reported", trial=name(number), metrics=metrics, failure=failure, done=True)

    def ended(self, number, state="COMPLETE", failure=""):
        self.journal.append("ended", trial=name(number), state=state, failure=failure)

    def trial(self, number, accuracy=0.95, depth=1.5):
        self.suggested(number)
        self.reported(number, accuracy, depth)
        self.ended(number)


def report(accuracy, depth, epoch):
    violation = max(0.0, 0.9 - accuracy)
    return {
        **{"accuracy": accuracy, "mean_depth": depth, "violation": violation, "train_loss": 0.5},
        **{"objective_at_target": depth if violation <= 0 else 3 + violation},
        **{"epoch": epoch, "epochs_left": EPOCHS - epoch},
    }


def name(number):
    return f"trial-{number:04d}"


def let_time_pass(folder, seconds=60):
    """As if nothing had been written for a while."""
    then = time.time() - seconds
    os.utime(folder.journal_file, (then, then))


def write_many(folder, n_trials):
    """A journal with so many trials, at once."""
    now = int(time.time() * 1000)
    lines = [{"event": "created", "sweep_id": "0", "name": folder.name}, {"event": "started", "params": {}}]
    for number in range(1, n_trials + 1):
        own = {"trial": name(number)}
        accuracy = 0.85 + 0.1 * (number % 97) / 97
        lines += [
            {"event": "suggested", **own, "number": number - 1, "params": {}, "drawn": {}},
            {
                **{"event": "reported", **own, "failure": "", "done": True},
                "metrics": report(accuracy, 1 + (number % 89) / 50, EPOCHS),
            },
            {"event": "ended", **own, "state": "COMPLETE", "failure": ""},
        ]
    text = "".join(json.dumps({**line, "time_ms": now + place}) + "\n" for place, line in enumerate(lines))
    folder.journal_file.write_text(text)
