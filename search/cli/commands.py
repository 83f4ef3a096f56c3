"""The commands of ``exitsearch`` by name; the module of each is imported when it is first needed.

A new command is one new file and one line here. A command from outside the package adds its own line before
:func:`search.cli.app.main` is called: ``COMMANDS["export"] = "my_module:export"``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from search.cli.usage.command import PROGRAM, Command
from search.cli.usage.refusals import in_one_line, unknown_command


COMMANDS: dict[str, str] = {
    "run": "search.cli.run:run",
    "tabulate": "search.cli.tabulate:tabulate",
    "policy": "search.cli.policy:policy",
    "certify": "search.cli.certification.certify:certify",
    "compare": "search.cli.compare:compare",
    "report": "search.cli.reports.report:report",
    "watch": "search.cli.reports.watch:watch",
    "derive": "search.cli.networks.derive:derive",
    "routing": "search.cli.networks.routing:routing",
    "export": "search.cli.export:export",
    "predict": "search.cli.predict:predict",
    "bench": "search.cli.bench:bench",
    "check": "search.cli.check:check",
    "teacher": "search.cli.teacher:teacher",
    "soft-labels": "search.cli.soft_labels:soft_labels",
}
"""``module:attribute`` of a function with typed options, as typer takes it, by the command's name, in their order."""

MARKUP: Final = "markdown"
"""How help texts are written."""


class CommandGroup(TyperGroup):
    """A typer application whose commands are those of :data:`COMMANDS`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = cast(Any, _Commands())

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed before the command."""
        with in_one_line(self, PROGRAM, list(args)):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Find the command and run it."""
        with in_one_line(self, PROGRAM):
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name of a command, the command, and what was typed after it.

        Raises:
            ConfigError: If there is no such command.
        """
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise unknown_command(PROGRAM, args[0], COMMANDS)
        return super().resolve_command(ctx, args)


class _Commands(Mapping[str, TyperCommand]):
    """The commands by name, as typer lists, completes and runs them."""

    def __getitem__(self, name: str) -> TyperCommand:
        return _CommandOnDemand(name, COMMANDS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _CommandOnDemand(TyperCommand):
    """A command whose module is imported when it is to run, or to tell more of itself than its help text.

    Args:
        name: Name that is typed for the command.
        place: Where the command's function is, as ``module:attribute``.
    """

    def __init__(self, name: str, place: str) -> None:
        super().__init__(name, help=_help(place), rich_markup_mode=MARKUP)

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the function's own command."""
        return command_of(str(self.name)).make_context(*arguments, **options)


def command_of(name: str) -> TyperCommand:
    """A command as typer runs it, with its options; its module is imported.

    Args:
        name: Name that is typed for the command.
    """
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=MARKUP)
    alone.command(name, cls=Command)(resolve_name(COMMANDS[name]))
    return cast(TyperCommand, typer.main.get_command(alone))


def _help(place: str) -> str | None:
    """The docstring of a function; its module is read and not imported, so that a list of commands is quick."""
    module, _, name = place.partition(":")
    spec = find_spec(module)
    text = Path(spec.origin).read_text() if spec and spec.origin else ""
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    return ast.get_docstring(functions[name]) if name in functions else resolve_name(place).__doc__
