"""A store for tests of the delivery that fails as it is told to, and what the user hears of it."""

from contextlib import contextmanager
import time
import warnings

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE

from search.tracking.delivery import Delivery, Patience
from search.tracking.notices import TrackingNotices, TrackingWarning
from search.tracking.receipt import Receipt


URI = "http://user:secret-42@127.0.0.1:1"
QUICK = Patience(first=0.01, longest=0.04, draining=0.01)
AWAY = MlflowException("the database is locked\n[SQL: ...]", TEMPORARILY_UNAVAILABLE)
BROKEN = MlflowException("a bug in the server")
WRONG = MlflowException("a bad value", INVALID_PARAMETER_VALUE)
GONE = MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)


class Sink:
    """Remembers what it took; raises what it is told to."""

    def __init__(self):
        self.taken = []
        self.calls = []
        self.faults = []  # for the next calls, None for none
        self.bad = {}  # number of an event: what it raises for it
        self.knows_sweep = True
        self.takes_probes = True
        self.seconds = 0.0

    def connect(self):
        self.calls.append("connect")
        self._fail()
        return self.knows_sweep

    def apply(self, events):
        self.calls.append(len(events))
        time.sleep(self.seconds)
        self._fail()
        for event in events:
            if event["n"] in self.bad:
                raise self.bad[event["n"]]
            self.taken.append(event["n"])

    def probe(self):
        if not self.takes_probes:
            raise AWAY

    def _fail(self):
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault


def happen(journal, numbers):
    for number in numbers:
        journal.append("something", n=number, trial=f"trial-{number}")


def receipt(journal, uri=URI):
    return Receipt(journal.path.parent / "tracking.json", uri=uri, experiment="e", sweep_id="5")


def deliver(journal, sink, patience=QUICK):
    return Delivery(journal, sink, receipt(journal), TrackingNotices(URI), patience)


@contextmanager
def no_warnings():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    assert not [str(one.message) for one in seen]


@contextmanager
def told(*starts):
    """Exactly these warnings, each one line, in this order."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    texts = [str(one.message) for one in seen if one.category is TrackingWarning]
    assert len(texts) == len(starts), texts
    for text, start in zip(texts, starts, strict=True):
        assert start in text
        assert "\n" not in text
        assert "secret-42" not in text


def wait_for(condition, seconds=600):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
