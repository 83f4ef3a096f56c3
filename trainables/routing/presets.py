"""The nine phases of the notes on an early-exit SSDLite as settings, each beside what the notes had of it.

Source: *Training Phases Comparison Table*, working notes of October 2025. They name the thresholds, the gates of phases
1.1 and 1.9, the warm-up and which temperature ran away. What they do not name is chosen here, and said where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainables.errors import TrainingError
from trainables.routing.settings import QualityGate, RoutingSettings, Thresholds


@dataclass(frozen=True)
class NotedOutcome:
    """What the notes had of a phase; nobody measured whether anything was found.

    Attributes:
        exit_mix: Share of the images that left at each of three exits.
        latency_ms: Mean time for an image, in milliseconds.
        confidences: Mean confidence of each exit in training.
        temperatures: Temperature of each exit at the end.
        what_happened: The notes' own verdict.
    """

    exit_mix: tuple[float, float, float]
    latency_ms: float
    confidences: tuple[float, float, float]
    temperatures: tuple[float, float, float]
    what_happened: str


@dataclass(frozen=True)
class Phase:
    """One phase of the notes.

    Attributes:
        name: Number of the phase in the notes.
        goal: What was tried, in a few words.
        settings: How it is trained.
        noted: What the notes had of it.
    """

    name: str
    goal: str
    settings: RoutingSettings
    noted: NotedOutcome


_ALL_FIRST, _ALL_LAST = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)

# Of the gate of phase 1.8 the notes say only that it is stricter; of the start of phase 1.6 nothing: it is 1.5's.
# They give phase 1.9 a "longer warm-up" than the three epochs of 1.8, and an epoch table with three: the table counts.
_PHASES = (
    Phase(
        "1.1",
        "quality gate alone",
        RoutingSettings(thresholds=Thresholds.FIXED, start=(0.0, 0.0), gate=QualityGate(objectness=0.5, n_objects=3)),
        NotedOutcome(_ALL_LAST, 14.4, (0.003, 0.007, 0.019), (1.50, 1.50, 1.00), "failed to exit"),
    ),
    Phase(
        "1.2",
        "lower thresholds",
        RoutingSettings(thresholds=Thresholds.FIXED, start=(0.40, 0.50)),
        NotedOutcome(_ALL_FIRST, 8.1, (0.478, 0.529, 0.634), (1.64, 1.42, 0.91), "too aggressive"),
    ),
    Phase(
        "1.3",
        "higher thresholds",
        RoutingSettings(thresholds=Thresholds.FIXED, start=(0.65, 0.80)),
        NotedOutcome(_ALL_LAST, 19.2, (0.159, 0.516, 0.626), (1.64, 1.65, 0.87), "thresholds too high"),
    ),
    Phase(
        "1.4",
        "achievable thresholds",
        RoutingSettings(thresholds=Thresholds.FIXED, start=(0.45, 0.60)),
        NotedOutcome(_ALL_FIRST, 8.2, (0.476, 0.482, 0.593), (1.54, 1.62, 0.91), "same as 1.2"),
    ),
    Phase(
        "1.5",
        "learnt thresholds",
        RoutingSettings(thresholds=Thresholds.LEARNABLE, start=(0.55, 0.65)),
        NotedOutcome(_ALL_LAST, 19.6, (0.485, 0.518, 0.556), (1.56, 1.59, 0.89), "learned wrong values"),
    ),
    Phase(
        "1.6",
        "Gumbel-softmax",
        RoutingSettings(thresholds=Thresholds.GUMBEL, start=(0.55, 0.65)),
        NotedOutcome(_ALL_LAST, 21.1, (0.329, 0.722, 0.792), (1.24, 2.56, 0.65), "training unstable"),
    ),
    Phase(
        "1.7",
        "progressive, not clamped",
        RoutingSettings(
            thresholds=Thresholds.PROGRESSIVE,
            start=(0.25, 0.35),
            end=(0.45, 0.60),
            least_temperature=None,
            most_temperature=None,
        ),
        NotedOutcome(_ALL_FIRST, 5.8, (0.500, 0.626, 0.920), (24.56, 1.71, 0.59), "temperature exploded"),
    ),
    Phase(
        "1.8",
        "warm-up, stricter gate",
        RoutingSettings(
            thresholds=Thresholds.PROGRESSIVE,
            start=(0.40, 0.50),
            end=(0.65, 0.75),
            gate=QualityGate(objectness=0.7, n_objects=3),
            warm_up_epochs=3,
        ),
        NotedOutcome(_ALL_LAST, 14.5, (0.000, 0.000, 0.529), (1.55, 2.15, 0.50), "quality gates too strict"),
    ),
    Phase(
        "1.9",
        "warm-up, relaxed gate",
        RoutingSettings(
            thresholds=Thresholds.PROGRESSIVE,
            start=(0.35, 0.45),
            end=(0.55, 0.65),
            gate=QualityGate(objectness=0.6, n_objects=2),
            warm_up_epochs=3,
        ),
        NotedOutcome(_ALL_LAST, 14.6, (0.008, 0.008, 0.547), (1.17, 3.00, 0.94), "gates still too strict"),
    ),
)

PHASES: Mapping[str, Phase] = {phase.name: phase for phase in _PHASES}
"""The phases by their number, in their order."""


def get_phase(name: str) -> Phase:
    """The phase of a number.

    Raises:
        TrainingError: If there is none.
    """
    if name not in PHASES:
        raise TrainingError(f"phase must be one of {', '.join(PHASES)} but is {name!r}")
    return PHASES[name]
