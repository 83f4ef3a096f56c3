"""SweepConfig: everything a sweep file can say, validated."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError
import yaml

from policies.errors import ExitSearchError
from policies.evolve import EvolveSettings
from policies.goal import Goal
from policies.rules import DEFAULT_RULES, get_rule
from search.errors import ConfigError
from search.network_search import PolicySearch
from search.redaction import redact_uri
from spaces import SPACES, Space
from trainables.data import SplitFractions
from trainables.registry import resolve
from trainables.workloads import get_workload


Share = Annotated[float, Field(gt=0, lt=1)]

# Of a training, before any trial is stopped: measured in benchmarks/early_stopping.py.
_GRACE_SHARE = 1 / 8

T = TypeVar("T")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SplitsSection(_Section):
    """How the samples are split; ``seed`` is apart from the training seed."""

    seed: int = 2026
    train: Share = 0.5
    search: Share = 0.2
    certify: Share = 0.15
    test: Share = 0.15

    def fractions(self) -> SplitFractions:
        """The shares alone."""
        return SplitFractions(train=self.train, search=self.search, certify=self.certify, test=self.test)


class TrainingSection(_Section):
    """What every trial trains; exits and width default to the workload's."""

    n_exits: PositiveInt | None = None
    width: PositiveInt | None = None
    epochs: PositiveInt = 30
    batch_size: PositiveInt = 64


class SpaceSection(_Section):
    """Which training parameters are searched: a space, and changes to its bounds, choices and values."""

    name: str = "self-distillation"
    overrides: dict[str, Any] = Field(default_factory=dict)


class SearchSection(_Section):
    """How training parameters are searched; ``startup_trials`` is the population of ``nsga2``."""

    trials: PositiveInt = 20
    sampler: Literal["tpe", "nsga2", "gp", "random"] = "tpe"
    startup_trials: PositiveInt = 8
    scheduler: Literal["none", "asha", "mo-asha"] = "none"
    grace_epochs: PositiveInt | None = None
    reduction: Annotated[int, Field(ge=2)] = 2
    first_trials: list[dict[str, Any]] = Field(default_factory=list)

    def first_rung(self, epochs: int) -> int:
        """The epoch before which no trial is stopped."""
        return self.grace_epochs or max(1, round(epochs * _GRACE_SHARE))


class PolicySection(_Section):
    """How policies are searched on the tables of the best trials."""

    rules: Annotated[list[str], Field(min_length=1)] = Field(default_factory=lambda: list(DEFAULT_RULES))
    objective: Literal["depth", "cost"] = "depth"
    bounds: dict[str, float] = Field(default_factory=dict)
    calibration: Literal["lbfgs", "grid"] = "lbfgs"
    best_trials: PositiveInt = 4
    population: PositiveInt = EvolveSettings.population
    generations: PositiveInt = EvolveSettings.generations
    patience: PositiveInt = EvolveSettings.patience
    front_size: PositiveInt = EvolveSettings.front_size
    max_levels: Annotated[int, Field(ge=2)] = EvolveSettings.max_levels
    max_evaluations: PositiveInt | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    shared_thresholds: bool = False

    def evolve_settings(self) -> EvolveSettings:
        """The numbers that the evolutionary search takes."""
        others = {"rules", "objective", "bounds", "calibration", "best_trials"}
        return EvolveSettings(**self.model_dump(exclude=others))


class ResourcesSection(_Section):
    """What a trial may use, how many faults of machines it survives, and what Ray takes where no cluster is running."""

    cpus_per_trial: Annotated[float, Field(gt=0)] = 1
    gpus_per_trial: Annotated[float, Field(ge=0)] = 0
    concurrent: PositiveInt | None = None
    retries: Annotated[int, Field(ge=0)] = 3
    cpus: PositiveInt | None = None
    object_store_mb: Annotated[int, Field(ge=80)] = 512


class TrackingSection(_Section):
    """Where MLflow keeps the sweep; else ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the working folder."""

    uri: str | None = None
    experiment: Annotated[str, Field(min_length=1)] = "exitsearch"


