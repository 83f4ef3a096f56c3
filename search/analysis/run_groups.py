"""Groups of runs, and the figures of each: sweeps by their selected policies, or one configuration by its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from pathlib import Path

from policies.names import clean_name, list_some
from search.errors import StatisticsError
from search.loading import tell_loading
from search.run_folder.folder import RunFolder
from search.run_folder.summary import Summary


_NOT_FIGURES = ["trial_id", "label", "seed"]


class MissingFigureError(StatisticsError):
    """A run does not have the figure that is compared."""


@dataclass(frozen=True)
class RunGroup:
    """Runs that differ by chance only.

    Attributes:
        name: Name of the group as it was typed.
        split: Name of the split that the figures are of.
        runs: The figures of each run by its name.
    """

    name: str
    split: str
    runs: Mapping[str, Mapping[str, float]]

    @property
    def folders(self) -> list[Path]:
        """The folders of the runs; of the seeds of a trial that of their sweep."""
        folder, _, trial = self.name.partition(":")
        return [Path(folder)] if trial else [Path(run) for run in self.runs]

    @property
    def figures(self) -> list[str]:
        """Names of the figures that all runs have."""
        first, *others = self.runs.values()
        return [name for name in first if all(name in other for other in others)]

    def values(self, figure: str) -> list[float]:
        """One figure of each run.

        Raises:
            MissingFigureError: If a run does not have it.
        """
        for run, figures in self.runs.items():
            if figure not in figures:
                raise MissingFigureError(f"{run} has no figure {figure!r}; it has {list_some(figures)}")
        return [figures[figure] for figures in self.runs.values()]


def read_group(text: str, *, split: str) -> RunGroup:
    """Read a group of runs.

    Args:
        text: ``RUN[,RUN...]``, where a run is a sweep's folder or a pattern of such folders; or ``FOLDER:TRIAL``, which
            stands for a trial's seeds: the trial is named as in ``seeds.csv``, by its id or its label.
        split: Split whose figures of selected policies are read: search, certify or test. Those of seeds are on search.

    Raises:
        StatisticsError: If there is no such run.
    """
    folder, _, trial = text.partition(":")
    if trial:
        return RunGroup(text, "search", _seeds_of(Path(folder), trial.strip()))
    runs: dict[str, Mapping[str, float]] = {}
    for one in text.split(","):
        runs |= _runs_of(Path(one.strip()), split)
    return RunGroup(text, split, runs)


def _runs_of(pattern: Path, split: str) -> dict[str, Mapping[str, float]]:
    found = sorted(pattern.parent.glob(pattern.name)) if pattern.name else [pattern]
    if not found:
        raise StatisticsError(f"there is no run {str(pattern)!r}; name folders of sweeps, such as runs/digits-1")
    return {str(path): _selected(path, split) for path in found}


def _selected(folder: Path, split: str) -> dict[str, float]:
    try:
        figures = Summary.load(RunFolder(folder).summary_file).selected.by_split[split]
    except (OSError, ValueError, KeyError):
        raise StatisticsError(
            f"{folder}: a run needs summary.json with figures on {split} but has none; let the sweep finish, or name "
            f"another --split"
        ) from None
    return {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}


def _seeds_of(folder: Path, trial: str) -> dict[str, Mapping[str, float]]:
    tell_loading("pandas")
    # Here, since the import takes seconds and only tables of seeds need it.
    import pandas as pd

    path = RunFolder(folder).seeds_csv
    try:
        table = pd.read_csv(path, dtype={"trial_id": str, "label": str}, keep_default_na=False, na_values=[""])
        # A spreadsheet may have been there, and the name is typed.
        table[["trial_id", "label"]] = table[["trial_id", "label"]].fillna("").map(clean_name)
        own = table[(table["trial_id"] == clean_name(trial)) | (table["label"] == clean_name(trial))]
        numbers = own.drop(columns=_NOT_FIGURES).astype(float)
    except FileNotFoundError:
        raise StatisticsError(
            f"{folder} has no {path.name}, which a finished sweep with several seeds has; set seeds in the sweep file, "
            f"or let it finish"
        ) from None
    except (OSError, ValueError, KeyError):
        raise StatisticsError(f"{path}: damaged; continue the sweep with --resume to write it again") from None
    if own.empty:
        known = list_some(table["trial_id"].unique())
        raise StatisticsError(f"{folder} has no fully trained trial {trial!r}; there are {known}")
    return {
        f"{folder}:{trial} with seed {seed}": {name: value for name, value in row.items() if not math.isnan(value)}
        for seed, row in zip(own["seed"], numbers.to_dict("records"), strict=True)
    }
