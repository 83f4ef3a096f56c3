"""What is wrong in a sweep file, in one line: the rule, what was given, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from policies.options import refusal, shown
from search.config.section import inner_section


def unknown_key_message(key: str, value: Any, keys: Sequence[str]) -> str:
    """An unknown key, its value and the nearest of the valid keys."""
    by_last_part = [name for name in keys if name.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]]
    near = list(dict.fromkeys(by_last_part + get_close_matches(key, keys, n=3, cutoff=0.5)))[:3]
    hint = f"nearest valid keys are {', '.join(near)}" if near else f"valid keys are {', '.join(keys)}"
    return f"unknown key {key!r} (value {shown(value)}); {hint}"


def explain(error: ValidationError, sections: type[BaseModel], keys: Sequence[str]) -> str:
    """The first thing that is wrong.

    Args:
        error: Errors that pydantic found, of which the first is told.
        sections: Model that the keys were read into.
        keys: Names of all valid keys, dotted.
    """
    first = error.errors(include_url=False)[0]
    # A union names in brackets which of its types a value was read as.
    place = [part for part in first["loc"] if not str(part).startswith("<")]
    key, given = ".".join(map(str, place)), first["input"]
    if first["type"] == "extra_forbidden":
        return unknown_key_message(key, given, keys)
    if first["type"] in {"model_type", "model_attributes_type"}:
        inner = [name for name in keys if name.startswith(f"{key}.")]
        known = f"; its keys are {', '.join(inner)}" if inner else ""
        return f"{key} is a section but {shown(given)} was given{known}"
    if key == "name":
        return (
            f"name must be a plain folder name of letters, digits, '.', '_' and '-' that starts with a letter or digit "
            f"but is {shown(given)}; it becomes a folder under runs_dir"
        )
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} {refusal(first, _field(sections, place))}"


def _field(section: type[BaseModel] | None, place: Sequence[int | str]) -> FieldInfo | None:
    """The field that a value was given for; None for what lies within the value of one."""
    field: FieldInfo | None = None
    for part in place:
        if isinstance(part, int):
            continue
        field = None if section is None else section.model_fields.get(part)
        section = None if field is None else inner_section(field)
    return None if place and isinstance(place[-1], int) else field
