"""What the answers of policies are judged by, by name. A new quality is one new file and one line here."""

from typing import Any

from policies.errors import ExitSearchError
from policies.qualities.base import (
    NOWHERE,
    CountedQuality,
    Judge,
    MeanQuality,
    PooledQuality,
    Quality,
    counted,
)
from policies.registry import Registry, resolve
from policies.tables.base import ExitTable


_CLASSIFICATION = "policies.qualities.classification"
_DETECTION = "policies.qualities.detection"

QUALITIES: Registry[Quality[Any]] = Registry(
    {
        "accuracy": f"{_CLASSIFICATION}:Accuracy",
        "macro_f1": f"{_CLASSIFICATION}:MacroF1",
        "worst_class_recall": f"{_CLASSIFICATION}:WorstClassRecall",
        "top5_accuracy": f"{_CLASSIFICATION}:TopFiveAccuracy",
        "flip_rate_to_exit": f"{_CLASSIFICATION}:FlipRate",
        "map": f"{_DETECTION}.mean_precision:MeanPrecision",
        "map_50": f"{_DETECTION}.mean_precision:MeanPrecisionAt50",
        "map_75": f"{_DETECTION}.mean_precision:MeanPrecisionAt75",
        "worst_class_map_50": f"{_DETECTION}.mean_precision:WorstClassPrecision",
        "image_f1": f"{_DETECTION}.images:ImageF1",
        "found_objects": f"{_DETECTION}.images:FoundObjects",
    }
)


def get_quality(name: str) -> Quality[Any]:
    """Return the quality registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is none.
    """
    quality: Quality[Any] = resolve("quality", name, QUALITIES, Quality)
    return quality


def require_judges(name: str, table: ExitTable) -> None:
    """Refuse a quality that is not for the kind of answers that a table has.

    Raises:
        ExitSearchError: If it is not.
    """
    task = get_quality(name).task
    if task not in (None, table.task):
        raise ExitSearchError(
            f"quality {name!r} judges answers of task {task!r} but the table has those of {table.task!r}; ask for a "
            f"quality of that task"
        )


__all__ = [
    "NOWHERE",
    "QUALITIES",
    "CountedQuality",
    "Judge",
    "MeanQuality",
    "PooledQuality",
    "Quality",
    "counted",
    "get_quality",
    "require_judges",
]
