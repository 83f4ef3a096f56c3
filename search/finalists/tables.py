"""Exit tables of a sweep's networks after its last trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.selection.answered import answered_tables
from policies.selection.networks import NetworkPolicies
from policies.tables.base import ExitTable
from policies.tables.latency import stated_latency, with_latency
from search.inputs import SweepInputs
from search.run_folder.folder import RunFolder
from search.trials.outcomes import TrialNetwork, TrialOutcome, networks_of
from trainables.export.model_file import ModelConfig
from trainables.models import MultiExitModel
from trainables.models.latency import exit_latencies_ms


class NetworkTables:
    """The tables of networks when they are asked for, each with measured milliseconds.

    Those that do not state times are timed here, one after the other on the driver's processor, so that times can be
    compared. Times that the sweep file gives are those of all networks.

    Args:
        inputs: The sweep on its data. This is the one place that reads ``test``, and it is asked for that when all has
            been chosen.
        networks: Networks of all trials that ended.
        searched: Networks whose policies were searched, with tables that need not be made again.
        folder: Folder that each table is written to as well; None keeps them in memory alone.
    """

    def __init__(
        self,
        inputs: SweepInputs,
        networks: Sequence[TrialNetwork],
        searched: Sequence[NetworkPolicies],
        *,
        folder: RunFolder | None = None,
    ) -> None:
        self._spec, self._splits, self._folder = inputs.spec, inputs.splits, folder
        self._how = inputs.config.policy_search()
        self._networks = {one.name: one for one in networks}
        self._known = {(one.network, "search"): one.search for one in searched}
        self._known |= {(one.network, "certify"): one.certify for one in searched if one.certify is not None}
        self._models: dict[str, MultiExitModel] = {}
        self._latencies: dict[str, NDArray[np.float64]] = {}
        self._tables: dict[tuple[str, str], ExitTable] = {}

    def model_config(self, network: str) -> ModelConfig:
        """What a network is built from."""
        return self._spec.model_config(self._splits.train, self._networks[network].trial.params)

    def model(self, network: str) -> MultiExitModel:
        """A network, from its checkpoint.

        Raises:
            CheckpointError: If that is gone or damaged.
        """
        if network not in self._models:
            one = self._networks[network]
            self._models[network] = self._spec.load_model(one.trial.checkpoints, self._splits.train, seed=one.seed)
        return self._models[network]

    def table(self, network: str, split: str) -> ExitTable:
        """What a network says on a split.

        Raises:
            CheckpointError: If its checkpoint is gone or damaged.
            ExitTableError: If it gives NaN or infinity.
        """
        key = network, split
        if key not in self._tables:
            known = self._known.get(key) or self._answered(network, split)
            self._tables[key] = with_latency(known, self._latency_ms(network, known))
            if self._folder is not None:
                self._tables[key].save(self._folder.table(network, split))
        return self._tables[key]

    def compared(self, network: str) -> dict[str, ExitTable]:
        """What a network says where it is compared with others: on ``search`` and ``test``.

        Raises:
            ExitSearchError: As :meth:`table` does.
        """
        return {split: self.table(network, split) for split in ("search", "test")}

    def _answered(self, network: str, split: str) -> ExitTable:
        """A table that is not known yet, answered as the network's ``search`` table is."""
        table = self._spec.table(self.model(network), self._splits[split], split)
        if split == "search":
            return answered_tables({split: table}, self._how, method=self._how.calibration, seed=self._how.seed)[split]
        return table.answered(self.table(network, "search").answering)

    def _latency_ms(self, network: str, table: ExitTable) -> NDArray[np.float64]:
        if network not in self._latencies:
            times = stated_latency(table)
            if times is None:
                times = exit_latencies_ms(self.model(network), self._splits.train.inputs.shape[1:])
            self._latencies[network] = times
        return self._latencies[network]


def tabulate(
    inputs: SweepInputs,
    outcomes: Sequence[TrialOutcome],
    networks: Sequence[NetworkPolicies],
    *,
    folder: RunFolder | None = None,
) -> NetworkTables:
    """The tables of all networks: those of the finalists on ``search`` and ``certify`` now, others when asked for."""
    tables = NetworkTables(inputs, networks_of(outcomes, inputs.spec.seeds), networks, folder=folder)
    for network in networks:
        for split in ("search", "certify"):
            tables.table(network.network, split)
    return tables
