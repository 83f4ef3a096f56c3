"""Modules of somebody's own that a bundle names, and that are imported to run it: none may lie in the bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any

from trainables.errors import BundleError
from trainables.export.bundle.manifest import CONTROL_FILE, MODEL_FILE, POLICY_FILE


def named_modules(folder: Path) -> tuple[str, ...]:
    """What the policy and the networks of a bundle name as ``module:attribute``; nothing is imported.

    Files that cannot be read name nothing: whoever loads them tells what is wrong with them.
    """
    names = [_rule(folder / POLICY_FILE)]
    for file in (MODEL_FILE, CONTROL_FILE):
        names += _builders(folder / file)
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and ":" in name))


def require_modules_elsewhere(folder: Path) -> None:
    """Refuse a bundle that brings the code which it names: opening it would run what somebody else has written.

    Raises:
        BundleError: If a module that it names would be found in its folder.
    """
    for name in named_modules(folder):
        if any(place.resolve().is_relative_to(folder.resolve()) for place in _places(name.partition(":")[0])):
            raise BundleError(
                f"{folder}: a bundle holds no code but the module of {name!r} would be imported from its folder; use "
                f"your own copy of that module, outside the bundle"
            )


def _rule(path: Path) -> Any:
    try:
        return _object(path.read_text()).get("rule")
    except (OSError, ValueError, RecursionError):
        return None


def _builders(path: Path) -> list[Any]:
    """What builds the network of a model file; of an imported one the workload is only what its data are called."""
    if not path.is_file():
        return []
    # Here, since a bundle of graphs needs no safetensors.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            stated = _object((file.metadata() or {}).get("exitsearch", "{}"))
    except (SafetensorError, OSError, ValueError, RecursionError):
        return []
    if stated.get("imported") is not None:
        return [stated["imported"]]
    network = stated.get("network")
    return [stated.get("workload"), network.get("family") if isinstance(network, dict) else None]


def _object(text: str) -> Mapping[str, Any]:
    data = json.loads(text)
    return data if isinstance(data, dict) else {}


def _places(module: str) -> Iterator[Path]:
    """Files and folders of a module and of the packages that it is in, as an import would find them now."""
    parts, locations = module.split("."), None
    for depth in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:depth]), locations)
        if spec is None:
            return
        locations = list(spec.submodule_search_locations or ())
        yield from (Path(place) for place in (*locations, *([spec.origin] if spec.has_location else [])) if place)


def _spec(name: str, locations: list[str] | None) -> ModuleSpec | None:
    """That of a module; not by :func:`importlib.util.find_spec` below the top, which imports the packages above."""
    try:
        return find_spec(name) if locations is None else PathFinder.find_spec(name, locations)
    except (ImportError, ValueError):
        return None
