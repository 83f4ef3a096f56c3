"""Drawing from a search space before a sweep does: a user's own may fail only in some of its branches."""

from __future__ import annotations

from typing import Any

import numpy as np

from policies.user_code import name_of, user_code
from search.errors import ConfigError
from spaces import Space


_DRAWS = 32


class _Drawn:
    """Suggests at random, and keeps what it suggested."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.params: dict[str, Any] = {}
        self._generator = generator

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        if log:
            value = float(np.exp(self._generator.uniform(np.log(low), np.log(high))))
        else:
            value = float(self._generator.uniform(low, high))
        return float(self.params.setdefault(name, min(max(value, low), high)))

    def suggest_categorical(self, name: str, choices: list[Any]) -> Any:
        return self.params.setdefault(name, choices[int(self._generator.integers(len(choices)))])


def draws(space: Space, seed: int) -> list[dict[str, Any]]:
    """Parameters of some trials as the space may draw them.

    Args:
        space: Registered or a user's own.
        seed: Seed of the draws; the same seed gives the same parameters.

    Raises:
        ConfigError: If the space's own code fails; it is then named.
    """
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(_DRAWS):
        trial = _Drawn(generator)
        with user_code(f"{name_of(type(space))}.walk()", ConfigError):
            fixed = space(trial)
        found.append({**fixed, **trial.params})
    return found
