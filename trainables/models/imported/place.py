"""A user's own network by its place: ``module:attribute``."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from inspect import isfunction
import sys
from typing import Any

from torch import nn

from policies.registry import resolve
from policies.user_code import name_of, user_code
from trainables.errors import TrainingError


class _Kind(type):
    """Tells networks, and what may build them, from all else that a module holds."""

    def __instancecheck__(cls, found: Any) -> bool:
        if isinstance(found, nn.Module):
            return True
        is_class = isinstance(found, type) and issubclass(found, nn.Module)
        return (is_class or isfunction(found) or isinstance(found, partial)) and not _is_of_a_library(found)


class Network(metaclass=_Kind):
    """A network, its class, or a function without arguments that builds it; in messages, what is looked for."""


def network_at(place: str) -> nn.Module:
    """A network that a module holds or builds.

    A module's own network is copied, so that weights that one user of it loads are not another's. What builds one is
    called without arguments. Nothing of Python's or torch's own is called, since files name places too.

    Args:
        place: ``module:attribute``, of a network, a class of networks, or a function that builds one.

    Raises:
        ExitSearchError: If there is none, or its module cannot be imported.
        TrainingError: If it cannot be built without arguments.
    """
    found = resolve("network", place, {}, Network)
    if isinstance(found, nn.Module):
        return deepcopy(found)
    with user_code(f"{name_of(found)}()", TrainingError):
        network = found()
    if not isinstance(network, nn.Module):
        raise TrainingError(f"{place} must build a network, a torch.nn.Module, but gives {type(network).__name__}")
    return network


def _is_of_a_library(found: Any) -> bool:
    top = str(getattr(getattr(found, "func", found), "__module__", "")).partition(".")[0]
    return top in sys.stdlib_module_names or top == "torch"
