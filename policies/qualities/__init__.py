"""What the answers of policies are judged by, by name. A new quality is one new file and one line here."""

import re
from typing import Any

from policies.errors import ExitSearchError
from policies.qualities.base import (
    NOWHERE,
    CountedQuality,
    Judge,
    MeanOfAnswers,
    MeanQuality,
    PooledQuality,
    Quality,
    counted,
)
from policies.qualities.subgroup import name_where, quality_where, split_where
from policies.registry import Registry, resolve, title_of
from policies.tables.base import ExitTable


_CLASSIFICATION = "policies.qualities.classification"
_DETECTION = "policies.qualities.detection"
_MULTILABEL = "policies.qualities.multilabel"

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
        "exact_match": f"{_MULTILABEL}.answers:ExactMatch",
        "hamming": f"{_MULTILABEL}.answers:Hamming",
        "label_macro_f1": f"{_MULTILABEL}.averages:LabelMacroF1",
        "label_micro_f1": f"{_MULTILABEL}.averages:LabelMicroF1",
        "samples_f1": f"{_MULTILABEL}.answers:SamplesF1",
        "jaccard": f"{_MULTILABEL}.answers:Jaccard",
        "worst_label_f1": f"{_MULTILABEL}.averages:WorstLabelF1",
        "worst_label_recall": f"{_MULTILABEL}.averages:WorstLabelRecall",
    }
)

OF_LABEL = ("label_f1", "label_recall", "label_precision")
"""Names of the qualities of one label, which is named in brackets behind them: ``label_f1[dog]``."""
_IN_TEXT = re.compile(rf"(?<![\w\[:-])({'|'.join(sorted((*QUALITIES, *OF_LABEL), key=len, reverse=True))})(?!\w)")
"""Their names in a text; not within other names, or as the name of a label."""


def get_quality(name: str) -> Quality[Any]:
    """Return the quality registered under ``name``, or a user's own named as ``module:attribute``.

    Those of one label say which in brackets: ``label_f1[dog]``, ``label_recall[dog]`` and ``label_precision[dog]``.
    Those of some samples say of which: ``accuracy where site = A``.

    Raises:
        ExitSearchError: If there is none.
    """
    found = split_where(name)
    if found is not None:
        return quality_where(get_quality(found[0]), *found[1:])
    if name.partition("[")[0] in OF_LABEL:
        # Here, since the import takes a while, and requests name qualities before anything is judged.
        from policies.qualities.multilabel.single_label import quality_of_label

        return quality_of_label(name)
    quality: Quality[Any] = resolve("quality", name, QUALITIES, Quality)
    return quality


def require_judges(name: str, table: ExitTable) -> None:
    """Refuse a quality that is not for the answers that a table gives, or of a label that it does not have.

    Raises:
        ExitSearchError: If it is not.
    """
    quality = get_quality(name)
    task = quality.task
    if task not in (None, table.task):
        raise ExitSearchError(
            f"quality {name!r} judges answers of task {task!r} but the table has those of {table.task!r}; ask for a "
            f"quality of that task"
        )
    if quality.looks_back and table.answering.pooling is not None:
        raise ExitSearchError(
            f"quality {name!r} looks at the exits before the one that a sample took but answers that are pooled over "
            f"parents come of several samples; leave it out, or let each sample answer for itself"
        )
    quality.require_fits(table.truth)


def in_words(text: str) -> str:
    """The same text with ``map_50`` and its like called as a person reads them.

    Args:
        text: Such as what was asked for, or a claim.
    """
    return _IN_TEXT.sub(lambda found: title_of(found[0]), text)


__all__ = [
    "NOWHERE",
    "OF_LABEL",
    "QUALITIES",
    "CountedQuality",
    "Judge",
    "MeanOfAnswers",
    "MeanQuality",
    "PooledQuality",
    "Quality",
    "counted",
    "get_quality",
    "in_words",
    "name_where",
    "require_judges",
    "split_where",
]
