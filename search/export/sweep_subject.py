"""The selected network and policy of a finished sweep, as they are exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.runtime.torch_stages import TorchStages
from search.export.finished_sweep import FinishedSweep
from search.export.subject import ExportSubject
from search.run_folder.summary import SPLITS
from trainables.data import Splits
from trainables.errors import ExportError
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.model_file import load_model
from trainables.models import cumulative_macs
from trainables.models.inference import model_hash


_FIGURES = (
    *("map_50", "map", "image_f1", "found_objects"),
    *("accuracy", "macro_f1", "ece", "mean_depth", "mean_cost", "p90_cost", "worst_cost", "exit_mix", "n_samples"),
    "mean_latency_ms",
)


def subject_of_sweep(sweep: FinishedSweep, splits: Splits, *, name: str | None = None) -> ExportSubject:
    """What a sweep selected.

    Args:
        sweep: The finished sweep.
        splits: Its data.
        name: What the bundle is called; the sweep's name where None.

    Raises:
        ExitSearchError: If the network or a table is gone or damaged, or they do not belong together.
    """
    network = sweep.network()
    search = sweep.table("search")
    require_one_network(network, search.meta.get("model_hash"), where=str(sweep.folder.model_file))
    control = sweep.summary.control
    return ExportSubject(
        name=name or sweep.name,
        policy=sweep.policy,
        stages=TorchStages(network.model),
        search=search,
        certify=sweep.table("certify"),
        inputs=splits.search.inputs,
        reader=sweep.reader(splits),
        certificate=sweep.certificate,
        network=network,
        macs=cumulative_macs(network.model, network.config.input_shape),
        figures=told_figures(sweep.summary.selected.by_split),
        training=told_training(sweep),
        control=_control(sweep),
        control_told=None if control is None else control.to_dict(),
    )


def told_figures(by_split: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of the figures on each split those that a model card tells."""
    return {
        split: {name: by_split[split][name] for name in _FIGURES if name in by_split[split]}
        for split in SPLITS
        if split in by_split
    }


def told_training(sweep: FinishedSweep) -> dict[str, Any]:
    """What a sweep's selected network was trained on, and how."""
    config, selected = sweep.config, sweep.summary.selected
    environment = sweep.environment()
    told = {
        "workload": config.workload,
        "sweep": sweep.name,
        "trial": selected.network or selected.trial_id,
        "network": config.training.network or f"that of workload {config.workload}",
        "network_options": dict(config.training.network_options),
        "cost": "every exit alike" if config.training.cost == "exits" else None,
        "epochs": config.training.epochs,
        "batch_size": config.training.batch_size,
        "seed": selected.seed,
        "hyperparameters": dict(selected.hyperparameters),
        "samples_by_split": environment.get("split_sizes"),
        "split_seed": config.splits.seed,
        "what_was_asked": sweep.summary.asked,
        "policy_chosen_among": f"{sweep.summary.front_size} policies of the front, rule {selected.rule}",
    }
    return {key: value for key, value in told.items() if value not in (None, {}, "")}


def require_one_network(network: StoredNetwork, stated: Any, *, where: str) -> None:
    """Refuse a network that tables are not of.

    Args:
        network: The network that was read.
        stated: What the tables state as the hash of theirs.
        where: What a person calls the network's file.

    Raises:
        ExportError: If they differ.
    """
    if model_hash(network.model) != stated:
        raise ExportError(
            f"{where}: the network must be the one that the tables are of but its model hash is "
            f"{model_hash(network.model)[:12]} and theirs {str(stated)[:12]}; take the file that belongs to them"
        )


def _control(sweep: FinishedSweep) -> StoredNetwork | None:
    if not sweep.folder.control_file.is_file():
        return None
    model, config = load_model(sweep.folder.control_file)
    return StoredNetwork(model=model, config=config)
