"""Refusals of typer, which are boxes of several lines, in the words of this project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import typer

from search.errors import ConfigError


# Typer has its own copy of click, in which this class has no public name.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_HELP_WAS_SHOWN = "NoArgsIsHelpError"


@contextmanager
def in_one_line(command: Any, path: str, typed: Sequence[str] = ()) -> Iterator[None]:
    """Tell what typer refuses as any other mistake of a user.

    Args:
        command: The command that was typed.
        path: What is typed for it, such as ``exitsearch policy``.
        typed: What was typed after it, word by word.

    Raises:
        ConfigError: In place of typer's own error: the rule, what was given, and where help is.
    """
    try:
        yield
    except _UsageError as error:
        # Typed alone, `exitsearch` shows its help, which is no mistake.
        if type(error).__name__ == _HELP_WAS_SHOWN:
            raise
        raise ConfigError(f"{_refusal(error, command, path, typed)} {path} --help") from None


def unknown_command(path: str, name: str, known: Collection[str]) -> ConfigError:
    """The refusal of a command that there is not, with the nearest that there is."""
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]!r}? See" if near else f"commands are {', '.join(known)}; see"
    return ConfigError(f"there is no command {name!r}; {meant} {path} --help")


def option_names(command: Any) -> list[str]:
    """All that is typed for a command's options, such as ``--labels`` and ``--no-labels``."""
    return [name for one in command.params for name in (*one.opts, *one.secondary_opts) if name.startswith("-")]


def typed_name(parameter: Any) -> str:
    """What is typed for an option, or stands for an argument in the help."""
    if parameter.param_type_name == "argument":
        # In the help brackets and dots say that it may be left out or repeated.
        return str(parameter.metavar or parameter.name).translate({ord("["): None, ord("]"): None}).removesuffix("...")
    return str(max(parameter.opts, key=len))


def _refusal(error: Any, command: Any, path: str, typed: Sequence[str]) -> str:
    """All of the line but the place of the help, which follows."""
    if hasattr(error, "possibilities"):
        return _unknown_option(error.option_name, command, path, typed)
    if hasattr(error, "param_type"):
        return f"{_missing(error, command, path)}; see"
    if isinstance(error, typer.BadParameter) and error.param is not None:
        return f"{typed_name(error.param)} {_wrong_value(error, command)}; see"
    if hasattr(error, "option_name"):
        return f"{_wrong_use(error, typed)}; see"
    return f"{path}: {error.format_message().rstrip('.')}; see"


def _unknown_option(name: str, command: Any, path: str, typed: Sequence[str]) -> str:
    # Of -target typer tells -t alone: it takes the letters one by one.
    whole = [one for one in typed if one.startswith(name)] if name[1:2] != "-" else []
    word = (whole or [name])[0].partition("=")[0]
    # Without their dashes, which would make short names alike.
    by_word = {one.lstrip("-"): one for one in option_names(command)}
    near = get_close_matches(word.lstrip("-").replace("_", "-"), by_word, n=1)
    return f"{path} has no option {word!r}; " + (f"did you mean {by_word[near[0]]!r}? See" if near else "see")


def _missing(error: Any, command: Any, path: str) -> str:
    """All that must be given and was not: typer tells the first of it alone."""
    given = error.ctx.params if error.ctx is not None else {}
    missing = [one for one in command.params if one.required and one.name not in given]
    names = [typed_name(one) for one in missing] or [typed_name(error.param)]
    return f"{path} needs {_joined(names)} but {'it was' if len(names) == 1 else 'they were'} not given"


def _wrong_value(error: Any, command: Any) -> str:
    """What must hold of a value, and what was given."""
    # Here, since the import takes its time.
    from pydantic import Field

    from policies.options import refusal

    first = error.__cause__.errors(include_url=False)[0] if hasattr(error.__cause__, "errors") else None
    if first is None:
        return f"cannot be so: {error.message.rstrip('.')}"
    given = first["input"]
    if given in option_names(command):
        return f"needs a value but the option {given} follows it"
    choices = error.param.type_descriptor.choices
    if choices is not None:
        return f"must be {_joined([repr(str(one)) for one in choices], 'or')} but {given!r} was given"
    limits: Any = Field(ge=getattr(error.param, "min", None), le=getattr(error.param, "max", None))
    return refusal({**first, "input": _as_number(given)}, limits)


def _wrong_use(error: Any, typed: Sequence[str]) -> str:
    """Of an option that was typed without the value that it takes, or with one that it does not take."""
    attached = next((one.partition("=")[2] for one in typed if one.startswith(f"{error.option_name}=")), None)
    if attached is None:
        return f"{error.option_name} needs a value but nothing follows it"
    return f"{error.option_name} takes no value but {attached!r} was given"


def _joined(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _as_number(text: Any) -> Any:
    """A number that was typed, so that it is shown without quotes; what would then look otherwise stays what it is."""
    for kind in (int, float):
        try:
            number = kind(text)
        except (TypeError, ValueError):
            continue
        if repr(number) == text:
            return number
    return text
