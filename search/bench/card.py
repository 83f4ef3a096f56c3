"""What a model card tells of measured times, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from policies.runtime.candidates import CONTROL, FULL
from policies.runtime.speed import Speed
from search.bench.record import BenchFile, BenchRecord


_HEADINGS = (
    *("batch", "full network, ms", "policy, ms", "policy P99, ms", "speed-up", "predicted from latency"),
    *("predicted from MACs", "over the static control"),
)


def speed_lines(bench: BenchFile) -> list[str]:
    """Lines on each executor and machine: a table, and whether leaving early pays."""
    lines = [line for record in bench.records for line in ("", *_lines(record))]
    return lines[1:]


def _lines(record: BenchRecord) -> Iterator[str]:
    yield (
        f"Measured by `exitsearch bench` with {record.title}, on {record.stream}. Milliseconds are per sample; "
        f"the full network has no early heads."
    )
    yield ""
    yield f"| {' | '.join(_HEADINGS)} |"
    yield f"|{' --- |' * len(_HEADINGS)}"
    for speed in record.speeds:
        yield f"| {' | '.join(_cells(speed))} |"
    yield ""
    for line in record.verdicts:
        yield f"- {line}"


def _cells(speed: Speed) -> Iterator[str]:
    yield str(speed.batch_size)
    yield f"{speed.times[FULL].mean_ms:.3f}"
    yield f"{speed.policy_ms:.3f}"
    yield f"{speed.times['policy'].p99_ms:.3f}" if speed.batch_size == 1 else "-"
    yield f"{speed.over(FULL):.2f}"
    yield f"{speed.predicted_from_latency:.2f}"
    yield f"{speed.predicted_from_macs:.2f}"
    yield f"{speed.over(CONTROL):.2f}" if speed.has_control else "-"
