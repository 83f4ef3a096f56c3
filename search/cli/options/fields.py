"""Options of a command that are declared as fields: name, help, default and range come from there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from inspect import Parameter, get_annotations, signature
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
import typer

from policies.options import RequestError, range_of
from search.cli.options.given import was_given
from search.errors import ConfigError


Command = TypeVar("Command", bound=Callable[..., None])

_PLAIN = (bool, int, float, str, Path)


def field_option(section: type[BaseModel], key: str, **more: Any) -> Any:
    """A typer option whose help is that of a field.

    Args:
        section: Model in which the field is declared.
        key: Name of the field in the model.
        **more: Further arguments of :func:`typer.Option`.
    """
    return typer.Option(help=_help(section.model_fields[key]), **more)


def takes_fields(
    *sections: type[BaseModel], panel: str, leave_out: Collection[str] = (), notes: Mapping[str, str] | None = None
) -> Callable[[Command], Command]:
    """Give a command an option for each field; it gets them all as ``**fields``, for :func:`given_fields` to read.

    A field of a list of names is an option of one name that may be repeated, and is called in the singular; so is a
    mapping, of ``NAME=VALUE``. One that is a number or a mapping takes either. A list of numbers is one text with
    commas.

    Args:
        sections: Models in which the fields are declared.
        panel: Heading of the options in the command's help.
        leave_out: Names of fields that are no options.
        notes: Sentences by field that hold for the command alone.
    """

    def decorate(command: Command) -> Command:
        declared = signature(command, eval_str=True)
        own = [one for one in declared.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        options = [
            _parameter(name, field, panel, (notes or {}).get(name, ""))
            for section in sections
            for name, field in _own_first(section)
            if name not in leave_out
        ]
        # Here typer looks for what a command takes.
        vars(command)["__signature__"] = declared.replace(parameters=[*own, *options])
        return command

    return decorate


def given_fields(context: typer.Context, fields: Mapping[str, Any], section: type[BaseModel]) -> dict[str, Any]:
    """The values of those of a section's fields that were typed.

    Raises:
        ConfigError: If a text is no number, or a mapping lacks its ``=``.
    """
    return {
        name: _value(name, field, fields[name])
        for name, field in section.model_fields.items()
        if name in fields and was_given(context, name)
    }


def given_words(context: typer.Context, fields: Mapping[str, Any], *sections: type[BaseModel]) -> Iterator[str]:
    """Those options of some sections that were typed, word by word, as they are typed to ask for the same again."""
    for section in sections:
        for name, field in section.model_fields.items():
            if name not in fields or not was_given(context, name):
                continue
            option, typed = option_name(name, field), fields[name]
            if isinstance(typed, bool):
                yield option if typed else f"--no-{option.removeprefix('--')}"
                continue
            for value in typed if isinstance(typed, list) else [typed]:
                yield from (option, str(value))


@contextmanager
def named_as_options(*sections: type[BaseModel]) -> Iterator[None]:
    """What cannot be asked is told by the name of its option."""
    try:
        yield
    except RequestError as error:
        (field, *_) = [one.model_fields[error.key] for one in sections if error.key in one.model_fields]
        raise ConfigError(f"{option_name(error.key, field)} {error.rule}") from None


def option_name(name: str, field: FieldInfo) -> str:
    """What is typed for a field, such as ``--max-drop`` or, where it may be repeated, ``--rule``."""
    singular = name.removesuffix("s") if _is_repeated(_kind(field)) else name
    return f"--{singular.replace('_', '-')}"


def _own_first(section: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """A section's fields, those before the others that it declares itself."""
    own = get_annotations(section)
    return sorted(section.model_fields.items(), key=lambda one: one[0] not in own)


def _parameter(name: str, field: FieldInfo, panel: str, note: str) -> Parameter:
    kind = _kind(field)
    option = typer.Option(
        option_name(name, field), help=_help(field, note), rich_help_panel=panel, **_appearance(kind, field)
    )
    typed = list[str] if _is_repeated(kind) else kind if kind in _PLAIN else str
    default = field.default if kind in _PLAIN or get_origin(kind) is Literal else None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[typed | None, option])


