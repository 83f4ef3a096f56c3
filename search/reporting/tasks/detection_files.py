"""What was found on every split, by class, by size and by kind of error: tables with a row for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.calibration.box_temperature import tempered_boxes
from policies.matching.matches import is_crowd
from policies.metrics.detection.errors import BoxErrors, BoxVerdict
from policies.metrics.detection.precisions import SIZES, precisions
from policies.tables.boxes import LABEL, is_box
from policies.tables.detection import DetectionTable
from search.run_folder.answers import PolicyAnswers


_EXIT = "exit_"


@dataclass(frozen=True)
class BoxAnswers(PolicyAnswers[DetectionTable]):
    """What one policy of a detector, or one exit alone, found on one split."""

    @classmethod
    def of(cls, answered: PolicyAnswers[DetectionTable], temperatures: NDArray[np.float64]) -> BoxAnswers:
        """The same with tempered scores, which those of a policy are already, but not those of an exit alone."""
        own = cls(answered.name, answered.split, answered.table, answered.answers, answered.exits)
        if answered.exits is not None or not answered.name.startswith(_EXIT):
            return own
        temperature = temperatures[int(answered.name.removeprefix(_EXIT)) - 1]
        return replace(own, answers=tempered_boxes(answered.answers, temperature))

    @cached_property
    def errors(self) -> BoxErrors:
        """What is wrong with the boxes."""
        return BoxErrors.of(self.answers, self.table.truth)

    @property
    def objects(self) -> NDArray[np.float32]:
        """What is to be found, in all images together, shape (n, 6): no crowds."""
        true = self.table.objects
        return np.asarray(true[is_box(true) & ~is_crowd(true)])

    @property
    def named(self) -> dict[str, str]:
        """Whose figures these are, on which split."""
        return {"policy": self.name, "split": self.split}


def class_table(answered: Sequence[BoxAnswers]) -> pd.DataFrame:
    """The figures of each class.

    Returns:
        ``policy``, ``split``, ``class``, ``ap_50`` and ``ap``, NaN for a class without objects; of the boxes from the
        operating score on ``recall`` and ``precision``, NaN where there is nothing to find or nothing was found; and
        the number of ``objects``.
    """
    return pd.DataFrame([row for own in answered for row in _classes(own)])


def size_table(answered: Sequence[BoxAnswers]) -> pd.DataFrame:
    """Mean precisions of objects of each size: ``policy``, ``split``, ``size``, ``map_50``, ``map`` and ``objects``."""
    return pd.DataFrame([row for own in answered for row in _sizes(own)])


def error_table(answered: Sequence[BoxAnswers]) -> pd.DataFrame:
    """How often each kind of error occurs: ``policy``, ``split``, ``kind`` and ``count``."""
    return pd.DataFrame(
        [{**own.named, "kind": kind, "count": count} for own in answered for kind, count in own.errors.counts().items()]
    )


def _classes(own: BoxAnswers) -> Iterator[dict[str, Any]]:
    found, n_classes = precisions(own.answers, own.table.truth), own.table.n_classes
    labels, verdicts = own.answers[..., LABEL].astype(np.int64), own.errors.verdicts
    n_objects = np.bincount(own.objects[:, LABEL].astype(np.int64), minlength=n_classes)
    n_hits = np.bincount(labels[verdicts == BoxVerdict.HIT], minlength=n_classes)
    n_used = np.bincount(labels[verdicts != BoxVerdict.UNUSED], minlength=n_classes)
    with np.errstate(invalid="ignore"):
        recall, precision = n_hits / n_objects, n_hits / n_used
    for label, name in enumerate(own.table.meta["class_names"]):
        yield {
            **own.named,
            "class": str(name),
            "ap_50": found[label, 0],
            "ap": found[label].mean(),
            "recall": recall[label],
            "precision": precision[label],
            "objects": n_objects[label],
        }


def _sizes(own: BoxAnswers) -> Iterator[dict[str, Any]]:
    for name, sizes in SIZES.items():
        n_objects = int(sizes.holds(own.objects).sum())
        found = precisions(own.answers, own.table.truth, sizes=sizes)
        means = found[~np.isnan(found[:, 0])].mean(axis=0) if n_objects else np.full(found.shape[1], np.nan)
        yield {**own.named, "size": name, "map_50": means[0], "map": means.mean(), "objects": n_objects}
