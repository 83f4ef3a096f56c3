"""Exit tables of a sweep's networks after its last trial."""

from __future__ import annotations

from collections.abc import Sequence

from policies.exit_table import ExitTable
from policies.latency import stated_latency
from search.network_search import NetworkPolicies
from search.run_folder import RunFolder
from search.trials import TrialNetwork
from trainables.data import Splits
from trainables.latency import exit_latencies_ms
from trainables.model_file import ModelFacts
from trainables.models import MultiExitModel
from trainables.task import TrialTask


class NetworkTables:
    """The tables that the policy search made, and others when they are asked for; all are kept in the run folder.

    Args:
        folder: Of the sweep.
        task: What its trials trained.
        splits: The data. This is the one place that reads ``test``, and it is asked for that when all has been chosen.
        networks: Those that were trained to their end.
        searched: Those of them whose policies were searched.
    """

    def __init__(
        self,
        folder: RunFolder,
        task: TrialTask,
        splits: Splits,
        networks: Sequence[TrialNetwork],
        searched: Sequence[NetworkPolicies],
    ) -> None:
        self._folder, self._task, self._splits = folder, task, splits
        self._networks = {one.name: one for one in networks}
        self._models: dict[str, MultiExitModel] = {}
        self._tables = {(one.network, "search"): one.search for one in searched}
        self._tables |= {(one.network, "certify"): one.certify for one in searched if one.certify is not None}

    @property
    def baselines(self) -> list[TrialNetwork]:
        """The networks of trials that the sweep file has for comparison."""
        return [one for one in self._networks.values() if one.trial.is_baseline]

    def facts(self, network: str) -> ModelFacts:
        """What a network is built from."""
        return self._task.model_facts(self._splits.train, self._networks[network].trial.params)

    def model(self, network: str) -> MultiExitModel:
        """A network, from its checkpoint.

        Raises:
            CheckpointError: If that is gone or damaged.
        """
        if network not in self._models:
            one = self._networks[network]
            self._models[network] = self._task.load_model(one.trial.checkpoints, self._splits.train, seed=one.seed)
        return self._models[network]

    def table(self, network: str, split: str) -> ExitTable:
        """What a network says on a split.

        Raises:
            CheckpointError: If its checkpoint is gone or damaged.
            ExitTableError: If it gives NaN or infinity.
        """
        if (network, split) not in self._tables:
            model = self.model(network)
            latency = self._latency_ms(network)
            table = self._task.table(model, self._splits[split], split, latency_ms=latency)
            table.save(self._folder.table(network, split))
            self._tables[network, split] = table
        return self._tables[network, split]

    def by_split(self, network: str) -> dict[str, ExitTable]:
        """What a network says where it is compared: on ``search`` and ``test``.

        Raises:
            ExitSearchError: As :meth:`table` does.
        """
        return {split: self.table(network, split) for split in ("search", "test")}

    def _latency_ms(self, network: str) -> list[float]:
        """As one of its tables states it; a network is measured once."""
        for (name, _), table in self._tables.items():
            stated = stated_latency(table) if name == network else None
            if stated is not None:
                return [float(time) for time in stated]
        times = exit_latencies_ms(self.model(network), self._splits.train.inputs.shape[1:])
        return [float(time) for time in times]
