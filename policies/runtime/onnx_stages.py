"""The stages of a network from ONNX graphs, one file for each, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import StagesError
from policies.extras import extra_module
from policies.runtime.detection.post_processing import PostProcessing
from policies.runtime.stages import Device, require_shape
from policies.tables.classification import ExitOutputs


METADATA_KEY = "exitsearch"
"""Key of a graph's metadata under which it states, as JSON, what it belongs to."""
SCHEMA = 1
LOGITS, STOP_PROB, FEATURES, INPUTS = "logits", "stop_prob", "features", "inputs"
BOXES = "boxes"
"""What a detector's graph gives: a box for each anchor and the probabilities of the classes, before boxes are dropped.

Its shape is (n, A, 4 + C): left, top, right and bottom as shares of the image, then a probability for each class.
"""
POST_PROCESSING = "post_processing"
"""Key of what a detector's graph states: how its boxes are kept."""
_SAID = (LOGITS, STOP_PROB, BOXES)
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_ERRORS_ONLY = 3


def stage_path(folder: Path, k: int) -> Path:
    """Path of the graph of stage ``k``, from 0."""
    return folder / f"stage_{k}.onnx"


class OnnxStages:
    """Stage graphs as :func:`trainables.export.onnx.stage_graphs.write_stage_graphs` writes them.

    Features are a tuple of arrays, in memory of the processor between stages also where a GPU computes them.

    Args:
        folder: Folder with ``stage_0.onnx`` and on.
        n_threads: Threads within one operator. What one thread does is often quicker for small networks and batches.
        device: ``cpu``, or ``cuda``, which needs the package onnxruntime-gpu and a GPU.

    Attributes:
        n_exits: Number of stages, ``E``.
        input_shape: (channels, height, width) of one sample.
        metadata: What the graphs state: ``model_hash``, and ``policy`` where one was stated.
        post_processing: How boxes are kept; None where the graphs are a classifier's.

    Raises:
        StagesError: If onnxruntime or the device is missing, or the files are not all stages of one network.
    """

    def __init__(self, folder: Path, *, n_threads: int = 1, device: Device = "cpu") -> None:
        options = session_options(n_threads)
        provider = _provider(device)
        first = _Stage(stage_path(folder, 0), options, provider)
        self.metadata: dict[str, Any] = first.stated
        self.n_exits = int(first.stated["n_exits"])
        self.post_processing = _post_processing(first)
        rest = [_Stage(stage_path(folder, k), options, provider) for k in range(1, self.n_exits)]
        self._stages = [first, *rest]
        self._refuse_strangers(folder)
        self.input_shape: tuple[int, ...] = tuple(first.session.get_inputs()[0].shape[1:])

    def begin(self, inputs: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Samples as float32 in 0..1, from uint8 in 0..255 or from float32 as they are.

        Raises:
            StagesError: If the samples are of another shape than the network's.
        """
        require_shape(inputs, self.input_shape)
        return (unit_floats(inputs),)

    def run(
        self, k: int, features: tuple[NDArray[Any], ...], *, with_head: bool = True
    ) -> tuple[tuple[NDArray[Any], ...], Any]:
        """Run stage ``k``, and its head unless the exit is not asked.

        Returns:
            What the next stage takes (nothing behind the last), and what rules take: the logits, with the stop
            probabilities where the graph gives them, or the boxes that are kept, shape (n, D, 6).

        Raises:
            StagesError: If the exit is not asked and the package onnx is missing, which takes the head out.
        """
        stage = self._stages[k]
        if not with_head:
            given = dict(zip(stage.input_names, features, strict=True))
            return tuple(stage.headless.run(None, given)) if stage.headless else (), None
        features, said = self.ask(k, features)
        if self.post_processing is None:
            return features, ExitOutputs(*said)
        # Here, since a classifier is run without it.
        import torch

        return features, self.post_processing.kept(torch.from_numpy(said[0])).numpy()

    def ask(
        self, k: int, features: tuple[NDArray[Any], ...]
    ) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
        """Run stage ``k`` and its head: what the next stage takes, and what the graph itself says at its exit.

        That is logits, with the stop probabilities where there are some, or the boxes of all anchors.
        """
        stage = self._stages[k]
        given = dict(zip(stage.input_names, features, strict=True))
        values = stage.session.run([*stage.feature_names, *stage.said_names], given)
        n_features = len(stage.feature_names)
        return tuple(values[:n_features]), tuple(values[n_features:])

    def take(self, features: tuple[NDArray[Any], ...], rows: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """The features of some of the samples, by their row numbers."""
        return tuple(part[rows] for part in features)

    def input_names(self, k: int) -> Sequence[str]:
        """Names of what the graph of stage ``k`` takes, in the order of its features."""
        return self._stages[k].input_names

    def _refuse_strangers(self, folder: Path) -> None:
        keys = ("model_hash", "n_exits")
        for k, stage in enumerate(self._stages):
            if stage.stated.get("stage") != k or any(stage.stated.get(key) != self.metadata.get(key) for key in keys):
                raise StagesError(
                    f"{stage_path(folder, k)}: all graphs of a folder must be stages of one network but this one is "
                    f"stage {stage.stated.get('stage')} of another; export the network again"
                )


class _Stage:
    """One graph, with everything prepared that can be before there are samples."""

    def __init__(self, path: Path, options: Any, provider: str) -> None:
        if not path.is_file():
            raise StagesError(f"{path}: there is no such stage graph; export the network as ONNX")
        self._path, self._options, self._provider = path, options, provider
        try:
            self.session = self._open(path)
            self.stated = stated_in(self.session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # onnxruntime's own have no base but this
            raise StagesError(f"{path}: not a readable stage graph ({str(error).splitlines()[0]})") from None
        self.input_names = [value.name for value in self.session.get_inputs()]
        names = [value.name for value in self.session.get_outputs()]
        self.feature_names = [name for name in names if name not in _SAID]
        # In the order of what is said at an exit.
        self.said_names = [name for name in _SAID if name in names]

    @cached_property
    def headless(self) -> Any | None:
        """A session of the graph without its head; None where it gives nothing else.

        Asking the session for its features alone would not do: onnxruntime computes all of a graph whatever is asked.
        """
        if not self.feature_names:
            return None
        graph = extra_module("onnx", StagesError).load(self._path)
        extractor = extra_module("onnx.utils", StagesError).Extractor(graph)
        return self._open(extractor.extract_model(self.input_names, self.feature_names).SerializeToString())

    def _open(self, graph: Path | bytes) -> Any:
        onnxruntime = extra_module("onnxruntime", StagesError)
        return onnxruntime.InferenceSession(graph, self._options, providers=[self._provider])


def _post_processing(stage: _Stage) -> PostProcessing | None:
    return PostProcessing.from_dict(stage.stated.get(POST_PROCESSING)) if BOXES in stage.said_names else None


def unit_floats(inputs: NDArray[Any]) -> NDArray[np.float32]:
    """Samples as float32, those of uint8 in 0..255 divided by 255."""
    if inputs.dtype == np.uint8:
        return np.asarray(np.divide(inputs, 255.0, dtype=np.float32))
    return inputs.astype(np.float32, copy=False)


def stated_in(metadata: dict[str, str]) -> dict[str, Any]:
    """What a graph's metadata state under :data:`METADATA_KEY`.

    Raises:
        ValueError: If they state nothing there, or in another schema.
    """
    if METADATA_KEY not in metadata:
        raise ValueError(f"its metadata have no {METADATA_KEY!r}")
    stated: dict[str, Any] = json.loads(metadata[METADATA_KEY])
    if stated["schema"] != SCHEMA:
        raise ValueError(f"its metadata are of schema {stated['schema']} and not {SCHEMA}")
    return stated


def session_options(n_threads: int) -> Any:
    """The ``onnxruntime.SessionOptions`` of so many threads within one operator, silent but for errors.

    Raises:
        StagesError: If onnxruntime is missing.
    """
    options = extra_module("onnxruntime", StagesError).SessionOptions()
    options.intra_op_num_threads = n_threads
    options.log_severity_level = _ERRORS_ONLY
    return options


def has_device(device: Device) -> bool:
    """Whether onnxruntime is installed and was built for a device; whether there is such a device is not asked."""
    if find_spec("onnxruntime") is None:
        return False
    # Of processors it need not be asked: the import takes its time.
    return device == "cpu" or _PROVIDERS[device] in _available()


def _available() -> Sequence[str]:
    names: Sequence[str] = extra_module("onnxruntime", StagesError).get_available_providers()
    return names


def _provider(device: str) -> str:
    provider, available = _PROVIDERS.get(device), _available()
    if provider is None or provider not in available:
        possible = [name for name, own in _PROVIDERS.items() if own in available]
        raise StagesError(
            f"the device must be one that onnxruntime has here, {' or '.join(possible)}, but is {device!r}; "
            f"for cuda install onnxruntime-gpu on a machine with a GPU"
        )
    return provider
