"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policies.extras import extra_module
from policies.tables.classification import ClassificationTable
from policies.tables.detection import DetectionTable
from search.export.search_subject import NetworkAndData
from trainables.errors import ExportError


_UNMEASURED = "nobody has measured what 256 levels cost"
_WHY_NOT_INT8 = {
    DetectionTable.task: "256 levels are too few for corners and scores of one tensor, and nobody has measured what "
    "they cost"
}
_UNWRITTEN = "are not written as nodes of a graph"
_WHY_NOT_ONE_GRAPH = {DetectionTable.task: "look at boxes that are kept, which no graph does"}


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How a bundle is made.

    Attributes:
        name: What it is called; as the sweep where None.
        onnx: Whether one ONNX graph for each stage is added.
        single_graph: Whether one ONNX graph is added that leaves early by itself.
        int8: Whether the network is quantised, and everything that was chosen for it is chosen anew.
        data_dir: Where the sweep's data are now, if elsewhere than it read them.
        network: The network and the data of a policy search, which knows tables alone; None for a sweep.
    """

    name: str | None = None
    onnx: bool = False
    single_graph: bool = False
    int8: bool = False
    data_dir: Path | None = None
    network: NetworkAndData | None = None

    def require_libraries(self) -> None:
        """Refuse, before anything is computed, what the environment lacks the libraries for.

        Raises:
            ExportError: If ONNX is asked for and its libraries are not installed.
        """
        if self.onnx or self.int8:
            for name in ("onnx", "onnxscript", "onnxruntime"):
                extra_module(name, ExportError)

    def require_possible(self, task: str) -> None:
        """Refuse, before anything is written, what answers of a kind cannot be exported as.

        Args:
            task: The kind of answers.

        Raises:
            ExportError: If the graph with everything in it, or eight bits, is asked for and answers are no classes.
        """
        if task == ClassificationTable.task:
            return
        if self.int8:
            raise ExportError(
                f"--int8 is for classifiers but the task is {task!r}: {_WHY_NOT_INT8.get(task, _UNMEASURED)}; leave it "
                f"out"
            )
        if self.single_graph:
            raise ExportError(
                f"--single-graph is for classifiers but the task is {task!r}, whose rules "
                f"{_WHY_NOT_ONE_GRAPH.get(task, _UNWRITTEN)}; export a graph for each stage with --onnx"
            )
