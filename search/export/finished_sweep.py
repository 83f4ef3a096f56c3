"""What a finished sweep left in its folder that a bundle is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tasks import load_table
from search.config.sweep import SweepConfig
from search.errors import RunFolderError
from search.inputs import load_splits
from search.run_folder.finished import require_finished_sweep
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from trainables.data import Splits
from trainables.data.readers import InputReader
from trainables.errors import DataError
from trainables.export.bundle.writing import StoredNetwork
from trainables.export.model_file import load_model
from trainables.workloads import get_workload


@dataclass(frozen=True)
class FinishedSweep:
    """A sweep that ended with a selected policy.

    Attributes:
        folder: Folder of the sweep.
        config: Configuration that the sweep was run with.
        summary: What the sweep found.
        policy: Policy that was selected.
        certificate: Its certificate, as JSON; None where nothing was claimed.
    """

    folder: RunFolder
    config: SweepConfig
    summary: Summary
    policy: Policy
    certificate: Mapping[str, Any] | None

    @classmethod
    def load(cls, run: Path) -> FinishedSweep:
        """Read a sweep's folder; its network is read by :meth:`network`.

        Raises:
            RunFolderError: If the folder is not that of a finished sweep.
            PolicyError: If the policy file is damaged.
        """
        folder = require_finished_sweep(run)
        try:
            summary = Summary.load(folder.summary_file)
            certificate = read_certificate(folder)
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{run}: its files are damaged ({error}); run the sweep again") from None
        return cls(folder, folder.read_config(), summary, Policy.load(folder.policy_file), certificate)

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.config.name or self.folder.name

    def network(self) -> StoredNetwork:
        """The selected network.

        Raises:
            ModelFileError: If its file is missing or damaged.
        """
        model, config = load_model(self.folder.model_file)
        return StoredNetwork(model=model, config=config)

    def table(self, split: str) -> ExitTable:
        """What the selected network said on a split.

        Raises:
            ExitTableError: If its table is missing or damaged.
        """
        return load_table(self.folder.table(self.summary.selected.network, split))

    def splits(self, data_dir: Path | None = None) -> Splits:
        """The sweep's data again, split as they were.

        Args:
            data_dir: Where they are now, if elsewhere than the sweep read them.

        Raises:
            DataError: If they are not there any more, or are not those of the sweep.
        """
        config = self.config if data_dir is None else self.config.model_copy(update={"data_dir": data_dir})
        try:
            splits = load_splits(config)
        except DataError as error:
            raise DataError(f"{error}; --data-dir says where the sweep's data are now") from None
        self._require_same_data(splits)
        return splits

    def reader(self, splits: Splits) -> InputReader:
        """How a new file becomes an input of the network."""
        source = get_workload(self.config.workload).source
        return source.reader(splits.search.inputs.shape[1:], self.config.data.options())

    def environment(self) -> dict[str, Any]:
        """What ``environment.json`` states; empty where it is gone."""
        return self.folder.read_environment()

    def _require_same_data(self, splits: Splits) -> None:
        stated = self.environment().get("data_hashes")
        found = splits.data_hashes
        if isinstance(stated, dict) and any(stated.get(name, own) != own for name, own in found.items()):
            raise DataError(
                f"{self.folder.path}: the data must be those that the sweep read but differ from them; name the right "
                f"ones with --data-dir"
            )


def read_certificate(files: ResultFiles) -> Mapping[str, Any] | None:
    """The certificate of a search, as JSON; None where nothing was claimed.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no JSON object.
    """
    if not files.certificate_file.is_file():
        return None
    found = json.loads(files.certificate_file.read_text())
    if not isinstance(found, dict):
        raise ValueError(f"{files.certificate_file.name} must be a JSON object but is a {type(found).__name__}")
    return found
