"""What a bundle says about files, input by input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
import json
import time
from typing import Any

from numpy.typing import NDArray

from policies.runtime.answers import Answers
from policies.runtime.runtime import EarlyExitRuntime
from search.prediction.files import InputFiles
from trainables.export.bundle.manifest import Manifest


@dataclass(frozen=True)
class Prediction:
    """What was said about one input.

    Attributes:
        input: Name of the input.
        label: Name of the class that was answered.
        probability: Probability of that class, as the exit taken says.
        depth: Exit taken, from 1.
        milliseconds: Time of the network and its gates; in a batch, the batch's time shared out evenly.
        reason: Why the input left there: the score and the threshold.
        group: The file that the input is a piece of, as segments are of a recording; None where it is no piece.
    """

    input: str
    label: str
    probability: float
    depth: int
    milliseconds: float
    reason: str
    group: str | None = None

    def to_json(self) -> str:
        """One line of JSON, with a group where there is one."""
        fields = {name: value for name, value in asdict(self).items() if name != "group" or value is not None}
        return json.dumps(fields, ensure_ascii=False)


def predict_files(
    runtime: EarlyExitRuntime,
    manifest: Manifest,
    files: InputFiles,
    *,
    batch_size: int = 1,
    names_groups: bool = False,
) -> Iterator[Prediction]:
    """Run files through the network.

    Args:
        runtime: The network under its policy.
        manifest: Of the network's bundle.
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
        found = _predictions(runtime, read.names, read.inputs, manifest.class_names, batch_size)
        groups = read.origins if read.are_pieces or names_groups else (None,) * len(read.names)
        yield from (replace(one, group=group) for one, group in zip(found, groups, strict=True))


def _predictions(
    runtime: EarlyExitRuntime, names: Sequence[str], inputs: NDArray[Any], class_names: Sequence[str], batch_size: int
) -> Iterator[Prediction]:
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        began = time.perf_counter()
        answers = runtime.run(batch)
        milliseconds = 1000 * (time.perf_counter() - began) / len(batch)
        for row, name in enumerate(names[start : start + batch_size]):
            yield _prediction(name, answers, row, class_names, milliseconds)


def _prediction(name: str, answers: Answers, row: int, class_names: Sequence[str], milliseconds: float) -> Prediction:
    return Prediction(
        input=name,
        label=class_names[int(answers.answers[row])],
        probability=round(float(answers.confidences[row]), 6),
        depth=int(answers.depths[row]),
        milliseconds=round(milliseconds, 4),
        reason=answers.reason(row),
    )
