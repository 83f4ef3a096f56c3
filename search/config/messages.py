"""What is wrong in a sweep file, in one line: the rule, what was given, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError


_MOST_SHOWN = 60


def unknown_key_message(key: str, value: Any, keys: Sequence[str]) -> str:
    """An unknown key, its value and the nearest of the valid keys."""
    by_last_part = [name for name in keys if name.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]]
    near = list(dict.fromkeys(by_last_part + get_close_matches(key, keys, n=3, cutoff=0.5)))[:3]
    hint = f"nearest valid keys are {', '.join(near)}" if near else f"valid keys are {', '.join(keys)}"
    return f"unknown key {key!r} (value {_shown(value)}); {hint}"


def explain(error: ValidationError, keys: Sequence[str]) -> str:
    """The first thing that is wrong.

    Args:
        error: What pydantic found.
        keys: All valid keys, dotted.
    """
    first = error.errors(include_url=False)[0]
    key, given = ".".join(str(part) for part in first["loc"]), first["input"]
    if first["type"] == "extra_forbidden":
        return unknown_key_message(key, given, keys)
    if first["type"] in {"model_type", "model_attributes_type"}:
        inner = [name for name in keys if name.startswith(f"{key}.")]
        known = f"; its keys are {', '.join(inner)}" if inner else ""
        return f"{key} is a section but {_shown(given)} was given{known}"
    if key == "name":
        return (
            f"name must be a plain folder name of letters, digits, '.', '_' and '-' that starts with a letter or digit "
            f"but is {_shown(given)}; it becomes a folder under runs_dir"
        )
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} {_rule(first, given)} but {_shown(given)} was given{_hint(key, given)}"


def _rule(error: Any, given: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    numbers = {
        "greater_than": ("above", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("below", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in numbers:
        relation, bound = numbers[kind]
        return f"must be {relation} {context[bound]:g}"
    texts = {
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
        "dict_type": "must be a mapping, such as {a: 1}",
        "string_too_short": "must not be empty",
    }
    if kind in texts:
        return texts[kind]
    if kind in {"too_short", "too_long"}:
        least = kind == "too_short"
        return f"must have at {'least' if least else 'most'} {context['min_length' if least else 'max_length']} values"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    return str(error["msg"]).removeprefix("Value error, ")


def _hint(key: str, given: Any) -> str:
    """What a share was probably meant to be where per cent were given."""
    is_share = key in {"target", "delta"} or key.startswith("splits.")
    if is_share and isinstance(given, (int, float)) and not isinstance(given, bool) and 2 <= given <= 100:
        return f"; did you mean {given / 100:g}?"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
