"""Options that are declared once, as fields with meaning and range, and what is said of a value that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic.fields import FieldInfo

from policies.errors import ExitSearchError


_MOST_SHOWN = 60
_LIMITS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most", "multiple_of": "a multiple of"}
_LIMIT_ERRORS = {
    "greater_than": "gt",
    "greater_than_equal": "ge",
    "less_than": "lt",
    "less_than_equal": "le",
    "multiple_of": "multiple_of",
}
_RULES = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text (quote what looks like a number)",
    "path_type": "must be a path",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be a mapping, such as {a: 1}",
    "mapping_type": "must be a mapping, such as {a: 1}",
    "string_too_short": "must not be empty",
}


class RequestError(ExitSearchError):
    """Something was asked for that cannot be.

    Attributes:
        key: What was asked for, as a sweep file calls it.
        rule: What must hold of the value, what was given, and what to do.
    """

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key} {rule}")
        self.key, self.rule = key, rule

    def __reduce__(self) -> tuple[type[RequestError], tuple[str, str]]:
        return RequestError, (self.key, self.rule)


class Options(BaseModel):
    """Options that refuse the first wrong value in one line; nothing changes in them afterwards.

    Raises:
        RequestError: If a value is not of its field's type, or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="wrap")
    @classmethod
    def _in_one_line(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            name = str(info.field_name)
            raise RequestError(name, refusal(error.errors(include_url=False)[0], cls.model_fields[name])) from None


def refusal(error: Mapping[str, Any] | Any, field: FieldInfo | None) -> str:
    """What must hold of a value, what was given, and what may have been meant.

    Args:
        error: One of the errors that pydantic found, as its ``errors()`` has them.
        field: Field that the value is of, where it is known: its whole range is then named.
    """
    given = error["input"]
    return f"{_rule(error, field)} but {shown(given)} was given{_hint(given, field)}"


def range_of(field: FieldInfo) -> str:
    """The range of a field's numbers, such as "above 0 and at most 1"; empty where there is none."""
    limits = [
        f"{words} {_number(getattr(one, name))}"
        for one in _constraints(field)
        for name, words in _LIMITS.items()
        if getattr(one, name, None) is not None
    ]
    *others, last = dict.fromkeys(limits) or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def _constraints(field: FieldInfo) -> list[Any]:
    """What a field's values are held to, and where they are numbers or mappings of these, what the numbers are."""
    return list(field.metadata or _inner_constraints(field.annotation))


def _inner_constraints(kind: Any) -> Iterator[Any]:
    for one in get_args(kind):
        if isinstance(one, FieldInfo):
            yield from one.metadata
        yield from _inner_constraints(one)


def shown(value: Any) -> str:
    """A value as it was given, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _rule(error: Any, field: FieldInfo | None) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LIMIT_ERRORS:
        limit = _LIMIT_ERRORS[kind]
        alone = f"{_LIMITS[limit]} {_number(context[limit])}"
        return f"must be {(field and range_of(field)) or alone}"
    if kind in _RULES:
        return _RULES[kind]
    if kind in {"too_short", "too_long"}:
        least = kind == "too_short"
        return f"must have at {'least' if least else 'most'} {context['min_length' if least else 'max_length']} values"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    return str(error["msg"]).removeprefix("Value error, ")


def _hint(given: Any, field: FieldInfo | None) -> str:
    """What a share was probably meant to be where per cent were given; else the field's example."""
    if field is None:
        return ""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number and 2 <= given <= 100 and _is_share(field):
        return f"; did you mean {given / 100:g}?"
    return f"; for example {field.examples[0]}" if field.examples else ""


def _number(limit: float) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"


def _is_share(field: FieldInfo) -> bool:
    """Whether a field's numbers end at 1."""
    ends = [getattr(one, name, None) for one in _constraints(field) for name in ("lt", "le")]
    return 1 in ends and _has_float(field.annotation)


def _has_float(kind: Any) -> bool:
    return kind is float or any(_has_float(one) for one in get_args(kind))
