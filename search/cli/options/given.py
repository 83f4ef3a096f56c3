"""Options that another option makes meaningless: refused, since who typed them expects them to count."""

from __future__ import annotations

import typer

from search.errors import ConfigError


def was_given(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, even if with its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_without(context: typer.Context, name: str, *, reason: str, needs: str) -> None:
    """Refuse an option that was typed though it cannot count.

    Args:
        context: Context of the command that was typed.
        name: Name of the option's parameter, with underscores.
        reason: What the option is for, and why that is not there, as a clause.
        needs: What to do beside leaving the option out.

    Raises:
        ConfigError: If it was typed.
    """
    if was_given(context, name):
        # As it is typed, which the parameter's name need not be.
        option = next(one.opts[0] for one in context.command.params if one.name == name)
        raise ConfigError(f"{option} is {reason}; {needs}, or leave {option} out")
