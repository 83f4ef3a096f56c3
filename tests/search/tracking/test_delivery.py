"""The thread that delivers, to a store that fails as it is told to; real stores are in the other tracking tests."""

from itertools import pairwise
import threading
import time
import warnings

from mlflow.exceptions import RestException
import pytest

from search.run_folder.journal import Journal
from search.tracking.delivery import Patience
from search.tracking.notices import TrackingWarning
from tests.search.tracking.sinks import (
    AWAY,
    BROKEN,
    GONE,
    WRONG,
    Sink,
    deliver,
    happen,
    no_warnings,
    receipt,
    told,
    wait_for,
)


# No test waits so long: a store that comes back is waited for until it has everything, however busy the machine is.
LONG = 600.0


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        yield journal


@pytest.fixture
def sink():
    return Sink()


def test_events_arrive_in_order_those_to_come_included(journal, sink):
    happen(journal, range(150))
    delivery = deliver(journal, sink)
    with no_warnings():
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        happen(journal, range(150, 160))
        wait_for(lambda: delivery.n_missing == 0)
        happen(journal, [160])
        delivery.drain(LONG)
    assert sink.taken == list(range(161))
    assert receipt(journal).read() == 161
    assert not [thread for thread in threading.enumerate() if thread.name == "mlflow-delivery"]


def test_next_session_goes_on_after_what_was_confirmed(journal, sink):
    happen(journal, range(3))
    receipt(journal).write(2)
    delivery = deliver(journal, sink)
    delivery.start()
    delivery.drain(LONG)
    assert sink.taken == [2]


@pytest.mark.parametrize("fault", [AWAY, BROKEN, RestException({"error_code": "401"}), ConnectionError("x")])
def test_store_that_is_away_is_told_once_and_gets_everything_later(journal, sink, fault):
    happen(journal, range(5))
    sink.faults = [None, fault, None, fault, fault, None, fault]
    delivery = deliver(journal, sink)
    with told("MLflow at http://user:***@127.0.0.1:1 cannot be written to (", "can be written to again; 4 more"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)
    assert sink.taken == list(range(5))


def test_any_fault_while_connecting_is_the_stores(journal, sink):
    happen(journal, [0])
    sink.faults = [WRONG, ValueError("no such scheme"), WRONG, WRONG]
    delivery = deliver(journal, sink)
    with told("cannot be written to (a bad value)", "can be written to again"):
        delivery.connect()
        delivery.start()
        delivery.drain(LONG)
    assert sink.taken == [0]


def test_second_outage_is_told_again(journal, sink):
    delivery = deliver(journal, sink)
    with told("cannot be written to (the database is locked)", "again", "cannot be written to", "again"):
        delivery.start()
        wait_for(lambda: sink.calls)
        for number in range(2):
            sink.faults = [AWAY]
            happen(journal, [number])
            wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)


def test_waits_grow_to_a_limit(journal, sink):
    happen(journal, [0])
    times = []
    sink.connect = lambda: times.append(time.monotonic()) or sink._fail()
    sink.faults = [AWAY] * 6
    delivery = deliver(journal, sink, Patience(first=0.05, longest=0.2))
    with pytest.warns(TrackingWarning):
        delivery.start()
        wait_for(lambda: len(times) >= 6)
        delivery.drain(LONG)
    waits = [later - earlier for earlier, later in pairwise(times[:5])]
    for wait, least in zip(waits, (0.05, 0.1, 0.2, 0.2), strict=True):
        assert wait >= least


def test_event_that_is_refused_holds_up_no_other(journal, sink):
    happen(journal, range(250))
    sink.bad = {3: WRONG, 4: KeyError("epoch"), 120: WRONG}
    delivery = deliver(journal, sink)
    with told("refused what was 'something' of trial-3 (a bad value)"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)
    assert set(range(250)) - set(sink.taken) == {3, 4, 120}
    assert sink.calls.count(100) >= 1


def test_event_that_breaks_the_server_is_left_out_if_the_store_takes_anything_else(journal, sink):
    happen(journal, range(3))
    sink.bad = {1: BROKEN}
    delivery = deliver(journal, sink)
    with told("cannot be written to (a bug", "refused what was 'something' of trial-1", "again"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)
    assert sorted(set(sink.taken)) == [0, 2]


