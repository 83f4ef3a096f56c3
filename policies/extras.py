"""Libraries that only some commands need, and the one line for who does not have them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from policies.errors import ExitSearchError


def extra_module(name: str, error: type[ExitSearchError], *, extra: str = "export") -> ModuleType:
    """Import a library of an extra, or a part of one.

    Args:
        name: As ``import`` takes it.
        error: What is raised where it is not installed.
        extra: Name of the extra.

    Raises:
        ExitSearchError: Of the given class, if the library is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        # A name within a library that is there is a mistake of ours, or of theirs.
        if missing.name is None or missing.name != name.partition(".")[0]:
            raise
        raise error(
            f"{missing.name} is not installed; this needs the extra: pip install 'exitsearch[{extra}]'"
        ) from None
