"""YAML as a person means it: no word is a number, no key counts twice."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
import re
from typing import Any

import yaml
from yaml.nodes import MappingNode


_MERGE = "tag:yaml.org,2002:merge"


class RepeatedKeyError(yaml.YAMLError):
    """A mapping that has a key twice."""


class _Loader(yaml.SafeLoader):
    """The safe loader, with numbers, truth values and empty values as in YAML 1.2, and without dates.

    YAML 1.1 reads ``yes`` and ``on`` as true, ``1:30`` as 90, ``010`` as 8, ``2026-11-25`` as a date and ``1e-3`` as
    text.
    """

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            key = None if key_node.tag == _MERGE else self.construct_object(key_node, deep=True)
            if key is None or not isinstance(key, Hashable):
                continue
            line = key_node.start_mark.line + 1
            if key in lines:
                raise RepeatedKeyError(f"{key!r} occurs twice, in lines {lines[key]} and {line}; keep one of them")
            lines[key] = line
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """The safe dumper; quotes every text that either version of YAML would take for something else."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    for _reader_or_writer in (_Loader, _Dumper):
        _reader_or_writer.add_implicit_resolver(
            f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
        )


def read_yaml(text: str) -> Any:
    """Read one document of plain values.

    Raises:
        yaml.YAMLError: If it is not YAML, holds tags of Python's, or has a key twice; one line says so.
        ValueError: If a value cannot be built.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def write_yaml(values: Mapping[str, Any]) -> str:
    """A text that :func:`read_yaml` reads as these values, in their order."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False)


def reason_of(error: Exception) -> str:
    """Why a text is not YAML, in one line."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if problem and mark:
        return f"{problem} in line {mark.line + 1}, column {mark.column + 1}"
    return " ".join(str(error).split())
