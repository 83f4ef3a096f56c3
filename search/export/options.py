"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How a bundle is made.

    Attributes:
        name: What it is called; as the sweep where None.
        onnx: Whether one ONNX graph for each stage is added.
        single_graph: Whether one ONNX graph is added that leaves early by itself.
        data_dir: Where the sweep's data are now, if elsewhere than it read them.
    """

    name: str | None = None
    onnx: bool = False
    single_graph: bool = False
    data_dir: Path | None = None
