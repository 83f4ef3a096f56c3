"""What a Ray worker does after the last trial: tabulate one checkpoint and search its policies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch

from policies.selection.answered import answered_tables
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.policy_search import PolicySearch
from policies.tables.latency import with_latency
from trainables.data import Split
from trainables.trials.spec import TrialSpec


def search_checkpoint(
    name: str,
    checkpoints: Path,
    seed: int,
    spec: TrialSpec,
    train: Split,
    search: Split,
    certify: Split,
    how: PolicySearch,
    latency_ms: NDArray[np.float64] | None = None,
) -> NetworkPolicies:
    """Tabulate a checkpoint's network on ``search`` and ``certify``, and search policies on ``search`` alone.

    Args:
        name: Name of the network: its trial, with the seed where there are several.
        checkpoints: Folder with the checkpoints of the network's trial.
        seed: Seed that the network was trained with.
        spec: What all trials have in common, the network among it.
        train: Training split, for the shape of the samples.
        search: Split that policies are chosen on.
        certify: Split that is only tabulated here; no policy is searched on it.
        how: What policies are searched for, and how hard.
        latency_ms: Measured time up to each exit that the tables state, shape (E,); None states none.
    """
    torch.set_num_threads(spec.n_threads)
    model = spec.load_model(checkpoints, train, seed=seed)
    on_search, on_certify = spec.table(model, search, "search"), spec.table(model, certify, "certify")
    if latency_ms is not None:
        on_search, on_certify = with_latency(on_search, latency_ms), with_latency(on_certify, latency_ms)
    tables = answered_tables({"search": on_search, "certify": on_certify}, how, method=how.calibration, seed=how.seed)
    return search_network(name, tables["search"], tables["certify"], how)
