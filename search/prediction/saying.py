"""What a bundle says about files, whatever kind of answers it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TypeAlias

from policies.runtime.runtime import EarlyExitRuntime
from search.prediction.answering import answer_files
from search.prediction.detections import MIN_SCORE, Detection
from search.prediction.files import InputFiles
from search.prediction.label_sets import LabelSet
from search.prediction.predictions import Prediction
from trainables.export.bundle.bundle import Bundle
from trainables.export.named_boxes import NamedBox


Said: TypeAlias = Prediction | Detection | LabelSet


def said_of_files(
    bundle: Bundle,
    runtime: EarlyExitRuntime,
    files: InputFiles,
    *,
    batch_size: int = 1,
    min_score: float | None = None,
    draw: Path | None = None,
) -> Iterator[Said]:
    """Run files through the network of a bundle.

    Args:
        bundle: The bundle.
        runtime: Its network under its policy.
        files: Files to read.
        batch_size: Inputs that are run together.
        min_score: Of a detector, boxes with lower scores are left out; :data:`MIN_SCORE` where None.
        draw: Of a detector, the folder that images with their boxes are written to; None draws none.

    Raises:
        PredictionError: If no input at all could be read, or a drawing cannot be written.

    Warns:
        PredictionWarning: If some inputs could not be read, or are none that the network takes; the others were.
    """
    manifest = bundle.manifest
    names_groups = (bundle.reference or {}).get("unit") == "group"
    answered = answer_files(runtime, files, batch_size=batch_size, names_groups=names_groups)
    if manifest.boxes is None:
        kind = LabelSet if manifest.has_label_sets else Prediction
        yield from (kind.of(one, manifest.class_names) for one in answered)
        return
    # Here, since most bundles are of classifiers, and most detectors draw nothing.
    from search.prediction.drawing import BoxDrawer

    drawer = None if draw is None else BoxDrawer(draw, manifest.class_names)
    for one in answered:
        found = Detection.of(one, manifest.class_names, min_score=MIN_SCORE if min_score is None else min_score)
        if drawer is not None:
            drawer.draw(one, found)
        yield found


def columns_of(bundle: Bundle) -> tuple[str, ...]:
    """Names of the columns of what a bundle says, as a table."""
    if bundle.manifest.has_label_sets:
        return LabelSet.columns(bundle.manifest.class_names)
    if bundle.manifest.boxes is None:
        return tuple(field.name for field in fields(Prediction))
    of_image = tuple(field.name for field in fields(Detection) if field.name != "boxes")
    return (*of_image, *(field.name for field in fields(NamedBox)))
