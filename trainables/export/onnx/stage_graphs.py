"""One ONNX graph for each stage of a network, by the exporter of torch."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from policies.extras import extra_module
from policies.policy import Policy
from policies.runtime.onnx_stages import (
    BOXES,
    FEATURES,
    INPUTS,
    LOGITS,
    POST_PROCESSING,
    STOP_PROB,
    stage_path,
)
from trainables.errors import ExportError
from trainables.export.onnx.metadata import write_graph
from trainables.export.onnx.quiet import quiet
from trainables.models import MultiExitModel
from trainables.models.detection.model import DetectorModel
from trainables.models.exits.tracing import first_line
from trainables.models.inference import model_hash


# A batch of one would be taken for a constant (pytorch#157621).
_EXAMPLE_BATCH = 2
_BATCH_AXIS = "batch"
Features = Tensor | tuple[Tensor, ...]


class StageModule(nn.Module):
    """One stage of a network with its head; the first standardises its inputs.

    Args:
        model: The network; its modules are used, not copied.
        k: Index of the stage, from 0.
        takes_tuple: Whether the stage takes a tuple of tensors rather than one.
    """

    def __init__(self, model: MultiExitModel, k: int, *, takes_tuple: bool) -> None:
        super().__init__()
        self.stage, self.head = model.stages[k], model.heads[k]
        # Methods are no parts of the module, as the other stages would be.
        self.normalise = model.normalise if k == 0 else None
        self.decoded = model.decoded if isinstance(model, DetectorModel) else None
        self.takes_tuple = takes_tuple

    @property
    def said_names(self) -> tuple[str, ...]:
        """Names of what may be said at an exit, in order."""
        return (LOGITS, STOP_PROB) if self.decoded is None else (BOXES,)

    def forward(self, *inputs: Tensor) -> tuple[Features, ...]:
        """Features for the next stage, and what is said at the exit.

        That is logits, and stop probabilities, shape (N,), where the head gives their logits; or of a detector boxes
        and probabilities of all anchors, shape (N, A, 4 + C).

        Args:
            *inputs: In 0..1, or the features of the stage before.
        """
        given: Any = inputs if self.takes_tuple else inputs[0]
        features = self.stage(given if self.normalise is None else self.normalise(given))
        said = self.head(features)
        if self.decoded is not None:
            return features, self.decoded(said)
        if isinstance(said, Tensor):
            return features, said
        logits, stop_logits = said
        return features, logits, self.stop_prob(logits, stop_logits)

    def stop_prob(self, logits: Tensor, stop_logits: Tensor) -> Tensor:
        """The probability to stop here, given that a sample has come so far, shape (N,)."""
        return stop_logits.sigmoid()


class LastStageModule(StageModule):
    """The last stage, of which nobody takes the features."""

    def forward(self, *inputs: Tensor) -> tuple[Features, ...]:
        """What is said at the exit."""
        return super().forward(*inputs)[1:]

    def stop_prob(self, logits: Tensor, stop_logits: Tensor) -> Tensor:
        """One: every sample stops here. No logit of that is written, since quantising cannot scale infinity."""
        return torch.ones_like(logits[:, 0])


def write_stage_graphs(
    model: MultiExitModel, input_shape: tuple[int, ...], folder: Path, *, policy: Policy | None = None
) -> list[Path]:
    """Write ``stage_0.onnx`` and on, one file for each stage with its head.

    Each takes ``inputs``: stage 0 samples as float32 in 0..1, which it standardises, the others the features of the
    stage before. It gives ``features``, unless it is the last, ``logits`` and, where the network has stop heads,
    ``stop_prob`` of shape (batch,). A detector's gives ``boxes`` of shape (batch, A, 4 + C) instead of logits: corners
    and probabilities of all anchors; it states how boxes are kept of these. Where features are several tensors they are
    called ``inputs_0``, ``features_0`` and so on. Axis 0 is called ``batch`` and may have any size.

    Args:
        model: The network, on any device and in any mode; it is not changed.
        input_shape: (channels, height, width) of one sample.
        folder: Made where it is missing.
        policy: Written into the metadata of every graph, beside the hash of the network.

    Raises:
        ExportError: If a library of the extra is missing, or the network or a stage cannot be expressed in ONNX for any
            batch size.
        OSError: If a file cannot be written.
    """
    if model.not_a_graph:
        raise ExportError(
            f"a network must do the same for every sample to be written as ONNX graphs, but {model.not_a_graph}; "
            f"export it without them, to be run by torch"
        )
    for library in ("onnx", "onnxscript"):
        extra_module(library, ExportError)
    graphs = list(_stage_graphs(model, input_shape))
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {
        "model_hash": model_hash(model),
        "n_exits": model.n_exits,
        "input_shape": list(input_shape),
    }
    if isinstance(model, DetectorModel):
        facts[POST_PROCESSING] = model.post_processing.to_dict()
    if policy is not None:
        facts["policy"] = policy.to_dict()
    paths = []
    for k, graph in enumerate(graphs):
        paths.append(stage_path(folder, k))
        write_graph(paths[k], graph, {**facts, "stage": k})
    return paths


def _stage_graphs(model: MultiExitModel, input_shape: tuple[int, ...]) -> Iterator[Any]:
    """The ``onnx.ModelProto`` of each stage."""
    # With the channels last in memory, torch makes of a mean over a map ten operators that address memory.
    copy: MultiExitModel = deepcopy(model).cpu().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    copy.eval().requires_grad_(False)
    features: Features = torch.zeros(_EXAMPLE_BATCH, *input_shape)
    for k in range(copy.n_exits):
        given, takes_tuple = _as_tuple(features), not isinstance(features, Tensor)
        if k == copy.n_exits - 1:
            last = LastStageModule(copy, k, takes_tuple=takes_tuple)
            yield _exported(last, k, given, list(last.said_names[: len(last(*given))]))
            return
        stage = StageModule(copy, k, takes_tuple=takes_tuple)
        features, *said = stage(*given)
        names = [*_names(FEATURES, len(_as_tuple(features))), *stage.said_names[: len(said)]]
        yield _exported(stage, k, given, names)


def _exported(stage: StageModule, k: int, inputs: tuple[Tensor, ...], output_names: list[str]) -> Any:
    batch = torch.export.Dim(_BATCH_AXIS)
    try:
        with quiet():
            program = torch.onnx.export(
                stage.eval(),
                tuple(value.contiguous() for value in inputs),
                dynamo=True,
                input_names=_names(INPUTS, len(inputs)),
                output_names=output_names,
                dynamic_shapes={"inputs": tuple({0: batch} for _ in inputs)},
                external_data=False,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(
            f"stage {k + 1} must fit one ONNX graph for all batch sizes but does not ({_reason(error)}); change it"
        ) from None
    if program is None:
        raise ExportError(f"stage {k + 1} cannot be written as an ONNX graph: the exporter gave nothing")
    _require_any_batch(program.model_proto, k)
    return _without_traces(program.model_proto)


def _require_any_batch(graph: Any, k: int) -> None:
    """Refuse a graph that the exporter has fixed to the number of samples in its example, which it does silently."""
    for value in graph.graph.input:
        axis = value.type.tensor_type.shape.dim[0]
        if not axis.dim_param:
            raise ExportError(
                f"stage {k + 1} must fit one ONNX graph for all batch sizes but its forward makes the number of "
                f"samples a constant; have it ask for x.shape[0] instead of len(x)"
            )


def _reason(error: BaseException) -> str:
    """The first line of what is behind the exporter's own page of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


def _without_traces(graph: Any) -> Any:
    """The graph without the lines and files of the Python code that each node was made of: they name our machine."""
    for nodes in (graph.graph.node, graph.graph.value_info, graph.graph.input, graph.graph.output):
        for node in nodes:
            del node.metadata_props[:]
    del graph.graph.metadata_props[:]
    return graph


def _names(name: str, n: int) -> list[str]:
    return [name] if n == 1 else [f"{name}_{i}" for i in range(n)]


def _as_tuple(features: Features) -> tuple[Tensor, ...]:
    return (features,) if isinstance(features, Tensor) else features
