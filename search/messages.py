"""Lines for a person, from steps of a sweep that need not know where they are shown."""

from __future__ import annotations

from collections.abc import Callable


OnMessage = Callable[[str], None]
"""Takes one line."""


def silent(line: str) -> None:
    """Show nothing."""
