"""Learning curves of real sweeps, recorded by ``record_curves.py``, for ``early_stopping.py``.

``curves/sweeps.csv`` has a line per sweep and ``curves/<name>.csv`` one per report: five decimals, ``seconds`` measured
on two busy cores with two trials at a time. Every trial was trained to its end, but for one whose training diverged: it
ends with a report that is not a number. Made by ``exitsearch run PRESET --set search.scheduler=none`` with the sampler,
the target and, by the number in its name, the seed; from 5 on, each of the digits has its own seed of the splits.
``wide`` has learning rates so high that some trials fail, ``fashion`` trains on a tenth of the data.

How ``mo-asha`` compares trials, and one in two going on, was chosen on the sweeps up to the number 7. The first rung at
an eighth of the training, instead of two epochs, did best on these too, but was only settled when it lifted
``digits-tpe-9`` from 94 % to 95 %. ``digits-hard-11`` was recorded after everything was.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

import pandas as pd


DEFAULT_FOLDER = Path(__file__).parent / "curves"
INDEX = "sweeps.csv"


@dataclass(frozen=True)
class Curve:
    """All reports of one trial, first to last.

    Attributes:
        trial_id: Name by the order of starting.
        reports: Figures and ``epoch`` of each report.
        seconds: Wall time of each epoch.
    """

    trial_id: str
    reports: tuple[dict[str, float], ...]
    seconds: tuple[float, ...]

    @property
    def has_failed(self) -> bool:
        """Whether the last report is not a number."""
        return not math.isfinite(self.reports[-1]["accuracy"])


@dataclass(frozen=True)
class RecordedSweep:
    """A sweep in which no trial was stopped.

    Attributes:
        name: Of the file.
        workload: What was trained.
        sampler: Who suggested the parameters.
        target: Accuracy that was asked for.
        aim: Accuracy that the trials looked for: the target and the margin that a certificate needs; rounded down, so
            that rounded figures meet it where the exact ones do.
        epochs: Of a full training.
        curves: The trials in the order of their start.
    """

    name: str
    workload: str
    sampler: str
    target: float
    aim: float
    epochs: int
    curves: tuple[Curve, ...]

    @property
    def n_exits(self) -> int:
        """Exits of the networks."""
        return sum(name.startswith("accuracy_exit_") for name in self.curves[0].reports[0])

    @property
    def total_epochs(self) -> int:
        """Epochs of the whole sweep."""
        return sum(len(curve.reports) for curve in self.curves)


def read_sweeps(folder: Path = DEFAULT_FOLDER) -> list[RecordedSweep]:
    """All recorded sweeps of a folder."""
    return [
        RecordedSweep(
            name=row.name,
            workload=row.workload,
            sampler=row.sampler,
            target=row.target,
            aim=row.aim,
            epochs=row.epochs,
            curves=_curves(pd.read_csv(folder / f"{row.name}.csv")),
        )
        for row in pd.read_csv(folder / INDEX).itertuples(index=False)
    ]


def _curves(frame: pd.DataFrame) -> tuple[Curve, ...]:
    return tuple(
        Curve(
            trial_id=f"trial-{trial:04d}",
            reports=tuple(own.drop(columns=["trial", "seconds"]).to_dict("records")),
            seconds=tuple(own["seconds"]),
        )
        for trial, own in frame.groupby("trial")
    )
