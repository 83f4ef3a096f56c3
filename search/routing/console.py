"""The table of the notes again, with the column that they did not have, and why each routing collapsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from search.console_table import FigureRow, FigureTable, print_line
from search.routing.phases import RoutedPhase


_HEADINGS = (
    *("routing", "thresholds", "temperatures", "exit mix", "mAP@.5", "full mAP@.5", "cost"),
    *("notes: exit mix", "notes: ms"),
)
_MS = _HEADINGS.index("cost") + 1


def print_phases(console: Console, phases: Sequence[RoutedPhase], *, full_quality: float) -> None:
    """Print the table, and below it the alarms of each phase, one for each reason; ``routing.csv`` has all.

    Args:
        console: Where it is printed.
        phases: What each phase came to, at least one.
        full_quality: mAP of the sweep's own full network on ``search``.
    """
    has_times = all("mean_latency_ms" in one.spent for one in phases)
    headings = (*_HEADINGS[:_MS], "ms", *_HEADINGS[_MS:]) if has_times else _HEADINGS
    FigureTable(
        headings=headings,
        rows=tuple(FigureRow(f"{one.phase.name} {one.phase.goal}", _figures(one, has_times)) for one in phases),
        names="phase",
        title="Routing of the notes, on search",
        caption=f"mAP@.5 is of the boxes at the exits taken, full mAP@.5 of the phase's last exit alone; the sweep's "
        f"own full network has {full_quality:.3f}. The notes measured no mAP.",
    ).print_on(console)
    for one in phases:
        # The first of each reason: what is wrong at one exit is often wrong at the next.
        for alarm in {alarm.reason: alarm for alarm in reversed(one.alarms)}.values():
            print_line(console, f"{one.phase.name}: {alarm.text}")


def _figures(one: RoutedPhase, has_times: bool) -> tuple[str, ...]:
    return (
        one.trained.router.settings.thresholds.value,
        _thresholds(one),
        _joined(f"{value:.2f}" for value in one.temperatures),
        _mix(one.spent["exit_mix"]),
        f"{one.quality:.3f}",
        f"{one.exit_qualities[-1]:.3f}",
        f"{one.spent['mean_cost']:.2f}",
        *([f"{one.spent['mean_latency_ms']:.1f}"] if has_times else []),
        _mix(one.phase.noted.exit_mix),
        f"{one.phase.noted.latency_ms:.1f}",
    )


def _thresholds(one: RoutedPhase) -> str:
    """From the start to the end, such as ``0.25 -> 0.45 / 0.35 -> 0.60``; once where they are the same."""
    router = one.trained.router
    start = router.settings.starts(router.n_exits - 1)
    end = [row[0] for row in one.policy.thresholds]
    return _joined(
        f"{first:.2f}" if abs(first - last) < 0.005 else f"{first:.2f} -> {last:.2f}"
        for first, last in zip(start, end, strict=True)
    )


def _mix(shares: Iterable[float]) -> str:
    return _joined(f"{share:.0%}" for share in shares)


def _joined(parts: Iterable[str]) -> str:
    return " / ".join(parts)
