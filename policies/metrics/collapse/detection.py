"""The collapse alarm of detectors: exits are judged by what was asked for, and by the F1 of each image's boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.matching.matches import is_crowd
from policies.metrics.collapse.alarms import (
    LEAST,
    Collapse,
    CollapseAlarm,
    ExitFacts,
    Words,
    auroc,
    closed_exits,
    require_about,
)
from policies.policy import Decision, Policy
from policies.qualities import MeanQuality, Quality, get_quality
from policies.qualities.detection.images import ImageF1
from policies.registry import title_of
from policies.rules import RuleView
from policies.spacing import evenly_spaced
from policies.tables.boxes import SCORE, is_box, n_boxes, no_boxes
from policies.tables.detection import DetectionTable


_WELL_FOUND, _FEWEST = 0.5, 10
_MOST_LEVELS = 48
"""So many thresholds of an exit are tried, evenly spaced among its samples."""


def detection_alarms(
    table: DetectionTable,
    decision: Decision,
    policy: Policy,
    *,
    quality: str = "map_50",
    target: float | None = None,
    is_feasible: bool | None = None,
) -> tuple[CollapseAlarm, ...]:
    """Name exits that take more than ``MOST`` or less than ``LEAST`` of the images and should not.

    An exit has no signal where it is hardly better than finding nothing, or where its scores do not tell images in
    which it finds the objects, with an F1 of at least one half, from others with objects.

    Args:
        table: Exit table that the policy was applied to.
        decision: Exits and answers of the policy on the table.
        policy: Policy whose use of the exits is examined.
        quality: Name of the quality that the target is of, one in [0, 1] of which more is better.
        target: The least quality that was asked for; None or 0 where none was. Then only what is wrong with an exit by
            itself is told.
        is_feasible: As for :func:`~policies.metrics.collapse.classification.collapse_alarms`.

    Returns:
        The most important alarm first. A network with one exit never alarms.

    Raises:
        PolicyError: If the target is none of the quality, or the decision is not about this table.
    """
    judge = get_quality(quality)
    if not (judge.is_maximised and (judge.lowest, judge.highest) == (0.0, 1.0)):
        raise PolicyError(f"quality must be a share of which more is better but is {quality!r}; take map_50")
    if target is not None and not 0 <= target <= 1:
        raise PolicyError(f"target must be in [0, 1] but is {target}; give a share, not per cent")
    require_about(decision, table)
    if table.n_exits == 1:
        return ()
    view = policy.view(table)

    def quality_of(rows: NDArray[np.bool_]) -> float:
        own = np.flatnonzero(rows)
        return float(judge.values(view.take(own), table.truth.take(own), decision.exits[None, own])[0])

    collapse = Collapse(
        exits=_examine(table, view, decision, policy, judge, target or 0.0),
        taken=decision.exits,
        quality_of=quality_of,
        target=target or 0.0,
        words=_words(title_of(quality)),
    )
    return collapse.alarms(is_judged=bool(target) and is_feasible is not False)


def _words(name: str) -> Words:
    return Words(
        quality=lambda value: f"has {name} {value:.3f}",
        short=lambda value: f"with {name} {value:.3f}",
        least=lambda value: f"finding nothing at all has {value:.3f}",
        target=lambda value: f"{value:.3f}",
        told_apart="images whose objects are found from others",
    )


def _examine(
    table: DetectionTable, view: RuleView, decision: Decision, policy: Policy, judge: Quality[Any], target: float
) -> list[ExitFacts]:
    signal = view.scores[:, :, 0] if view.n_columns == 1 else _surest(view)
    of_images, n_exits = ImageF1(), table.n_exits
    f1 = of_images.of_exits(view, table.truth)
    has_objects = n_boxes(table.objects) > is_crowd(table.objects).sum(axis=1)
    closed = closed_exits(view, policy) | np.isneginf(signal).all(axis=0)
    nothing = no_boxes(table.n_samples, 1)
    # Where nothing is there, finding nothing is right.
    least = float(judge.of_answers(nothing, table.truth).mean()) if isinstance(judge, MeanQuality) else 0.0
    tried = [_leaving_at(k, signal[:, k], n_exits) for k in range(n_exits)]
    # All at once, since what is judged is prepared for each time.
    values = judge.values(view, table.truth, np.concatenate([_alone(table), *tried]))
    of_levels = np.split(values[n_exits:], np.cumsum([len(one) for one in tried])[:-1])
    return [
        ExitFacts(
            depth=k + 1,
            share=float((decision.exits == k).mean()),
            quality=float(values[k]),
            least=least,
            auroc=_auroc(signal[has_objects, k], f1[has_objects, k] >= _WELL_FOUND),
            calibration_error=None,
            temperature=_temperatures(policy)[k],
            is_closed=bool(closed[k]),
            could_help=bool((of_levels[k] >= target).any()),
        )
        for k in range(n_exits)
    ]


def _auroc(signal: NDArray[np.float64], is_well: NDArray[np.bool_]) -> float | None:
    """None where so few images are of one kind that chance decides, or where nobody can leave at the exit."""
    n_well = int(is_well.sum())
    if min(n_well, len(is_well) - n_well) < _FEWEST or np.isneginf(signal).all():
        return None
    return auroc(signal, is_well)


def _temperatures(policy: Policy) -> Sequence[float]:
    """Temperatures of the confidences that the policy leaves by, where its rule has its own, else of the scores."""
    return policy.params.get("confidence_temperatures") or policy.temperatures


def _surest(view: RuleView) -> NDArray[np.float64]:
    """Score of the surest box at each exit, 0 where there is none, shape (N, E)."""
    scores = np.where(is_box(view.answers), view.answers[..., SCORE], 0.0).astype(np.float64)
    return np.asarray(scores.max(axis=2, initial=0.0))


def _alone(table: DetectionTable) -> NDArray[np.int64]:
    """The policies that take one exit for all images, shape (E, N)."""
    return np.repeat(np.arange(table.n_exits)[:, None], table.n_samples, axis=1)


def _leaving_at(k: int, signal: NDArray[np.float64], n_exits: int) -> NDArray[np.int64]:
    """Exits of policies that let the surest images leave at one exit and the others at the last, shape (P, N)."""
    order = np.argsort(-signal, kind="stable")
    descending = signal[order]
    # Images of equal score leave together.
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True)) + 1
    ends = ends[ends >= LEAST * len(signal)]
    ends = ends[evenly_spaced(len(ends), _MOST_LEVELS)]
    rank = np.empty(len(signal), dtype=np.int64)
    rank[order] = np.arange(len(signal))
    return np.asarray(np.where(rank[None] < ends[:, None], k, n_exits - 1))
