"""Whether graphs say what the network says in process: asked after every export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.policy import Policy
from policies.runtime.agreement import Agreement
from policies.runtime.answers import Answers
from policies.runtime.onnx_stages import OnnxStages
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.single_graph import SingleGraph
from trainables.errors import ExportError
from trainables.export.onnx.box_verification import require_near, verify_boxes
from trainables.export.stage_tables import stage_outputs
from trainables.models import MultiExitModel
from trainables.models.detection.model import DetectorModel
from trainables.models.inference import classifier_outputs_on


BATCH_SIZES = (1, 2, 7, 64)
_CHUNK_SIZE = 64


@dataclass(frozen=True)
class GraphCheck:
    """How graphs compare with the network that they were made of.

    Attributes:
        batch_sizes: The numbers of samples at once that were tried.
        largest_difference: Of a logit or a stop probability, or of a detector a corner or a probability, over all
            exits, samples and batch sizes.
        n_answers: Answers compared: samples of all batches times exits.
        n_differing: Answers that were another class, or of a detector other boxes; within the tolerance only where two
            logits are as good as equal, or a box is as good as dropped.
    """

    batch_sizes: tuple[int, ...]
    largest_difference: float
    n_answers: int
    n_differing: int


def verify_stage_graphs(model: MultiExitModel, folder: Path, inputs: NDArray[Any]) -> GraphCheck:
    """Compare the stage graphs of a folder with their network, at batches of 1, 2, 7 and 64 samples.

    Args:
        model: The network, on its own device; it is left in evaluation mode.
        folder: Folder with ``stage_0.onnx`` and on.
        inputs: Samples, shape (N, channels, height, width), uint8 or float32; repeated where there are fewer than 64.

    Raises:
        ExportError: If a logit differs by more than 1e-4, or 1e-4 of the largest logit where that is above 1, as
            float32 is exact to so many digits; if a stop probability differs by more than 1e-4, or is missing; if a
            detector's boxes differ; or if a graph cannot be run at some batch size.
        StagesError: If the files are not the stage graphs of one network.
    """
    stages = OnnxStages(folder)
    largest, n_answers, n_differing = 0.0, 0, 0
    for size in BATCH_SIZES:
        samples = np.take(inputs, np.arange(size), axis=0, mode="wrap")
        with _one_line(size):
            if isinstance(model, DetectorModel):
                difference, n_other = verify_boxes(model, stages, samples, folder)
            else:
                difference, n_other = _verify_classes(model, stages, samples, folder)
        largest = max(largest, difference)
        n_answers += size * stages.n_exits
        n_differing += n_other
    return GraphCheck(BATCH_SIZES, largest, n_answers, n_differing)


def _verify_classes(
    model: MultiExitModel, stages: OnnxStages, samples: NDArray[Any], folder: Path
) -> tuple[float, int]:
    """The largest difference of what a classifier's graphs say about samples, and how many answers are others."""
    expected, found = classifier_outputs_on(model, samples), stage_outputs(stages, samples)
    difference = max(
        _difference(folder, "logit", found.logits, expected.logits),
        _difference(folder, "stop probability", found.stop_prob, expected.stop_prob),
    )
    return difference, int((found.logits.argmax(axis=2) != expected.logits.argmax(axis=2)).sum())


def verify_single_graph(path: Path, folder: Path, policy: Policy, inputs: NDArray[Any]) -> Agreement:
    """Compare what a single graph decides, one sample at a time, with stage graphs that are run under its policy.

    Args:
        path: File of the single graph.
        folder: Folder with the stage graphs that it was made of.
        policy: The policy that it was made for.
        inputs: Samples, shape (N, channels, height, width), uint8 or float32.

    Raises:
        ExportError: If a sample leaves elsewhere, or gets another answer, that is not near a threshold.
        StagesError: If the files are not the stage graphs of one network.
    """
    expected = EarlyExitRuntime(OnnxStages(folder), policy, chunk_size=_CHUNK_SIZE).run(inputs)
    graph = SingleGraph(path)
    found = Answers.joined([graph.answer(inputs[row : row + 1]) for row in range(len(inputs))])
    # The stages know how close a sample was to the thresholds on its way, and the graph that of its exit alone.
    agreement = Agreement.of(replace(found, closeness=expected.closeness), expected.exits, expected.answers)
    if not agreement.holds:
        raise ExportError(
            f"{path}: a graph must decide as its policy does but {len(agreement.unexplained)} of {len(inputs)} "
            f"samples, first {int(agreement.unexplained[0])}, are decided otherwise; do not use this graph"
        )
    return agreement


def _difference(folder: Path, what: str, found: NDArray[Any] | None, expected: NDArray[Any] | None) -> float:
    """The largest one; 0 where neither graphs nor network say such a thing."""
    if found is None or expected is None:
        if found is not expected:
            raise ExportError(
                f"{folder}: graphs must give a {what} where the network does but only "
                f"{'the network gives one' if found is None else 'they give one'}; do not use these graphs"
            )
        return 0.0
    return require_near(folder, what, found, expected)


@contextmanager
def _one_line(batch_size: int) -> Iterator[None]:
    """What onnxruntime raises as one line of ours."""
    try:
        yield
    except ExitSearchError:
        raise
    except Exception as error:  # onnxruntime's own have no base but this
        raise ExportError(f"the graphs cannot be run at batch {batch_size} ({str(error).splitlines()[0]})") from None