class SweepConfig(_Section):
    """One sweep. What is None is filled in by :meth:`resolved`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] | None = None
    workload: str = "digits"
    data_dir: Path | None = None
    target: Annotated[float, Field(gt=0, le=1)] = 0.95
    delta: Share = 0.05
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    splits: SplitsSection = SplitsSection()
    training: TrainingSection = TrainingSection()
    space: SpaceSection = SpaceSection()
    search: SearchSection = SearchSection()
    policy: PolicySection = PolicySection()
    resources: ResourcesSection = ResourcesSection()
    tracking: TrackingSection = TrackingSection()
    runs_dir: Path = Path("runs")

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> SweepConfig:
        """Validate what was read from a sweep file, and resolve it.

        Raises:
            ConfigError: With one line for the first thing that is wrong.
        """
        try:
            return cls.model_validate(values).resolved()
        except ValidationError as error:
            raise ConfigError(_explain(error)) from None

    def resolved(self) -> SweepConfig:
        """Fill in what the workload decides, make paths absolute and check names and sections against registries.

        Raises:
            ExitSearchError: If a workload, space, rule or dimension is unknown, or numbers do not fit together.
        """
        workload = _naming("workload", lambda: get_workload(self.workload))
        training = self.training.model_copy(
            update={
                "n_exits": self.training.n_exits or workload.n_exits,
                "width": self.training.width or workload.width,
            }
        )
        config = self.model_copy(
            update={
                "training": training,
                "data_dir": self.data_dir.expanduser().absolute() if self.data_dir else None,
                "runs_dir": self.runs_dir.expanduser().absolute(),
            }
        )
        _naming("policy.rules", lambda: [get_rule(rule) for rule in config.policy.rules])
        _naming("splits", config.splits.fractions)
        _naming("policy", config.policy.evolve_settings)
        _naming("policy", config.goal)
        space = config.build_space()
        _check_first_trials(config.search.first_trials, space)
        rung = config.search.first_rung(training.epochs)
        if config.search.scheduler != "none" and rung > training.epochs:
            raise ConfigError(
                f"search.grace_epochs must not be above training.epochs but they are {rung} and {training.epochs}"
            )
        return config

    @property
    def n_exits(self) -> int:
        """Number of exits of a resolved configuration."""
        if self.training.n_exits is None:
            raise ConfigError("training.n_exits is only known once the configuration is resolved")
        return self.training.n_exits

    @property
    def tracking_uri(self) -> str:
        """Where MLflow keeps a sweep whose folder was made; until then the default is not filled in."""
        if self.tracking.uri is None:
            raise ConfigError("tracking.uri is only known once the sweep has a folder")
        return self.tracking.uri

    @property
    def width(self) -> int:
        """Channels of the first stage of a resolved configuration."""
        if self.training.width is None:
            raise ConfigError("training.width is only known once the configuration is resolved")
        return self.training.width

    def goal(self) -> Goal:
        """What policies are searched for."""
        return Goal(target=self.target, effort=self.policy.objective, bounds=self.policy.bounds)

    def policy_search(self) -> PolicySearch:
        """How policies are searched on the best trials' networks."""
        return PolicySearch(
            goal=self.goal(),
            rules=tuple(self.policy.rules),
            settings=self.policy.evolve_settings(),
            seed=self.seed,
            calibration=self.policy.calibration,
        )

    def build_space(self) -> Space:
        """The search space with its changes.

        Raises:
            ConfigError: If a change names no dimension or does not fit it.
        """
        space_class = _naming("space.name", lambda: resolve("space", self.space.name, SPACES, Space))
        try:
            space: Space = space_class(n_exits=self.n_exits, overrides=self.space.overrides)
        except ValueError as error:
            raise ConfigError(f"space.overrides: {error}") from None
        return space

    def to_yaml(self) -> str:
        """The sweep file that gives exactly this configuration, but for a password in the tracking URI."""
        values = self.model_dump(mode="json")
        if self.tracking.uri is not None:
            values["tracking"]["uri"] = redact_uri(self.tracking.uri)
        return yaml.safe_dump(values, sort_keys=False)


def known_keys() -> list[str]:
    """Every dotted key of a sweep file."""
    keys = []
    for name, field in SweepConfig.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            keys += [f"{name}.{inner}" for inner in section.model_fields]
        else:
            keys.append(name)
    return keys


def unknown_key_message(key: str, value: Any) -> str:
    """One line that names an unknown key, its value and the nearest valid keys."""
    keys = known_keys()
    by_last_part = [name for name in keys if name.rsplit(".", 1)[-1] == key.rsplit(".", 1)[-1]]
    near = list(dict.fromkeys(by_last_part + get_close_matches(key, keys, n=3, cutoff=0.5)))[:3]
    hint = f"nearest valid keys are {', '.join(near)}" if near else f"valid keys are {', '.join(keys)}"
    return f"unknown key {key!r} (value {value!r}); {hint}"


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return unknown_key_message(key, first["input"])
    if first["type"] in {"model_type", "model_attributes_type"}:
        inner = [name for name in known_keys() if name.startswith(f"{key}.")]
        return f"{key} is a section but {first['input']!r} was given; its keys are {', '.join(inner)}"
    if key == "name":
        return (
            f"name must be a plain folder name of letters, digits, '.', '_' and '-' that starts with a letter or digit "
            f"but is {first['input']!r}; it becomes a folder under runs_dir"
        )
    rule = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{key} {rule} but {first['input']!r} was given"


def _naming(key: str, build: Callable[[], T]) -> T:
    """Build something from the value of a key, and name the key where that cannot be."""
    try:
        return build()
    except ExitSearchError as error:
        raise ConfigError(f"{key}: {error}") from None


def _check_first_trials(first_trials: list[dict[str, Any]], space: Space) -> None:
    for number, params in enumerate(first_trials, start=1):
        for key, value in params.items():
            dimension = space.dimensions.get(key)
            problem = f"is no dimension of space {space.name!r}" if dimension is None else dimension.why_not(value)
            if problem:
                raise ConfigError(
                    f"search.first_trials: {key!r} of number {number} {problem}; change it, or leave first trials out "
                    f"with --set search.first_trials=[]"
                )
