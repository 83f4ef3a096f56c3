"""Weights within what they were saved in: a whole checkpoint, DataParallel, a compiled or an averaged network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Any

from torch import Tensor

from policies.names import list_some
from trainables.errors import TrainingError


_DEEPEST = 4
# What DataParallel and DDP, torch.compile, FSDP and activation checkpoints put between the parts of names.
_WRAPPERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
_AVERAGE = re.compile(r"(^|[_.])(ema|swa|avg|averaged?)($|[_.])", re.IGNORECASE)
# Of AveragedModel: how many networks the average is of.
_COUNT_OF_AVERAGED = "n_averaged"
# Under fewer, a prefix is one by chance: networks have parts of the same names.
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class Unwrapped:
    """Weights under the names that a network gives them.

    Attributes:
        weights: Tensors by the names that the network gives them.
        description: What they were taken from, as half a sentence; empty where they were not wrapped.
    """

    weights: Mapping[str, Tensor]
    description: str


@dataclass(frozen=True)
class _Found:
    """A mapping of tensors by name, somewhere in a file.

    Attributes:
        where: Keys that lead to it.
        prefix: What its names begin with; others than these are not the network's.
        wrappers: Parts that were taken out of its names.
        weights: Those with the prefix, by the rest of their names.
        others: Names in the same mapping that do not begin with the prefix.
        is_average: Whether it is an average of networks, such as an EMA.
    """

    where: tuple[str, ...]
    prefix: str
    wrappers: tuple[str, ...]
    weights: dict[str, Tensor]
    others: tuple[str, ...]
    is_average: bool

    @property
    def place(self) -> str:
        """Keys and prefix, for a person."""
        return ".".join((*self.where, self.prefix)).rstrip(".") or "the file itself"

    def fit(self, expected: Mapping[str, Tensor]) -> tuple[int, int]:
        """How many tensors fit by name and shape, and how many by name."""
        shared = [name for name in expected if name in self.weights]
        return sum(self.weights[name].shape == expected[name].shape for name in shared), len(shared)


def unwrap(path: Path, loaded: object, expected: Mapping[str, Tensor]) -> Unwrapped:
    """Find a network's weights in what a file holds.

    The mapping is taken that fits the network best, wherever it lies and whatever its names begin with. Where several
    fit alike, an average (EMA) is taken, as timm does.

    Args:
        path: The file, for error messages.
        loaded: What the file holds: tensors, plain values, and mappings of both.
        expected: The network's own weights by name.

    Returns:
        The weights, which need not fit.

    Raises:
        TrainingError: If there are no tensors by name, or weights of several networks fit alike.
    """
    found = [part for where, state in _states(loaded, ()) for part in _look(where, state, expected)]
    if not found:
        raise TrainingError(
            f"{path}: weights must be tensors by name, as model.state_dict() gives them, but are not; save just those"
        )
    best = max(one.fit(expected) for one in found)
    chosen = _choose(path, [one for one in found if one.fit(expected) == best], is_fit=best[1] > 0)
    return Unwrapped(chosen.weights, _tell(chosen, found))


def _choose(path: Path, alike: list[_Found], *, is_fit: bool) -> _Found:
    averages = [one for one in alike if one.is_average]
    preferred = averages or alike
    if len(preferred) > 1 and is_fit:
        raise TrainingError(
            f"{path}: a file of weights must hold those of one network, or of one and its average, but "
            f"{list_some(one.place for one in preferred)} fit alike; save just one's state_dict()"
        )
    return max(preferred, key=lambda one: len(one.weights))


def _states(value: object, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Every mapping of tensors by name, and the keys that lead to it."""
    if not isinstance(value, Mapping):
        return
    tensors = {name: one for name, one in value.items() if isinstance(name, str) and isinstance(one, Tensor)}
    if tensors:
        yield where, tensors
    if len(where) < _DEEPEST:
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _states(inner, (*where, key))


def _look(where: tuple[str, ...], state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[_Found]:
    """What a mapping may hold: a network's weights under each prefix that enough of its names have."""
    wrappers = _WRAPPERS - {part for name in expected for part in name.split(".")}
    taken_out = {part for name in state for part in name.split(".") if part in wrappers}
    own = {_without(name, wrappers): tensor for name, tensor in state.items() if name != _COUNT_OF_AVERAGED}
    prefixes = _prefixes(own, expected) or [""]
    return [
        _Found(
            where=where,
            prefix=prefix,
            wrappers=tuple(sorted(taken_out)),
            weights={name[len(prefix) :]: tensor for name, tensor in own.items() if name.startswith(prefix)},
            others=tuple(name for name in own if not name.startswith(prefix)),
            is_average=_COUNT_OF_AVERAGED in state or any(_AVERAGE.search(part) for part in (*where, prefix)),
        )
        for prefix in prefixes
    ]


def _without(name: str, wrappers: frozenset[str]) -> str:
    return ".".join(part for part in name.split(".") if part not in wrappers)


def _prefixes(names: Mapping[str, Any], expected: Mapping[str, Tensor]) -> list[str]:
    """What stands before the network's names, where at least half of these are there."""
    counts: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")
        for i in range(len(parts)):
            if ".".join(parts[i:]) in expected:
                counts[".".join([*parts[:i], ""]) if i else ""] += 1
    return [prefix for prefix, count in counts.items() if count >= _LEAST_SHARE * len(expected)]


def _tell(chosen: _Found, found: list[_Found]) -> str:
    before = [*chosen.wrappers, *([chosen.prefix.rstrip(".")] if chosen.prefix else [])]
    source = f" from {'.'.join(chosen.where)!r}" if chosen.where else ""
    names = f" without {list_some(before)} in their names" if before else ""
    parts = [f"taken{source}{names}"] if source or names else []
    if chosen.others:
        parts.append(f"{len(chosen.others)} others are left out: {list_some(chosen.others)}")
    if chosen.is_average and not all(one.is_average for one in found):
        parts.append("they are an average, and the network itself is left out")
    return "; ".join(parts)
