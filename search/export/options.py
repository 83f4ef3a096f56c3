"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policies.extras import extra_module
from search.export.search_subject import NetworkAndData
from trainables.errors import ExportError


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
