"""A few inputs with the exits and answers that are expected of them, so that a copy can be checked where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import read_npz, write_npz
from policies.runtime.agreement import Agreement
from policies.runtime.answers import Answers
from policies.runtime.likeness import Comparison, equal_answers
from trainables.errors import BundleError


SCHEMA = 1
_KEYS = ("names", "inputs", "exits", "answers")


@dataclass(frozen=True)
class CheckInputs:
    """Inputs, and what the policy makes of them.

    Attributes:
        names: Name of each input, shape (n,).
        inputs: Shape (n, channels, height, width), uint8 or float32.
        exits: Index of the exit that each takes, shape (n,).
        answers: What is answered there, shape (n, ...).
    """

    names: NDArray[np.str_]
    inputs: NDArray[Any]
    exits: NDArray[np.int64]
    answers: NDArray[Any]

    @classmethod
    def chosen(
        cls, names: NDArray[np.str_], inputs: NDArray[Any], answers: Answers, *, per_exit: int = 4
    ) -> CheckInputs:
        """Some that take each exit, and lie far from its threshold, so that rounding cannot change them.

        Args:
            names: Name of each of N inputs.
            inputs: The N inputs.
            answers: What the runtime answers about them.
            per_exit: At most so many that take the same exit.
        """
        rows: list[int] = []
        for k in np.unique(answers.exits):
            own = np.flatnonzero(answers.exits == k)
            rows += own[np.argsort(-answers.closeness[own], kind="stable")][:per_exit].tolist()
        rows.sort()
        return cls(names[rows], inputs[rows], answers.exits[rows], answers.answers[rows])

    def compare(self, answers: Answers, comparison: Comparison = equal_answers) -> Agreement:
        """What a runtime answers about the inputs beside what is expected.

        Args:
            answers: What it answers.
            comparison: Whether two answers are the same.
        """
        return Agreement.of(answers, self.exits, self.answers, compare=comparison)

    def save(self, path: Path) -> None:
        """Write them in one step.

        Raises:
            OSError: If they cannot be written.
        """
        write_npz(path, {key: getattr(self, key) for key in _KEYS}, {}, schema=SCHEMA)

    @classmethod
    def load(cls, path: Path) -> CheckInputs:
        """Read them; nothing is unpickled.

        Raises:
            BundleError: If the file is missing or damaged.
        """
        arrays, _ = read_npz(path, "file of check inputs", required=_KEYS, schema=SCHEMA, error=BundleError)
        lengths = {len(arrays[key]) if arrays[key].ndim else -1 for key in _KEYS}
        kinds = arrays["inputs"].dtype.kind, arrays["exits"].dtype.kind
        if len(lengths) != 1 or kinds[0] not in "buif" or kinds[1] not in "iu" or arrays["exits"].ndim != 1:
            raise BundleError(f"{path}: damaged (its arrays do not fit together); export the bundle again")
        return cls(**{key: arrays[key] for key in _KEYS})