@pytest.mark.parametrize("fault", [BROKEN, WRONG])
def test_nothing_is_left_out_while_the_store_takes_nothing_at_all(journal, sink, fault):
    happen(journal, range(3))
    sink.bad = {1: fault}
    sink.takes_probes = False
    delivery = deliver(journal, sink)
    with told("cannot be written to (a b", "can be written to again"):
        delivery.start()
        wait_for(lambda: len(sink.calls) > 20)
        assert delivery.n_missing == 2
        sink.bad = {}
        wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)


def test_runs_that_are_gone_are_made_anew_from_the_beginning(journal, sink):
    happen(journal, range(3))
    delivery = deliver(journal, sink)
    with told("has lost runs of this sweep"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        sink.faults = [GONE]
        happen(journal, [3])
        wait_for(lambda: sink.taken == [0, 1, 2, 0, 1, 2, 3])
        delivery.drain(LONG)


def test_runs_that_go_again_and_again_do_not_hold_up_the_rest(journal, sink):
    happen(journal, range(3))
    sink.bad = {1: GONE}
    delivery = deliver(journal, sink)
    lost = ["has lost runs"] * 3
    with told(*lost, "refused what was"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        delivery.drain(LONG)
    assert sink.taken[-1] == 2


@pytest.mark.parametrize(("beginning", "taken"), [("started", [0, 1, 2]), ("created", [2])])
def test_store_that_was_emptied_gets_everything_again(journal, sink, beginning, taken):
    journal.append(beginning, n=0)
    happen(journal, [1, 2])
    receipt(journal).write(2)
    sink.knows_sweep = False
    delivery = deliver(journal, sink)
    with told(*["has lost runs of this sweep"] * (beginning == "started")):
        delivery.start()
        delivery.drain(LONG)
    assert sink.taken == taken


def test_end_waits_a_short_while_for_a_store_that_is_away(journal, sink):
    happen(journal, range(3))
    attempts = []

    def refuse():
        attempts.append("connect")
        raise AWAY

    sink.connect = refuse
    delivery = deliver(journal, sink, Patience(first=2 * LONG, longest=2 * LONG, draining=0.01))
    with told("cannot be written to"):
        delivery.start()
        wait_for(lambda: attempts)
        started = time.monotonic()
        delivery.drain(0.3)
    assert 0.3 <= time.monotonic() - started < LONG
    assert delivery.n_missing == 3


def test_store_that_comes_back_while_the_end_waits_gets_everything(journal, sink):
    happen(journal, range(3))
    sink.faults = [AWAY] * 5
    delivery = deliver(journal, sink, Patience(first=2 * LONG, longest=2 * LONG, draining=0.01))
    with told("cannot be written to", "again"):
        delivery.start()
        wait_for(lambda: sink.calls)
        delivery.drain(LONG)
    assert delivery.n_missing == 0


def test_end_waits_for_a_slow_store_as_long_as_it_takes_anything(journal, sink):
    happen(journal, range(450))
    sink.seconds = 0.1
    delivery = deliver(journal, sink)
    with no_warnings():
        delivery.start()
        delivery.drain(0.05)
    assert sink.taken == list(range(450))


def test_end_with_a_limit_begins_nothing_more_after_it(journal, sink):
    happen(journal, range(1000))
    sink.seconds = 0.2
    delivery = deliver(journal, sink)
    delivery.start()
    wait_for(lambda: 100 in sink.calls)
    delivery.drain(LONG, limit=0.3)
    assert 0 < delivery.n_missing < 1000
    assert receipt(journal).read() == 1000 - delivery.n_missing == len(sink.taken)


def test_receipt_that_cannot_be_written_is_told_once(journal, sink):
    happen(journal, range(2))
    (journal.path.parent / "tracking.json").mkdir()
    delivery = deliver(journal, sink)
    with told("cannot be remembered"):
        delivery.start()
        wait_for(lambda: delivery.n_missing == 0)
        happen(journal, [2])
        delivery.drain(LONG)
    assert sink.taken == [0, 1, 2]


def test_fault_of_our_own_is_told_and_kills_nothing(journal, sink):
    happen(journal, [0])
    sink.faults = [None, SystemExit("out")]
    delivery = deliver(journal, sink)
    with told("broke off (SystemExit: out); the sweep goes on"):
        delivery.start()
        delivery.drain(LONG)
    assert delivery.n_missing == 1


def test_warnings_that_are_errors_do_not_stop_the_thread(journal, sink, capsys):
    happen(journal, [0])
    sink.faults = [AWAY]
    delivery = deliver(journal, sink)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        delivery.start()
        delivery.drain(LONG)
    assert sink.taken == [0]
    assert "warning: MLflow at" in capsys.readouterr().err
