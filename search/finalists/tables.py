"""Exit tables of a sweep's networks after its last trial."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.selection.networks import NetworkPolicies
from policies.tables.classification import ExitTable
from policies.tables.latency import stated_latency, with_latency
from search.run_folder.folder import RunFolder
from search.trials.outcomes import TrialNetwork
from trainables.data import Splits
from trainables.export.model_file import ModelFacts
from trainables.models import MultiExitModel
from trainables.models.latency import exit_latencies_ms
from trainables.trials.spec import TrialSpec


class NetworkTables:
    """The tables of networks when they are asked for, each with measured milliseconds, and kept in the run folder.

    Those that do not state times are timed here, one after the other on the driver's processor, so that times can be
    compared. Times that the sweep file gives are those of all networks.

    Args:
        folder: Of the sweep.
        spec: What its trials trained.
        splits: The data. This is the one place that reads ``test``, and it is asked for that when all has been chosen.
        networks: Those of all trials that ended.
        searched: Those of them whose policies were searched, with tables that need not be made again.
    """

    def __init__(
        self,
        folder: RunFolder,
        spec: TrialSpec,
        splits: Splits,
        networks: Sequence[TrialNetwork],
        searched: Sequence[NetworkPolicies],
    ) -> None:
        self._folder, self._spec, self._splits = folder, spec, splits
        self._networks = {one.name: one for one in networks}
        self._known = {(one.network, "search"): one.search for one in searched}
        self._known |= {(one.network, "certify"): one.certify for one in searched if one.certify is not None}
        self._models: dict[str, MultiExitModel] = {}
        self._latencies: dict[str, NDArray[np.float64]] = {}
        self._tables: dict[tuple[str, str], ExitTable] = {}

    def facts(self, network: str) -> ModelFacts:
        """What a network is built from."""
        return self._spec.model_facts(self._splits.train, self._networks[network].trial.params)

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
            model = self.model(network)
            known = self._known.get(key) or self._spec.table(model, self._splits[split], split)
            self._tables[key] = with_latency(known, self._latency_ms(network, known))
            self._tables[key].save(self._folder.table(network, split))
        return self._tables[key]

    def compared(self, network: str) -> dict[str, ExitTable]:
        """What a network says where it is compared with others: on ``search`` and ``test``.

        Raises:
            ExitSearchError: As :meth:`table` does.
        """
        return {split: self.table(network, split) for split in ("search", "test")}

    def _latency_ms(self, network: str, table: ExitTable) -> NDArray[np.float64]:
        if network not in self._latencies:
            times = stated_latency(table)
            if times is None:
                times = exit_latencies_ms(self.model(network), self._splits.train.inputs.shape[1:])
            self._latencies[network] = times
        return self._latencies[network]
