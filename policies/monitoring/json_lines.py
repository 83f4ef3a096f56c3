"""Answered samples as lines of JSON, as a service logs them."""

from __future__ import annotations

from collections.abc import Sequence
import json
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.errors import MonitoringError
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.options import refusal


_Class = int | str


class _Line(BaseModel):
    """One sample. Classes are numbers from 0 or names; further keys are none of our business."""

    model_config = ConfigDict(strict=True)

    label: _Class
    depth: Annotated[int, Field(ge=1)]
    probability: Annotated[float, Field(ge=0, le=1)]
    truth: _Class | None = None
    group: int | str | None = None
    full_label: _Class | None = None


def read_line(text: str, *, place: str, class_names: Sequence[str] | None = None) -> AnsweredSamples:
    """Read one sample, as ``exitsearch predict --json`` writes it: ``label``, ``probability`` and ``depth``.

    Args:
        text: JSON object on one line. Where they are known, ``truth`` is the true class, ``group`` the sample's origin,
            and ``full_label`` what the full network answers.
        place: What a person calls the line, such as ``line 12``.
        class_names: Names of the classes, where they may stand for their numbers.

    Raises:
        MonitoringError: If the line is damaged, lacks a key or names a class that there is not.
    """
    line = _parse(text, place)
    numbers = {name: number for number, name in enumerate(class_names or ())}

    def number(value: _Class | None) -> Any:
        if value is None:
            return np.array([UNKNOWN])
        if isinstance(value, str) and value not in numbers:
            raise MonitoringError(f"{place}: a class must be one of {list(numbers)} or its number but is {value!r}")
        return np.array([numbers[value] if isinstance(value, str) else value])

    return AnsweredSamples(
        predictions=number(line.label),
        exits=np.array([line.depth - 1]),
        confidences=np.array([line.probability]),
        labels=number(line.truth),
        full_predictions=number(line.full_label),
        groups=None if line.group is None else np.array([str(line.group)]),
    )


def _parse(text: str, place: str) -> _Line:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MonitoringError(f"{place}: each line must be a JSON object ({error})") from None
    if not isinstance(given, dict):
        raise MonitoringError(f"{place}: each line must be a JSON object but is {text.strip()[:60]!r}")
    try:
        return _Line.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        if first["type"] == "missing":
            raise MonitoringError(
                f"{place}: each line must have label, probability and depth but {key} is not there"
            ) from None
        raise MonitoringError(f"{place}: {key} {refusal(first, _Line.model_fields[key])}") from None
