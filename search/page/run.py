"""What a finished search left in its folder, as the page's sections read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import json
from pathlib import Path
from typing import Any
import warnings

from policies.goals.front import Front, FrontPoint
from policies.goals.objectives import get_objective
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tasks import load_table
from search.reporting.front_files import read_front
from search.reporting.selected_point import with_selected
from search.run_folder.finished import read_summary
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Event, read_events
from search.run_folder.summary import Summary


@dataclass(frozen=True)
class FinishedRun:
    """A finished sweep or policy search, read from its folder as it is needed.

    Attributes:
        folder: Its files.
        summary: What it found.
    """

    folder: RunFolder
    summary: Summary

    @classmethod
    def read(cls, path: Path) -> FinishedRun:
        """Open a folder.

        Raises:
            RunFolderError: If it is not that of a finished search.
        """
        return cls(RunFolder(path), read_summary(path))

    @property
    def is_sweep(self) -> bool:
        """Whether it trained networks, so that there are trials."""
        return self.folder.sweep_file.exists()

    @cached_property
    def front(self) -> Front:
        """The merged front, least objective first."""
        return read_front(self.folder)

    @cached_property
    def points(self) -> tuple[FrontPoint, ...]:
        """The policies of the front, and behind them the selected one if it is not there, was kept, and has a place."""
        is_there, summary = any(point.selected for point in self.front), self.summary
        axes = {get_objective(summary.objective).column, summary.quality}
        if is_there or not self.folder.policy_file.is_file() or not axes <= summary.selected.by_split["search"].keys():
            return self.front.points
        return with_selected(self.front.points, self.summary, self.policy)

    @cached_property
    def policy(self) -> Policy:
        """The selected policy."""
        return Policy.load(self.folder.policy_file)

    @cached_property
    def events(self) -> list[Event]:
        """The journal; empty of a policy search."""
        return read_events(self.folder.journal_file) if self.folder.journal_file.exists() else []

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Packages, seeds and digests of splits; empty of a policy search."""
        file = self.folder.environment_file
        return dict(json.loads(file.read_text())) if file.exists() else {}

    @property
    def seed(self) -> int:
        """Seed of the search, which the folds of rules that learn depend on; 0 where the folder does not tell it."""
        how = self.summary.table_search
        return int(self.environment.get("seeds", {}).get("sweep", 0)) if how is None else how.seed

    def table(self, network: str, split: str) -> ExitTable | None:
        """What a network said on a split; None where that was not kept, or has gone since.

        Args:
            network: Name of the network, as the front has it; ignored by a policy search, which has one.
            split: Name of the split.
        """
        place = self.folder.table(network, split) if self.is_sweep else Path(self.summary.tables.get(split, ""))
        key = str(place)
        if key not in self._tables:
            # What is doubtful in a table was told when it was searched.
            with warnings.catch_warnings(action="ignore"):
                self._tables[key] = load_table(place) if place.is_file() else None
        return self._tables[key]

    @cached_property
    def _tables(self) -> dict[str, ExitTable | None]:
        return {}
