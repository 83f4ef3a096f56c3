"""Measured times in MLflow, where the run that a bundle is from is known."""

from __future__ import annotations

from collections.abc import Iterator
import re

from policies.runtime.candidates import CONTROL, FULL, POLICY
from search.bench.record import BenchRecord
from search.errors import BenchError


def log_record(uri: str, run_id: str, record: BenchRecord) -> None:
    """Log figures as metrics of a run, named ``bench_<executor>_<device>_batch_<size>_<figure>``.

    Args:
        uri: Address of the store.
        run_id: Id of the run.
        record: What was measured.

    Raises:
        BenchError: If the store or the run is not there.
    """
    # Here, since the import takes seconds.
    from search.tracking.connection import connect
    from search.tracking.faults import reason_of

    try:
        client = connect(uri)
        for name, value in metrics_of(record):
            client.log_metric(run_id, name, value)
    except Exception as error:  # a store raises what its database or server does
        raise BenchError(
            f"the times are in the bundle but not in MLflow ({reason_of(error, uri)}); correct --tracking-uri"
        ) from None


def metrics_of(record: BenchRecord) -> Iterator[tuple[str, float]]:
    """Names and values of the metrics of a record."""
    for speed in record.speeds:
        start = f"bench_{record.executor}_{record.device}_batch_{speed.batch_size}"
        for name in (POLICY, FULL, CONTROL):
            if name in speed.times:
                yield f"{start}_{re.sub('[^a-z]+', '_', name)}_ms", speed.times[name].mean_ms
        yield f"{start}_policy_p99_ms", speed.times[POLICY].p99_ms
        yield f"{start}_speed_up", speed.over(FULL)
        yield f"{start}_predicted_from_latency", speed.predicted_from_latency
        yield f"{start}_predicted_from_macs", speed.predicted_from_macs
