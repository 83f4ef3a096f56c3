"""Finding an implementation by its registered name or, for a user's own, by ``module:attribute``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from policies.errors import ExitSearchError


def resolve(role: str, name: str, registered: Mapping[str, Any], expected: type) -> Any:
    """Return what ``name`` stands for.

    Args:
        role: What is looked up, for the message: "workload".
        name: A registered name, or ``module:attribute`` of an importable module.
        registered: The role's registry.
        expected: What the result must be an instance or a subclass of.

    Raises:
        ExitSearchError: If there is no such thing or it has another type.
    """
    if name in registered:
        return registered[name]
    if ":" not in name:
        near = get_close_matches(name, registered, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise ExitSearchError(
            f"there is no {role} {name!r}{hint} Known are {', '.join(sorted(registered))}, "
            f"and your own as module:attribute"
        )
    module_name, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError, TypeError, SyntaxError) as error:
        raise ExitSearchError(
            f"{role} {name!r} cannot be imported ({error}); its module must be in the current folder or installed"
        ) from None
    fits = issubclass(found, expected) if isinstance(found, type) else isinstance(found, expected)
    if not fits:
        raise ExitSearchError(f"{role} {name!r} must be a {expected.__name__} but is {found!r:.60}")
    return found
