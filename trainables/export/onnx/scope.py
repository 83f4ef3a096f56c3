"""Putting the nodes of an ONNX graph together by hand, branches within it too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.extras import extra_module
from trainables.errors import ExportError


class Scope:
    """The nodes of a graph, or of a branch in one; a branch sees the values of the graph around it.

    Attributes:
        nodes: Nodes in the order of running, as ``onnx.NodeProto``.
        constants: Constants of this graph alone, as ``onnx.TensorProto``.
    """

    def __init__(self, around: Scope | None = None) -> None:
        self._onnx = extra_module("onnx", ExportError)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._known: dict[Any, str] = {} if around is None else dict(around._known)
        self._numbers: Iterator[int] = count() if around is None else around._numbers

    def add(self, operator: str, *inputs: str, n_outputs: int = 1, **attributes: Any) -> str:
        """Add a node, unless there is the same one already, and give the name of its first output."""
        key = (operator, inputs, tuple(sorted(attributes.items())))
        if key not in self._known:
            names = [self._new_name(operator) for _ in range(n_outputs)]
            self.nodes.append(self._onnx.helper.make_node(operator, inputs, names, name=names[0], **attributes))
            self._known[key] = names[0]
        return self._known[key]

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant, unless there is the same one already, and give its name."""
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._known:
            self._known[key] = self._new_name("constant")
            self.constants.append(self._onnx.numpy_helper.from_array(value, self._known[key]))
        return self._known[key]

    def choose(self, condition: str, then: Any, otherwise: Any, n_outputs: int) -> tuple[str, ...]:
        """Add an ``If`` of two branches, each an ``onnx.GraphProto`` with as many outputs, and give their names."""
        names = tuple(self._new_name("If") for _ in range(n_outputs))
        branches = {"then_branch": then, "else_branch": otherwise}
        self.nodes.append(self._onnx.helper.make_node("If", [condition], names, name=names[0], **branches))
        return names

    def join(self, graph: Any) -> None:
        """Take over all nodes and constants of an ``onnx.GraphProto`` whose names nothing else has."""
        self.nodes.extend(graph.node)
        self.constants.extend(graph.initializer)

    def alias(self, value: str, name: str) -> str:
        """Give a value a further name; a branch cannot give what comes from outside it otherwise."""
        self.nodes.append(self._onnx.helper.make_node("Identity", [value], [name], name=name))
        return name

    def needed_for(self, outputs: Iterable[str]) -> tuple[list[Any], list[Any]]:
        """The nodes and constants that values depend on: nobody asks for the head of an exit that is closed."""
        needed, nodes = {*outputs}, []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                nodes.append(node)
                needed |= _taken_by(node)
        return nodes[::-1], [constant for constant in self.constants if constant.name in needed]

    def _new_name(self, kind: str) -> str:
        return f"gate/{kind}_{next(self._numbers)}"


def _taken_by(node: Any) -> set[str]:
    """Names of all values that a node takes, by its branches too."""
    graphs = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return {*node.input}.union(*(_taken_by(inner) for graph in graphs for inner in graph.node))


def doubles(values: Any) -> NDArray[np.float64]:
    """Numbers as gates compute with them: in float64, as the rules do."""
    return np.asarray(values, dtype=np.float64)
