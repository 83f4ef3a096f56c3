"""Running files through a network under its policy, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import time
from typing import Any

from numpy.typing import NDArray

from policies.runtime.answers import Answers
from policies.runtime.runtime import EarlyExitRuntime
from search.prediction.files import InputFiles
from trainables.data.readers import ReadInputs


@dataclass(frozen=True)
class AnsweredInput:
    """One input of a file, and what was answered about it.

    Attributes:
        name: Name of the input.
        origin: The file that it is of.
        pixels: The input as the network takes it, shape (channels, height, width).
        size: Width and height of the image in its file, in pixels; of an array those of the input.
        answers: Of the input's batch.
        row: The input's own row there.
        milliseconds: Time of the network and its gates; in a batch, the batch's time shared out evenly.
        group: The file that the input is a piece of, as segments are of a recording; None where it is no piece.
    """

    name: str
    origin: str
    pixels: NDArray[Any]
    size: tuple[int, int]
    answers: Answers
    row: int
    milliseconds: float
    group: str | None

    @property
    def depth(self) -> int:
        """Exit taken, from 1."""
        return int(self.answers.depths[self.row])

    @property
    def reason(self) -> str:
        """Why the input left there: the score and the threshold."""
        return self.answers.reason(self.row)


def answer_files(
    runtime: EarlyExitRuntime, files: InputFiles, *, batch_size: int = 1, names_groups: bool = False
) -> Iterator[AnsweredInput]:
    """Run files through the network.

    Args:
        runtime: The network under its policy.
        files: Files to read.
        batch_size: Inputs that are run together.
        names_groups: Whether the file of every input is told as its group, since the policy was certified over groups;
            pieces of a recording always tell it.

    Raises:
        PredictionError: If no input at all could be read.

    Warns:
        PredictionWarning: If some inputs could not be read, or are none that the network takes; the others were.
    """
    is_warm = False
    for read in files.read():
        if not is_warm:
            # The first run of every stage takes longer than the others, and says nothing about them.
            runtime.run(read.inputs[:batch_size])
            is_warm = True
        for start in range(0, len(read.names), batch_size):
            rows = range(start, min(start + batch_size, len(read.names)))
            yield from _answered(runtime, read.taken(rows), has_groups=read.are_pieces or names_groups)


def _answered(runtime: EarlyExitRuntime, batch: ReadInputs, *, has_groups: bool) -> Iterator[AnsweredInput]:
    began = time.perf_counter()
    answers = runtime.run(batch.inputs)
    milliseconds = 1000 * (time.perf_counter() - began) / len(batch.inputs)
    height, width = batch.inputs.shape[2:]
    for row, (name, origin) in enumerate(zip(batch.names, batch.origins, strict=True)):
        size = (width, height) if batch.sizes is None else (int(batch.sizes[row, 0]), int(batch.sizes[row, 1]))
        group = origin if has_groups else None
        yield AnsweredInput(name, origin, batch.inputs[row], size, answers, row, milliseconds, group)
