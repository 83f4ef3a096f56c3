"""Finding an implementation by its registered name or, for a user's own, by ``module:attribute``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from policies.errors import ExitSearchError


OWN_PACKAGES = ("policies", "search", "spaces", "trainables")
"""The packages of this project; a user's own module cannot have such a name."""


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
        fix = _why_hidden(module_name) or "its module must be in the current folder or installed"
        raise ExitSearchError(f"{role} {name!r} cannot be imported ({error}); {fix}") from None
    fits = issubclass(found, expected) if isinstance(found, type) else isinstance(found, expected)
    if not fits:
        raise ExitSearchError(f"{role} {name!r} must be a {expected.__name__} but is {found!r:.60}")
    return found


def _why_hidden(module_name: str) -> str:
    """Why a module of the current folder is not the one that its name stands for; empty where that is not so."""
    name = module_name.partition(".")[0]
    own = next((path for path in (Path(f"{name}.py"), Path(name)) if name and path.exists()), None)
    spec = find_spec(name) if own is not None else None
    if own is None or spec is None or Path.cwd() in Path(spec.origin or "").parents:
        return ""
    owner = "a package of exitsearch" if name in OWN_PACKAGES else "a module that is installed or Python's own"
    return f"{name!r} is the name of {owner}, which hides {own} of the current folder; give yours another name"
