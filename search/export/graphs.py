"""ONNX graphs of an exported network, each compared with what it was made of."""

from __future__ import annotations

from pathlib import Path

from policies.runtime.onnx_stages import OnnxStages
from search.export.subject import ExportSubject, compared_with_policy
from search.messages import OnMessage
from trainables.errors import ExportError
from trainables.export.bundle.manifest import ONNX_FOLDER, SINGLE_GRAPH_FILE
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.onnx.single_graph import write_single_graph
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import verify_single_graph, verify_stage_graphs


def write_graphs(
    folder: Path, subject: ExportSubject, network: StoredNetwork, *, single_graph: bool, on_message: OnMessage
) -> None:
    """Write one graph a stage, and one of all with its policy where that is asked for, and check them.

    Args:
        folder: Folder of the bundle.
        subject: What is exported.
        network: The network in torch.
        single_graph: Whether the one graph is written.
        on_message: Takes lines for a person.

    Raises:
        ExportError: If a graph cannot be written, or says or decides something else than the network and its policy.
    """
    graphs = folder / ONNX_FOLDER
    write_stage_graphs(network.model, network.config.input_shape, graphs, policy=subject.policy)
    found = verify_stage_graphs(network.model, graphs, subject.inputs)
    on_message(
        f"ONNX: outputs differ by {found.largest_difference:.1e} at most at batches of "
        f"{', '.join(map(str, found.batch_sizes))}; {require_decisions(graphs, subject)}"
    )
    if single_graph:
        write_single(folder, subject, on_message=on_message)


def write_single(folder: Path, subject: ExportSubject, *, on_message: OnMessage) -> None:
    """Write one graph of all stages, that leaves early by itself, and check what it decides.

    Raises:
        ExportError: If the policy's rule cannot be written like that, or the graph decides otherwise.
    """
    path, graphs = folder / SINGLE_GRAPH_FILE, folder / ONNX_FOLDER
    write_single_graph(graphs, subject.policy, path)
    found = verify_single_graph(path, graphs, subject.policy, subject.inputs)
    on_message(f"Single graph: {found.sentence(subject.search.ids.tolist())}")


def require_decisions(graphs: Path, subject: ExportSubject) -> str:
    """See that graphs, run under the policy, decide as it does on the exit table; a sentence says what was seen.

    Raises:
        ExportError: If they decide otherwise, beyond rounding.
    """
    _, agreement, sentence = compared_with_policy(subject, OnnxStages(graphs))
    if not agreement.holds:
        raise ExportError(f"the ONNX graphs must decide as the policy does on the exit table but {sentence}")
    return sentence
