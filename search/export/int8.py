"""A sweep's network in eight bits: another network, so that everything which was chosen for it is chosen anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.certificates.words import CERTIFIED, proof_in_words, refusal_in_words
from policies.policy import Policy
from policies.qualities import in_words
from policies.runtime.onnx_stages import OnnxStages
from policies.selection.answered import answered_tables
from policies.selection.networks import search_network
from policies.selection.select import Selection, select_policy
from policies.tables.classification import ClassificationTable
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tasks import get_task
from search.export.finished_sweep import FinishedSweep
from search.export.subject import ExportSubject
from search.export.sweep_subject import told_figures
from search.inputs import SweepInputs
from search.messages import OnMessage
from search.reporting.policy_summary import decisions_on
from trainables.data import Splits
from trainables.errors import ExportError
from trainables.export.bundle.manifest import ONNX_FOLDER
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.changes import Tabulated, compare_networks
from trainables.export.onnx.metadata import state_policy
from trainables.export.onnx.quantise import QuantisedGraphs, quantise_stage_graphs
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.stage_tables import tabulate_stages


_MOST_CALIBRATION = 512


def quantised_subject(
    subject: ExportSubject, sweep: FinishedSweep, splits: Splits, folder: Path, *, on_message: OnMessage
) -> ExportSubject:
    """The same network in eight bits, with tables, temperatures, thresholds and certificate of its own.

    The policy is searched as the sweep searched it, on ``search``; it is certified on the same samples of ``certify``
    as the network before, so that each of the two certificates holds with its confidence, and not both together.

    Args:
        subject: The network in float32 with its policy.
        sweep: The sweep that it is of.
        splits: The sweep's data; each stage is calibrated on samples of ``train``.
        folder: An empty folder for graphs.
        on_message: Takes lines for a person.

    Raises:
        ExitSearchError: If graphs cannot be written or quantised, or tables are not of classes.
    """
    network = _required(subject.network)
    write_stage_graphs(network.model, network.config.input_shape, folder / "fp32", policy=subject.policy)
    graphs = quantise_stage_graphs(
        folder / "fp32", _calibration(splits, seed=sweep.config.seed), folder / ONNX_FOLDER, policy=subject.policy
    )
    stages = OnnxStages(folder / ONNX_FOLDER)
    tables = {split: _table(stages, subject, splits, split, graphs) for split in ("search", "certify", "test")}
    selection = _select(sweep, splits, tables)
    policy = selection.policy
    certificate = selection.certificate
    decisions = decisions_on(policy, tables, seed=sweep.config.seed)
    changes = _changes(subject, sweep, tables, policy, graphs)
    on_message(changes["table"])
    on_message(f"Certificate of the int8 graphs: {_certificate_line(selection)}")
    return replace(
        subject,
        policy=policy,
        stages=stages,
        search=tables["search"],
        certify=tables["certify"],
        certificate=None if certificate is None else certificate.to_dict(),
        network=None,
        figures=told_figures(
            {name: get_task(table.task).policy_figures(table, decisions[name]) for name, table in tables.items()}
        ),
        control=None,
        control_told=None,
        changes=changes,
    )


def copy_graphs(source: Path, bundle: Path, policy: Policy) -> None:
    """Put quantised graphs into a bundle's folder, and have them state their policy."""
    copytree(source / ONNX_FOLDER, bundle / ONNX_FOLDER)
    state_policy(sorted((bundle / ONNX_FOLDER).glob("*.onnx")), policy)


def _calibration(splits: Splits, *, seed: int) -> NDArray[Any]:
    """Samples of ``train``, drawn: sources keep theirs in order, often one class after the other."""
    inputs = splits.train.inputs
    rows = np.random.default_rng(seed).permutation(len(inputs))[:_MOST_CALIBRATION]
    return np.asarray(inputs[np.sort(rows)])


def _table(
    stages: OnnxStages, subject: ExportSubject, splits: Splits, split: str, graphs: QuantisedGraphs
) -> ClassificationTable:
    # Times are those of another executor and of other graphs.
    known = {key: value for key, value in subject.search.meta.items() if key != LATENCY_KEY}
    metadata: dict[str, Any] = {**known, "split": split, "model_hash": graphs.model_hash}
    return tabulate_stages(stages, splits[split], cost=subject.search.cost, metadata=metadata)


def _select(sweep: FinishedSweep, splits: Splits, tables: dict[str, ClassificationTable]) -> Selection:
    config = sweep.config
    inputs, how = SweepInputs.of(config, splits), config.policy_search()
    answered = answered_tables(tables, how, method=how.calibration, seed=how.seed)
    found = search_network(f"{sweep.name}-int8", answered["search"], answered["certify"], how)
    return select_policy([found], inputs.target, front_size=config.policy.front_size, seed=config.seed)


def _changes(
    subject: ExportSubject,
    sweep: FinishedSweep,
    tables: dict[str, ClassificationTable],
    policy: Policy,
    graphs: QuantisedGraphs,
) -> dict[str, Any]:
    before = sweep.table("test")
    if not isinstance(before, ClassificationTable):
        raise ExportError(f"int8 is for classifiers but the network gives {before.task!r} answers; leave --int8 out")
    change = compare_networks(
        Tabulated(before, subject.policy, graphs.float_bytes), Tabulated(tables["test"], policy, graphs.int8_bytes)
    )
    return {
        "table": change.to_text(),
        "calibration_samples_per_stage": list(graphs.n_calibration),
        "rule": f"{policy.rule}, {subject.policy.rule} before",
    }


def _certificate_line(selection: Selection) -> str:
    certificate = selection.certificate
    if certificate is None:
        return "nothing was claimed, so nothing is certified"
    claim = in_words(str(certificate.claim))
    if certificate.certified:
        return f"{CERTIFIED} {proof_in_words(claim, bound=certificate.stated_bound, delta=certificate.delta)}"
    return refusal_in_words(in_words(certificate.reason), claim=claim)


def _required(network: StoredNetwork | None) -> StoredNetwork:
    if network is None:
        raise ExportError("int8 graphs are made of a network in torch but there is none; leave --int8 out")
    return network
