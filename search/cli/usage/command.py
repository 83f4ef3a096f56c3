"""A command that refuses in one line what was typed wrongly, also what typer would take without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
import math
from typing import Any

from typer.core import TyperCommand

from search.cli.usage.refusals import in_one_line, option_names, typed_name
from search.errors import ConfigError


PROGRAM = "exitsearch"
"""What is typed for the program, however it was started."""


class Command(TyperCommand):
    """A command whose mistakes are one line each."""

    @property
    def path(self) -> str:
        """What is typed for the command, such as ``exitsearch policy``."""
        return f"{PROGRAM} {self.name}"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed into the context.

        Raises:
            ConfigError: If it cannot be what was meant.
        """
        typed = list(args)
        # What is left over is refused below, by what it is in place of.
        ctx.allow_extra_args = True
        with in_one_line(self, self.path, typed):
            rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._require_sense(ctx, typed, rest)
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command's function."""
        with in_one_line(self, self.path):
            return super().invoke(ctx)

    def _require_sense(self, ctx: Any, typed: Sequence[str], rest: Sequence[str]) -> None:
        """Refuse what typer takes: words that nothing takes, options twice, empty texts, options as values, NaN."""
        try:
            self._require_no_rest(rest)
            given, _, order = self.make_parser(ctx).parse_args(list(typed))
            self._require_once(order)
            for one in self.params:
                _require_value(one, given.get(one.name), option_names(self))
                _require_number(one, ctx.params.get(one.name))
        except ConfigError as error:
            raise ConfigError(f"{error}; see {self.path} --help") from None

    def _require_no_rest(self, rest: Sequence[str]) -> None:
        if not rest:
            return
        arguments = " and ".join(typed_name(one) for one in self.params if one.param_type_name == "argument")
        raise ConfigError(
            f"{self.path} takes {arguments or 'options'} alone but {' '.join(map(repr, rest))} was given too"
        )

    def _require_once(self, order: Iterable[Any]) -> None:
        """Of an option that is typed twice only the last would count."""
        times = Counter(one.name for one in order if one.param_type_name == "option" and not one.multiple)
        twice = [one for one in self.params if times[one.name] > 1]
        if twice:
            raise ConfigError(f"{typed_name(twice[0])} may be given once but was given {times[twice[0].name]} times")


def _require_value(parameter: Any, given: Any, options: Sequence[str]) -> None:
    """Refuse an empty text, as of a shell's variable that is not set, and an option in the place of a value."""
    for text in given if isinstance(given, list | tuple) else (given,):
        if text == "":
            raise ConfigError(f"{typed_name(parameter)} must not be empty but '' was given (is a variable not set?)")
        # An argument of that name can only have been typed after `--`, and was meant.
        if text in options and parameter.param_type_name == "option":
            raise ConfigError(f"{typed_name(parameter)} needs a value but the option {text} follows it")


def _require_number(parameter: Any, value: Any) -> None:
    for number in value if isinstance(value, list | tuple) else (value,):
        if isinstance(number, float) and math.isnan(number):
            raise ConfigError(f"{typed_name(parameter)} must be a number but nan was given")
