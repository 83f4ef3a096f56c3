"""What a policy did on ``certify``: what new data are compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from policies.errors import MonitoringError
from policies.files.atomic import write_text
from policies.monitoring.answers import AnsweredSamples, rounded
from policies.policy import Decision
from policies.tables.classification import ClassificationTable
from policies.tables.units import Units


SCHEMA = 1
LEVELS = np.arange(101) / 100
"""Shares of the confidences that are at most each quantile, shape (101,)."""
_ROUNDING = 1e-9
_Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]


class ReferenceStatistics(BaseModel):
    """What a policy did on the samples that certified it, in a few numbers.

    Where samples share an origin each group counts as one, and a sample as its share of its group: single samples would
    seem surer than they are.

    Attributes:
        version: Version of the JSON form.
        unit: What counts as one: ``sample``, or ``group`` where samples share an origin.
        n_units: Number of samples, or of groups.
        n_samples: Number of samples.
        exit_counts: Units that left at each exit, length E.
        class_counts: Units for which each class was answered, length C.
        confidence_quantiles: 101 quantiles, from the least to the largest, of the largest probability of the
            distribution that was answered with.
        error_rate: Mean over units of the share of wrong answers.
        class_names: Name of each class, where the table states them.
        split_hash: Hash of the ids of the samples: data with the same are no new data.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    unit: Annotated[str, Field(pattern="^(sample|group)$")]
    n_units: Annotated[int, Field(ge=1)]
    n_samples: Annotated[int, Field(ge=1)]
    exit_counts: Annotated[tuple[_Count, ...], Field(min_length=1)]
    class_counts: Annotated[tuple[_Count, ...], Field(min_length=2)]
    confidence_quantiles: Annotated[tuple[_Share, ...], Field(min_length=len(LEVELS), max_length=len(LEVELS))]
    error_rate: _Share
    class_names: tuple[str, ...] | None = None
    split_hash: str | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name in ("exit_counts", "class_counts"):
            if not np.isclose(sum(getattr(self, name)), self.n_units, rtol=1e-6):
                raise ValueError(f"{name} add up to {sum(getattr(self, name)):g}, not to n_units, {self.n_units}")
        if self.n_samples < self.n_units:
            raise ValueError(f"n_samples, {self.n_samples}, is less than n_units, {self.n_units}")
        if (np.diff(self.confidence_quantiles) < 0).any():
            raise ValueError("confidence_quantiles do not ascend")
        if self.class_names is not None and len(self.class_names) != self.n_classes:
            raise ValueError(f"there are {len(self.class_names)} class_names and {self.n_classes} class_counts")
        return self

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.exit_counts)

    @property
    def n_classes(self) -> int:
        """Number of classes, ``C``."""
        return len(self.class_counts)

    @property
    def used_exits(self) -> NDArray[np.int64]:
        """Indices of the exits where somebody left, ascending: those that an exit floor is about."""
        return np.flatnonzero(self.exit_counts)

    @classmethod
    def of(cls, table: ClassificationTable, decision: Decision) -> ReferenceStatistics:
        """The statistics of a policy's decision on the ``certify`` table.

        Raises:
            PolicyError: If the policy answers without probabilities.
        """
        units, samples = Units.of(table), AnsweredSamples.of(table, decision)
        weights = 1 / np.bincount(units.of_sample)[units.of_sample]
        names = table.meta.get("class_names")
        return cls(
            unit="sample" if units.kind == "sample" else "group",
            n_units=units.n,
            n_samples=table.n_samples,
            exit_counts=_counts(samples.exits, weights, table.n_exits),
            class_counts=_counts(samples.predictions, weights, table.n_classes),
            confidence_quantiles=_quantiles(rounded(samples.confidences), weights),
            error_rate=float(np.average(decision.answers != table.labels, weights=weights)),
            class_names=None if names is None else tuple(names),
            split_hash=table.split_hash,
        )

    def class_name(self, label: int) -> str:
        """What a person calls a class."""
        return f"class {label}" if self.class_names is None else repr(self.class_names[label])

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def from_dict(cls, data: Any) -> ReferenceStatistics:
        """Read the JSON form.

        Raises:
            MonitoringError: If it is damaged, or of a newer version.
        """
        version = data.get("schema") if isinstance(data, dict) else None
        if version != SCHEMA:
            raise MonitoringError(
                f"reference statistics must be a JSON object that states schema {SCHEMA} but state "
                f"{str(version)[:60]}; take those that this version has made"
            )
        try:
            # JSON has lists where tuples are meant.
            return cls.model_validate_json(json.dumps(data))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            where = f" at {key!r}" if key else ""
            raise MonitoringError(
                f"reference statistics are damaged{where} ({message}); take them from where they were made"
            ) from None

    def save(self, path: Path) -> None:
        """Write the JSON form, replacing ``path`` in one step."""
        write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> ReferenceStatistics:
        """Read a file of the JSON form.

        Raises:
            MonitoringError: If the file is missing or damaged.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise MonitoringError(f"{path}: there are no such reference statistics") from None
        except (OSError, ValueError, RecursionError) as error:
            raise MonitoringError(f"{path}: not readable reference statistics ({error})") from None
        except MonitoringError as error:
            raise MonitoringError(f"{path}: {error}") from None


def _counts(values: NDArray[np.int64], weights: NDArray[np.float64], n: int) -> tuple[float, ...]:
    return tuple(np.bincount(values, weights=weights, minlength=n).tolist())


def _quantiles(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, ...]:
    """The least value that at least so much of the weight is at most, for each level."""
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    places = np.searchsorted(passed, LEVELS * passed[-1] * (1 - _ROUNDING))
    return tuple(values[order][places].tolist())
