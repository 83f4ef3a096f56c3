"""A network and its policy as one ONNX graph that stops by itself: nested ``If``, for one sample at a time.

For processors, and for callers without Python. Executors on GPUs run both branches of an ``If``, or wait for it: there,
stage graphs with the decision outside are quicker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from policies.extras import extra_module
from policies.policy import Policy
from policies.runtime.onnx_stages import FEATURES, INPUTS, LOGITS, STOP_PROB, stage_path
from policies.runtime.single_graph import OUTPUTS
from policies.tables.network import NetworkIdentity, differences
from trainables.errors import ExportError
from trainables.export.onnx.gates import Gate, rule_nodes
from trainables.export.onnx.metadata import load_graph, stated_by, write_graph
from trainables.export.onnx.scope import Scope


def write_single_graph(folder: Path, policy: Policy, path: Path) -> None:
    """Join the stage graphs of a folder, in float32 or quantised, and the gates of a policy.

    The graph takes ``inputs``, float32 in 0..1 of shape (1, channels, height, width). It gives ``label`` (int64, (1,)),
    ``probabilities`` (float64, (1, C)), ``exit`` (int64, (1,), from 0) and the ``score`` of that exit (float64, (1,)):
    gates compute in float64, as they do in process. Where every score must reach a threshold it is the first.

    Args:
        folder: Folder with ``stage_0.onnx`` and on.
        policy: Policy of the same network, of a rule that :data:`~trainables.export.onnx.gates.GRAPH_RULES` has.
        path: The file, in a folder that exists; replaced in one step.

    Raises:
        ExportError: If the rule cannot be computed in a graph, the policy is of another network, a file is missing, or
            a library of the extra is.
        OSError: If the file cannot be written.
    """
    rule_nodes(policy)
    stages = _load_stages(folder)
    stated = stated_by(stages[0])
    found = differences(policy.network, _identity(stages), names=("the policy", "the graphs"))
    if found:
        raise ExportError(f"a policy is for one network but {'; '.join(found)}; export the policy's own network")
    graph = _Assembly(stages, policy).model()
    facts = {key: stated[key] for key in ("model_hash", "n_exits", "input_shape")}
    write_graph(path, graph, {**facts, "policy": policy.to_dict()})


@dataclass(frozen=True)
class _Assembly:
    """Stage graphs and gates on their way to one graph.

    Attributes:
        stages: The ``onnx.ModelProto`` of every stage.
        policy: Its gates stand between the stages.
    """

    stages: list[Any]
    policy: Policy

    def model(self) -> Any:
        """The whole ``onnx.ModelProto``."""
        onnx, first = extra_module("onnx", ExportError), self.stages[0]
        scope = Scope()
        answers = self._from_stage(scope, 0, (INPUTS,), ())
        names = [scope.alias(value, name) for value, name in zip(answers, OUTPUTS, strict=True)]
        shape = [1, *(axis.dim_value for axis in first.graph.input[0].type.tensor_type.shape.dim[1:])]
        taken = onnx.helper.make_tensor_value_info(INPUTS, onnx.TensorProto.FLOAT, shape)
        opsets = {(entry.domain, entry.version) for stage in self.stages for entry in stage.opset_import}
        model = onnx.helper.make_model(
            self._graph("network", scope, [taken], names),
            producer_name="exitsearch",
            opset_imports=[onnx.helper.make_opsetid(*entry) for entry in sorted(opsets)],
            ir_version=first.ir_version,
        )
        onnx.checker.check_model(model)
        return model

    def _from_stage(self, scope: Scope, k: int, features: tuple[str, ...], logits: tuple[str, ...]) -> tuple[str, ...]:
        """Add stage ``k`` and all that may come behind it; gives the names of :data:`OUTPUTS`."""
        features, own, stop_prob = self._add_stage(scope, k, features)
        logits = (*logits, own)
        gate = Gate(scope, self.policy, _n_classes(self.stages[k]), logits, stop_prob)
        if k == len(self.stages) - 1:
            return _answer(gate, gate.score())
        open_by = gate.is_open()
        if open_by is None:
            return self._from_stage(scope, k + 1, features, logits)
        condition, score = open_by
        leaving, staying = Scope(scope), Scope(scope)
        then = self._branch(f"leave_{k}", leaving, _answer(replace(gate, scope=leaving), score))
        otherwise = self._branch(f"stay_{k}", staying, self._from_stage(staying, k + 1, features, logits))
        return scope.choose(condition, then, otherwise, len(OUTPUTS))

    def _add_stage(self, scope: Scope, k: int, features: tuple[str, ...]) -> tuple[tuple[str, ...], str, str | None]:
        """Names of the features, the logits and the stop probability that the stage gives; these two as float64."""
        prefix = f"stage_{k}/"
        graph = extra_module("onnx", ExportError).compose.add_prefix(self.stages[k], prefix).graph
        for value, taken in zip(features, graph.input, strict=True):
            scope.alias(value, taken.name)
        scope.join(graph)
        names = [value.name for value in graph.output]
        given = tuple(name for name in names if name.startswith(prefix + FEATURES))
        has_stop_prob = prefix + STOP_PROB in names
        return (
            given,
            _as_doubles(scope, prefix + LOGITS),
            _as_doubles(scope, prefix + STOP_PROB) if has_stop_prob else None,
        )

    def _branch(self, name: str, scope: Scope, answers: tuple[str, ...]) -> Any:
        return self._graph(
            name,
            scope,
            [],
            [scope.alias(value, f"{name}/{output}") for value, output in zip(answers, OUTPUTS, strict=True)],
        )

    def _graph(self, name: str, scope: Scope, taken: list[Any], outputs: list[str]) -> Any:
        onnx = extra_module("onnx", ExportError)
        whole, real = onnx.TensorProto.INT64, onnx.TensorProto.DOUBLE
        forms = ((whole, [1]), (real, [1, _n_classes(self.stages[0])]), (whole, [1]), (real, [1]))
        given = [onnx.helper.make_tensor_value_info(value, *form) for value, form in zip(outputs, forms, strict=True)]
        nodes, constants = scope.needed_for(outputs)
        return onnx.helper.make_graph(nodes, name, taken, given, initializer=constants)


def _as_doubles(scope: Scope, name: str) -> str:
    return scope.add("Cast", name, to=extra_module("onnx", ExportError).TensorProto.DOUBLE)


def _answer(gate: Gate, score: str) -> tuple[str, ...]:
    """Names of :data:`OUTPUTS` for a sample that leaves; what they alone need is added to the gate's scope."""
    return gate.label, gate.probabilities, gate.scope.constant(np.array([gate.exit_index])), score


def _load_stages(folder: Path) -> list[Any]:
    first = load_graph(stage_path(folder, 0))
    return [first, *(load_graph(stage_path(folder, k)) for k in range(1, int(stated_by(first)["n_exits"])))]


def _n_classes(stage: Any) -> int:
    logits = next(value for value in stage.graph.output if value.name == LOGITS)
    return int(logits.type.tensor_type.shape.dim[1].dim_value)


def _identity(stages: list[Any]) -> NetworkIdentity:
    return NetworkIdentity(len(stages), _n_classes(stages[0]), model_hash=stated_by(stages[0]).get("model_hash"))
