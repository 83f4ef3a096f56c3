"""The page about the sweep file, from the sections' own fields.

``python -m search.config.reference > docs/sweep-file.md`` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
import inspect
from pathlib import Path
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from policies.options import range_of
from search.config.reading.yaml_text import write_yaml
from search.config.section import inner_section
from search.config.sweep import SweepConfig


_PLAIN = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path", Any: "anything"}
_INTRODUCTION = """# The sweep file

For people who write a sweep file. Written by `python -m search.config.reference`: the fields are in `search/config`.

A sweep is one YAML file of the keys below. What has a default may be left out; a key that is not here is refused.
`exitsearch run --set KEY=VALUE` changes any of them, as in `--set training.epochs=10`.
"""


def sweep_file_page() -> str:
    """The page as Markdown: one table for each section, the top level first."""
    parts = [_INTRODUCTION, *(_section(title, section) for title, section in _sections("", SweepConfig))]
    return "\n".join(parts)


def _sections(title: str, section: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """A section and those within it, each by its dotted key; of a list, ``[]`` stands for an element."""
    yield title, section
    for name, field in section.model_fields.items():
        inner = inner_section(field)
        if inner is not None:
            ending = "" if inner is field.annotation else "[]"
            yield from _sections(f"{title}.{name}{ending}".lstrip("."), inner)


def _section(title: str, section: type[BaseModel]) -> str:
    heading = f"## `{title}`" if title else "## Top level"
    rows = [
        f"| `{name}` | {_type(field)} | {_default(field)} | {_in_cell(field.description or '')} |"
        for name, field in section.model_fields.items()
    ]
    header = ("| key | type and range | default | meaning |", "| --- | --- | --- | --- |")
    return "\n".join([heading, "", inspect.cleandoc(section.__doc__ or ""), "", *header, *rows, ""])


def _type(field: FieldInfo) -> str:
    """What a field's values are, in words."""
    limits = [limit for limit in (range_of(field), _length_of(field)) if limit]
    is_optional = NoneType in get_args(field.annotation)
    words = ", ".join([_in_words(field.annotation), *limits])
    return _in_cell(f"{words}, or null" if is_optional else words)


def _in_words(kind: Any) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "section"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _one_of([*kind])
    origin, inner = get_origin(kind), [one for one in get_args(kind) if one not in (NoneType, Ellipsis)]
    if origin is Union:
        return " or ".join(dict.fromkeys(_in_words(one) for one in inner))
    if origin is Literal:
        return _one_of(inner)
    if origin in (dict, Mapping):
        return f"mapping of names to {_plural(inner[1])}"
    if origin in (list, tuple):
        return f"list of {_plural(inner[0])}"
    return _in_words(inner[0])


def _one_of(values: Sequence[Any]) -> str:
    return " or ".join(filter(None, [", ".join(f"`{one}`" for one in values[:-1]), f"`{values[-1]}`"]))


def _plural(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _in_words(kind)
    words = _in_words(kind)
    return f"{words}s" if words not in ("text", "anything") else {"text": "texts"}.get(words, "values")


def _length_of(field: FieldInfo) -> str:
    """How long a list or a text is, and what it looks like."""
    told = []
    for one in field.metadata:
        for name, words in {"min_length": "at least {} long", "max_length": "at most {} long"}.items():
            if getattr(one, name, None) is not None:
                told.append(words.format(getattr(one, name)))
        if getattr(one, "pattern", None) is not None:
            told.append(f"as `{one.pattern}`")
    return ", ".join(told)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "none: must be given"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "see below"
    if isinstance(default, list | tuple):
        return f"`[{', '.join(map(str, default))}]`"
    value = str(default) if isinstance(default, Path) else default
    return f"`{write_yaml({'default': value}).partition(': ')[2].strip()}`"


def _in_cell(text: str) -> str:
    """A text that does not end a cell of a table."""
    return text.replace("|", r"\|")


if __name__ == "__main__":
    print(sweep_file_page(), end="")
