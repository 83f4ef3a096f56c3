"""What of a network's spec its build function is given beside shape, exits and width."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

from trainables.errors import TrainingError
from trainables.models import NetworkSpec


_KEYS = ("blocks", "depth", "head")
"""What has a key of its own in a sweep file and is given only where it is said."""
_SAID_ELSEWHERE = ("n_exits", "width", "pretrained", *_KEYS)
_OF_THE_DATA = ("input_shape", "n_classes", "mean", "std")


def build_options(network: NetworkSpec, build: Callable[..., Any], name: str) -> dict[str, Any]:
    """The keyword arguments that a spec has for a build function.

    Args:
        network: What is to be built.
        build: Function that builds networks.
        name: What a person calls the network.

    Raises:
        TrainingError: If the function does not take one of them.
    """
    parameters = _parameters(build)
    stated = {key: getattr(network, key) for key in _KEYS if getattr(network, key) is not None}
    stated |= {"pretrained": True} if network.pretrained else {}
    for key in sorted(stated):
        if key not in {one.name for one in parameters}:
            raise TrainingError(
                f"training.{key} is not for this network, which is {name}; leave it out, or choose another "
                f"training.network"
            )
    _require_options(network.options, parameters, name)
    return {**network.options, **stated}


def _require_options(options: Iterable[str], parameters: Sequence[Parameter], name: str) -> None:
    taken = [one.name for one in parameters if one.name not in (*_SAID_ELSEWHERE, *_OF_THE_DATA)]
    takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in parameters)
    for option in options:
        if option in _SAID_ELSEWHERE:
            raise TrainingError(f"network_options must leave {option!r} to its own key; set training.{option}")
        if option in _OF_THE_DATA:
            raise TrainingError(f"network_options must leave {option!r} to the data; leave it out")
        if option not in taken and not takes_any:
            raise TrainingError(
                f"network_options: {option!r} is not for this network, which is {name}; {_hint(option, taken)}"
            )


def _hint(option: str, taken: Sequence[str]) -> str:
    if not taken:
        return "it has no options, so leave it out"
    near = get_close_matches(option, taken, n=3)
    return f"nearest are {', '.join(near)}" if near else f"known are {', '.join(taken)}"


def _parameters(build: Callable[..., Any]) -> list[Parameter]:
    try:
        return list(signature(build).parameters.values())
    except (TypeError, ValueError):
        return []
