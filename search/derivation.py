"""From a finished sweep of networks that mix operations to a sweep of what is derived from the one it selected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
import warnings

from search.config.sweep import SweepConfig
from search.errors import ConfigError, DerivedWarning
from search.export.finished_sweep import FinishedSweep
from search.run_folder.folder import RunFolder
from search.run_folder.new_folder import new_folder, writing
from trainables.errors import TrainingError
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.model_file import save_model
from trainables.models import NetworkSpec
from trainables.models.families.darts.choices import PER_INPUT
from trainables.models.families.darts.deriving import (
    DerivedNetwork,
    begin_derived,
    derived_options,
    require_derivable,
    soft_network,
)
from trainables.workloads import get_workload


_EPOCHS_SHARE = 1 / 3


@contextmanager
def derived_sweep(
    run: Path,
    kind: str,
    *,
    epochs: int | None = None,
    name: str | None = None,
    out: Path | None = None,
    data_dir: Path | None = None,
) -> Iterator[SweepConfig]:
    """The configuration of a sweep that fine-tunes a derived network, for as long as the context lasts.

    The weights that it starts from are written beside the folder that the sweep is to have. Where there is no such
    folder in the end, they are removed again.

    Args:
        run: Folder of the finished sweep.
        kind: What is derived, one of :data:`~trainables.models.families.darts.deriving.KINDS`.
        epochs: Epochs of fine-tuning; None takes a third of those of the finished sweep.
        name: Name of the new sweep; None takes that of the finished one and the kind.
        out: Folder that the new sweep's folder is to be made in; None takes that of the finished one.
        data_dir: Where the data are now, if elsewhere than the finished sweep read them.

    Raises:
        ExitSearchError: If the sweep is not finished, its network does not mix operations, its data are gone or others,
            or there is a sweep of the new one's name.
    """
    sweep = FinishedSweep.load(run)
    soft = sweep.network()
    _require_derivable(run, soft, kind)
    runs_dir = sweep.folder.path.absolute().parent if out is None else out
    place = SweepConfig.from_mapping({"name": name or f"{sweep.name}-{kind}", "runs_dir": str(runs_dir)})
    RunFolder.require_new(place)
    folder = place.runs_dir / str(place.name)
    derived = _derived(sweep, soft, kind, data_dir)
    weights = folder.with_name(f"{folder.name}.start.safetensors")
    values = derived_values(sweep, derived.config.network, epochs)
    values["training"]["weights"] = str(weights)
    values |= {"name": folder.name, "runs_dir": str(folder.parent)}
    values |= {} if data_dir is None else {"data_dir": str(data_dir)}
    config = SweepConfig.from_mapping(values)
    with new_folder(folder.parent, what="--out"):
        try:
            with writing(weights, option="--out"):
                save_model(weights, derived.model, derived.config)
            yield config
        finally:
            if not folder.exists():
                weights.unlink(missing_ok=True)


def derived_values(sweep: FinishedSweep, network: NetworkSpec, epochs: int | None) -> dict[str, Any]:
    """The finished sweep's file with one trial of the derived network, which has the selected one's parameters.

    Args:
        sweep: The finished sweep.
        network: What the derived network is built from.
        epochs: Epochs of fine-tuning; None takes a third of those of the finished sweep.
    """
    values = sweep.config.model_dump(mode="json")
    fixed = {"width": network.width, "head": network.head, "network_options": dict(network.options)}
    own_epochs = max(1, round(values["training"]["epochs"] * _EPOCHS_SHARE)) if epochs is None else epochs
    values["training"] |= {**fixed, "epochs": own_epochs, "pretrained": False}
    dimensions = sweep.config.build_space().dimensions
    params = sweep.summary.selected.hyperparameters
    values["space"]["overrides"] |= {key: value for key, value in params.items() if key in dimensions}
    # It starts from a network that has learnt already.
    values["full_network"] = {}
    values["search"] |= {"trials": 1, "first_trials": [], "scheduler": "none"}
    if values["search"]["control"] and network.options["operations"] == PER_INPUT:
        values["search"]["control"] = False
        _tell_left_out("search.control", "no plain network costs what one does that differs by sample")
    if values["policy"]["latency_ms"]:
        values["policy"]["latency_ms"] = []
        _tell_left_out("policy.latency_ms", "they are times of the mixture; the derived network is timed anew")
    return values


def _tell_left_out(key: str, reason: str) -> None:
    warnings.warn(f"{key} is left out of the sweep of the derived network: {reason}", DerivedWarning, stacklevel=3)


def _require_derivable(run: Path, soft: StoredNetwork, kind: str) -> None:
    try:
        require_derivable(soft.model, kind)
    except TrainingError as error:
        raise ConfigError(f"{run}: {error}") from None


def _derived(sweep: FinishedSweep, soft: StoredNetwork, kind: str, data_dir: Path | None) -> StoredNetwork:
    """The derived network with the weights that it starts from."""
    train = sweep.splits(data_dir).train
    model = soft_network(soft.model)
    options = {**soft.config.network.options, **derived_options(model, kind, train.inputs)}
    spec = replace(soft.config.network, options=options)
    network = get_workload(sweep.config.workload).build_model(train, len(soft.config.class_names), spec)
    begin_derived(cast(DerivedNetwork, network), model, train.inputs)
    return StoredNetwork(model=network, config=replace(soft.config, network=spec))