def _help(field: FieldInfo, note: str = "") -> str:
    """A field's description and its range, in sentences."""
    limits = range_of(field)
    repeated = "May be repeated." if _is_repeated(_kind(field)) else ""
    sentences = (field.description, f"{limits[0].upper()}{limits[1:]}." if limits else "", note, repeated)
    return " ".join(one for one in sentences if one)


def _appearance(kind: Any, field: FieldInfo) -> dict[str, Any]:
    """What stands for the value in a help text, and which default is told there."""
    if get_origin(kind) is Literal:
        return {"metavar": "|".join(get_args(kind))}
    if kind in _PLAIN:
        return {}
    (first, *_) = get_args(kind) or (kind,)
    if isinstance(first, type) and issubclass(first, StrEnum):
        return {"metavar": "|".join(first), "show_default": ", ".join(field.default)}
    told = ", ".join(field.default) if isinstance(field.default, tuple) and _is_repeated(kind) else False
    if _takes_either(kind):
        return {"metavar": "NUMBER | NAME=VALUE", "show_default": False}
    metavar = "NAME=VALUE" if _is_mapping(kind) else "NAME" if _is_repeated(kind) else "NUMBER,NUMBER,..."
    return {"metavar": metavar, "show_default": told}


def _value(name: str, field: FieldInfo, typed: Any) -> Any:
    kind, option = _kind(field), option_name(name, field)
    if _takes_either(kind):
        return number_or_mapping(option, typed)
    if _is_mapping(kind):
        return dict(assigned(option, text) for text in typed)
    if _is_repeated(kind):
        return tuple(dict.fromkeys(typed))
    if kind in _PLAIN or get_origin(kind) is Literal:
        return typed
    return tuple(_number(option, part) for part in typed.split(","))


def _kind(field: FieldInfo) -> Any:
    """The type of a field's values that are not None."""
    kinds = [one for one in get_args(field.annotation) if one is not NoneType]
    return kinds[0] if NoneType in get_args(field.annotation) else field.annotation


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) in (dict, Mapping)


def _takes_either(kind: Any) -> bool:
    """Whether values are numbers or mappings of them."""
    return get_origin(kind) is Annotated and any(_is_mapping(get_args(one)[0]) for one in get_args(get_args(kind)[0]))


def _is_repeated(kind: Any) -> bool:
    is_list = get_origin(kind) in (list, tuple)
    is_of_texts = is_list and isinstance(get_args(kind)[0], type) and issubclass(get_args(kind)[0], str)
    return _takes_either(kind) or _is_mapping(kind) or is_of_texts


def number_or_mapping(option: str, typed: Sequence[str]) -> float | dict[str, float]:
    """One number, or the numbers of some names.

    Args:
        option: What was typed before each, for messages.
        typed: What was typed: one number, or some texts ``NAME=VALUE``.

    Raises:
        ConfigError: If it is neither, or both.
    """
    if len(typed) == 1 and "=" not in typed[0]:
        return _number(option, typed[0])
    found = [assigned(option, text) for text in typed]
    if len(dict(found)) < len(found):
        raise ConfigError(f"{option} must name each quality once but was given {' and '.join(typed)}; leave one out")
    return dict(found)


def assigned(option: str, text: str) -> tuple[str, float]:
    """The name and the number of ``NAME=VALUE``.

    Args:
        option: What was typed before it, for messages.
        text: What was typed.

    Raises:
        ConfigError: If it is not of that form.
    """
    # A label may have any name.
    name, separator, value = text.rpartition("=")
    if not separator:
        raise ConfigError(f"{option} must be NAME=VALUE, such as macro_f1=0.9, but is {text!r}")
    return name, _number(f"{option} {name}", value)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{option} must be a number but {text!r} was given") from None
