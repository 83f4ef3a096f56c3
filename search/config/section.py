"""A section of a sweep file, and what holds of the numbers in every section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import math
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo


_LARGEST_NUMBER = 1e12


class Section(BaseModel):
    """A mapping in a sweep file that refuses keys that it does not know, and numbers that cannot be.

    A number is no truth value, is finite and is not absurdly large, wherever a field is one or holds some.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _numbers(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and _is_numeric(cls.model_fields[str(info.field_name)].annotation):
            for number in _numbers_in(value):
                _require_number(number)
        return value


def inner_section(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field is, or holds a list of; None where its values are plain."""
    for one in (field.annotation, *get_args(field.annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _is_numeric(annotation: Any) -> bool:
    """Whether values of a type are numbers, or lists or mappings of them."""
    if annotation in (int, float):
        return True
    return annotation is not bool and any(_is_numeric(one) for one in get_args(annotation))


def _numbers_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value
    else:
        yield value


def _require_number(value: Any) -> None:
    if isinstance(value, bool):
        raise ValueError("must be a number, not a truth value,")
    if isinstance(value, (int, float)) and abs(value) > _LARGEST_NUMBER and math.isfinite(value):
        raise ValueError(f"must be a number of at most {_LARGEST_NUMBER:g} in size")
