"""Options of the commands that read a sweep file, and the sweep of a command that searches nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search.cli.options.fields import field_option
from search.config.files import load_sweep
from search.config.sweep import SweepConfig
from search.config.tracking import TrackingSection
from search.errors import ConfigError


LOADING = "Loading libraries and reading data ..."
"""What is told before a command reads the data of a sweep."""

DataSweep = Annotated[
    str, typer.Argument(metavar="SWEEP.yaml | PRESET", help="Whose data, splits and augmentation count.")
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change any key of the sweep file, such as training.epochs=10."),
]
DataDir = Annotated[Path | None, field_option(SweepConfig, "data_dir")]
Address = Annotated[
    str | None,
    typer.Option(help="A running Ray cluster, or 'local'. Where left out: a running one if there is one."),
]
TrackingUri = Annotated[str | None, field_option(TrackingSection, "uri")]

# What a sweep would try first and whom it would ask need not fit the network of a teacher.
_NOT_SEARCHED = (
    *("search.first_trials=[]", "teachers=[]", "space.name=self-distillation", "space.overrides={}"),
    "training.weights=null",
)
_SEARCH_SECTIONS = frozenset({"search", "teachers", "space"})


def load_unsearched(sweep: str, assignments: list[str] | None, data_dir: Path | None) -> SweepConfig:
    """A sweep whose data and training count, but not what it searches.

    Raises:
        ConfigError: If there is no such sweep, a key or a value is wrong, or what does not count was set.
    """
    changes = [*_that_count(assignments or []), *_NOT_SEARCHED]
    return load_sweep(sweep, changes, data_dir=str(data_dir) if data_dir else None)


def _that_count(assignments: list[str]) -> list[str]:
    """What was set, without anything that these commands set themselves."""
    for text in assignments:
        key = text.partition("=")[0].strip()
        if key == "training.weights":
            raise ConfigError(f"--set {key} is about the networks of a sweep; a teacher's own are given as --weights")
        if key.partition(".")[0] in _SEARCH_SECTIONS:
            raise ConfigError(f"--set {key} is about a search, and a teacher is not searched; leave it out")
    return assignments
