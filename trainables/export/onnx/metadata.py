"""What an ONNX graph states of itself, and its file, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
import json
from pathlib import Path
from typing import Any

from policies.extras import extra_module
from policies.files.atomic import whole_file
from policies.policy import Policy
from policies.runtime.onnx_stages import METADATA_KEY, SCHEMA
from trainables.errors import ExportError


def state_policy(paths: Iterable[Path], policy: Policy) -> None:
    """Write a policy, its temperatures and thresholds with it, into the metadata of graphs, each in one step.

    Raises:
        ExportError: If one is not a graph that this project wrote.
        OSError: If one cannot be written.
    """
    for path in paths:
        graph = load_graph(path)
        write_graph(path, graph, {**stated_by(graph), "policy": policy.to_dict()})


def write_graph(path: Path, graph: Any, stated: dict[str, Any]) -> None:
    """Write a graph, replacing ``path`` in one step.

    Args:
        path: In a folder that exists.
        graph: An ``onnx.ModelProto``; what it stated before is replaced.
        stated: What it is to state under the key ``exitsearch``, as JSON values.

    Raises:
        OSError: If it cannot be written.
    """
    onnx = extra_module("onnx", ExportError)
    others = {entry.key: entry.value for entry in graph.metadata_props if entry.key != METADATA_KEY}
    del graph.metadata_props[:]
    onnx.helper.set_model_props(graph, {**others, METADATA_KEY: json.dumps({**stated, "schema": SCHEMA})})
    with whole_file(path) as partial:
        partial.write_bytes(graph.SerializeToString())


def load_graph(path: Path) -> Any:
    """Read a graph as an ``onnx.ModelProto``.

    Raises:
        ExportError: If there is none.
    """
    onnx = extra_module("onnx", ExportError)
    try:
        return onnx.load(path)
    except Exception as error:  # protobuf's errors have no base but this
        raise ExportError(f"{path}: not a readable ONNX graph ({str(error).splitlines()[0]})") from None


def stated_by(graph: Any) -> dict[str, Any]:
    """What a graph states under the key ``exitsearch``.

    Raises:
        ExportError: If it states nothing there.
    """
    text = next((entry.value for entry in graph.metadata_props if entry.key == METADATA_KEY), None)
    if text is None:
        raise ExportError("a graph must state what it belongs to but this one does not; export the network again")
    stated: dict[str, Any] = json.loads(text)
    return stated


def graphs_hash(paths: Iterable[Path]) -> str:
    """SHA-256 over graphs in their order without their metadata: stating a policy makes no other network of them.

    Raises:
        ExportError: If one is no graph.
    """
    digest = sha256()
    for path in paths:
        graph = load_graph(path)
        del graph.metadata_props[:]
        digest.update(graph.SerializeToString(deterministic=True))
    return digest.hexdigest()
