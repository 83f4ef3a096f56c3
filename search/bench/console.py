"""What was measured, for a person at a terminal."""

from __future__ import annotations

from rich.console import Console

from policies.runtime.candidates import CONTROL, FULL, POLICY
from policies.runtime.speed import Speed
from search.bench.record import BenchRecord
from search.console_table import FigureRow, FigureTable, print_line


def print_bench(console: Console, record: BenchRecord) -> None:
    """Print the tables and the verdicts."""
    print_line(console, f"{record.title}; {record.stream}")
    single = next((speed for speed in record.speeds if speed.batch_size == 1), None)
    if single is not None:
        _single_stream(single).print_on(console)
    _throughput(record).print_on(console)
    _exits(record).print_on(console)
    _speed_ups(record).print_on(console)
    for line in record.verdicts:
        print_line(console, f"{line[0].upper()}{line[1:]}")


def _single_stream(speed: Speed) -> FigureTable:
    rows = [
        FigureRow(
            name,
            (
                *(f"{ms:.3f}" for ms in (own.mean_ms, own.p50_ms, own.p90_ms, own.p99_ms, own.worst_ms)),
                "" if name == POLICY else f"{speed.over(name):.2f}",
            ),
        )
        for name, own in speed.times.items()
    ]
    return FigureTable(
        headings=("mean", "P50", "P90", "P99", "worst", "speed-up by the policy"),
        rows=tuple(rows),
        title=f"Single stream: batch 1, {_rounds(speed)}, milliseconds",
    )


def _throughput(record: BenchRecord) -> FigureTable:
    # Some run at one size alone, such as a graph that takes single samples.
    names = dict.fromkeys(name for speed in record.speeds for name in speed.times)
    rows = [FigureRow(name, tuple(_per_second(speed, name) for speed in record.speeds)) for name in names]
    return FigureTable(headings=_batches(record), rows=tuple(rows), title="Offline: samples per second")


def _per_second(speed: Speed, name: str) -> str:
    return f"{speed.times[name].samples_per_second:,.0f}" if name in speed.times else ""


def _exits(record: BenchRecord) -> FigureTable:
    rows = [
        FigureRow(
            f"exit {k + 1}, taken by {100 * share:.1f} %", tuple(f"{speed.exit_ms[k]:.4f}" for speed in record.speeds)
        )
        for k, share in enumerate(record.speeds[0].exit_mix)
    ]
    title = "Milliseconds per sample up to each exit, with every head before it"
    return FigureTable(headings=_batches(record), rows=tuple(rows), title=title)


def _speed_ups(record: BenchRecord) -> FigureTable:
    speeds = record.speeds
    rows = [
        FigureRow("predicted from latency", tuple(f"{speed.predicted_from_latency:.2f}" for speed in speeds)),
        FigureRow("predicted from MACs", tuple(f"{speed.predicted_from_macs:.2f}" for speed in speeds)),
        FigureRow("measured", tuple(f"{speed.over(FULL):.2f}" for speed in speeds)),
        FigureRow("measured / from latency", tuple(f"{speed.share_of_latency:.2f}" for speed in speeds)),
        FigureRow("measured / from MACs", tuple(f"{speed.share_of_macs:.2f}" for speed in speeds)),
    ]
    if all(speed.has_control for speed in speeds):
        rows.append(FigureRow("over the static control", tuple(f"{speed.over(CONTROL):.2f}" for speed in speeds)))
    rows.append(FigureRow("full network twice differs by", tuple(f"{100 * speed.noise:.1f} %" for speed in speeds)))
    return FigureTable(
        headings=_batches(record),
        rows=tuple(rows),
        title="Speed-up over the full network without early heads",
        caption="Of MACs the full network's count all heads.",
    )


def _batches(record: BenchRecord) -> tuple[str, ...]:
    return tuple(f"batch {speed.batch_size}" for speed in record.speeds)


def _rounds(speed: Speed) -> str:
    ending = "" if speed.n_rounds == 1 else "s"
    return f"{speed.n_samples} samples in random order, medians of {speed.n_rounds} round{ending}"
