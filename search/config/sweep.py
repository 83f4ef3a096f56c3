"""SweepConfig: everything a sweep file can say, validated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from policies.baselines import require_baseline
from policies.errors import ExitSearchError
from policies.goals.fields import Delta, Target
from policies.goals.objectives import get_objective
from policies.goals.request import Request
from policies.options import RequestError
from policies.registry import resolve
from policies.rules import require_rule
from policies.selection.policy_search import PolicySearch
from policies.tables.latency import checked_latency
from policies.user_code import name_of, user_code
from search.config.data import DataSection
from search.config.first_trials import FirstTrial
from search.config.policy import PolicySection
from search.config.reading.messages import explain
from search.config.reading.yaml_text import write_yaml
from search.config.resources import ResourcesSection
from search.config.search import SearchSection
from search.config.section import Section, inner_section
from search.config.sections.full_network import FullNetworkSection
from search.config.sections.report import ReportSection
from search.config.sections.space import SpaceSection
from search.config.sections.splits import SplitsSection
from search.config.sections.teacher import TeacherSection
from search.config.tracking import TrackingSection
from search.config.training import TrainingSection
from search.errors import ConfigError
from search.loading import tell_loading
from search.redaction import redact_uri
from spaces import SPACES, Fixed, Space
from trainables.models import is_of_network
from trainables.workloads import get_workload


T = TypeVar("T")
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class SweepConfig(Section):
    """One sweep; what a sweep file leaves out has its default."""

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=100,
        description="Name of the sweep and of its folder; numbered (`digits-1`, `digits-2`, ...) where left out.",
    )
    workload: str = Field(
        default="digits",
        description="What is learned from which data: `digits`, `fashion-mnist`, `cifar10`, `cifar100`, "
        "`darts`, `darts-small`, `image-folder`, `audio-folder`, `voc`, `coco`, `labelled-images`, `labelled-audio`, "
        "`pairs`, `spoken-mixtures`, or your own as `module:attribute`.",
    )
    data_dir: Path | None = Field(default=None, description="Folder with the data, for workloads that need files.")
    target: Target = 0.95
    delta: Delta = 0.05
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of everything but the splits.")
    seeds: list[Seed] = Field(
        default_factory=list,
        description="Seeds, each of which every configuration is trained with once, instead of once with `seed`.",
    )
    data: DataSection = Field(default=DataSection(), description="How samples are read.")
    splits: SplitsSection = Field(
        default=SplitsSection(), description="How samples are split; `auto` proposes it by what is to be certified."
    )
    teachers: list[TeacherSection] = Field(
        default_factory=list, description="Teachers from outside that the networks may learn from."
    )
    full_network: FullNetworkSection = Field(
        default=FullNetworkSection(), description="What is trained before the first trial, and must pass a gate."
    )
    training: TrainingSection = Field(default=TrainingSection(), description="What every trial trains.")
    space: SpaceSection = Field(default=SpaceSection(), description="Which training parameters are searched.")
    search: SearchSection = Field(default=SearchSection(), description="How training parameters are searched.")
    policy: PolicySection = Field(
        default=PolicySection(), description="What is asked beside the target, and how policies are searched."
    )
    report: ReportSection = Field(default=ReportSection(), description="What is measured for the report.")
    resources: ResourcesSection = Field(default=ResourcesSection(), description="What the sweep may use.")
    tracking: TrackingSection = Field(default=TrackingSection(), description="Where MLflow keeps the sweep.")
    runs_dir: Path = Field(default=Path("runs"), description="Folder that the sweep's own folder is made in.")

    @model_validator(mode="before")
    @classmethod
    def _leave_target_to_preset(cls, values: Any) -> Any:
        """A preset says itself what is asked for: the usual target does not come on top of it."""
        policy = values.get("policy") if isinstance(values, Mapping) else None
        is_preset = isinstance(policy, Mapping) and policy.get("preset") is not None
        return {"target": None, **values} if is_preset else values

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> SweepConfig:
        """Validate what was read from a sweep file, and resolve it.

        Raises:
            ConfigError: With one line for the first thing that is wrong.
        """
        try:
            config = cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(explain(error, cls, known_keys())) from None
        if ":" in f"{config.workload} {config.training.network}":
            # A user's own module, which will import them.
            tell_loading("torch")
        return config.resolved()

    def resolved(self) -> SweepConfig:
        """Fill in what the workload decides, make paths absolute and check names and sections against registries.

        Raises:
            ExitSearchError: If a workload, space, rule or dimension is unknown, or numbers do not fit together.
        """
        workload = _naming("workload", lambda: get_workload(self.workload))
        training = _naming("training", lambda: self.training.resolved(workload))
        config = self.model_copy(
            update={
                "training": training,
                "teachers": [teacher.resolved() for teacher in self.teachers],
                "data_dir": self.data_dir.expanduser().absolute() if self.data_dir else None,
                "runs_dir": self.runs_dir.expanduser().absolute(),
            }
        )
        _require_different("teachers", [teacher.name for teacher in config.teachers])
        _require_different("seeds", config.seeds)
        for rule in config.policy.rules:
            _naming("policy.rules", partial(require_rule, rule))
        config = config.model_copy(update={"policy": _naming("policy", lambda: self.policy.resolved(workload.task))})
        for baseline in config.policy.baselines:
            _naming("policy.baselines", partial(require_baseline, baseline))
        _naming("data.audio", config.data.audio.options)
        _naming("splits", config.splits.fractions)
        _check_request(config)
        _require_claim_to_split_by(config)
        space = config.build_space()
        _require_comparable(config, space)
        full_network = config.full_network.resolved(task=workload.task, training=training, dimensions=space.dimensions)
        training.require_weights_to_freeze(is_trained_before=full_network.is_asked)
        _require_different("names of search.first_trials", [one.name for one in config.search.first_trials if one.name])
        first_trials = _first_trials(config.search.first_trials, space)
        config = config.model_copy(
            update={
                "search": config.search.model_copy(update={"first_trials": first_trials}),
                "full_network": full_network,
            }
        )
        if config.teachers and not training.epochs:
            raise ConfigError("teachers are named but training.epochs is 0, so that nothing is taught; leave them out")
        if config.search.control and not training.epochs:
            raise ConfigError(
                "search.control is true but training.epochs is 0, so that no plain network is trained; leave it out"
            )
        if config.search.control and training.cost == "exits":
            raise ConfigError(
                "search.control compares networks by multiply-accumulates but training.cost is 'exits', every exit "
                "alike; leave one of them out"
            )
        rung = config.search.first_rung(training.epochs)
        if config.search.scheduler != "none" and training.epochs and rung > training.epochs:
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
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds that every configuration is trained with."""
        return tuple(self.seeds) or (self.seed,)

    @property
    def teacher_names(self) -> tuple[str, ...]:
        """Names of the teachers from outside, in their order."""
        return tuple(teacher.name for teacher in self.teachers)

    @property
    def tracking_uri(self) -> str:
        """Where MLflow keeps a sweep whose folder was made; until then the default is not filled in."""
        if self.tracking.uri is None:
            raise ConfigError("tracking.uri is only known once the sweep has a folder")
        return self.tracking.uri

    @property
    def request(self) -> Request:
        """What is asked of a policy."""
        return self.policy.request(target=self.target, delta=self.delta)

    def policy_search(self) -> PolicySearch:
        """How policies are searched on the best trials' networks."""
        return self.policy.search(self.request, seed=self.seed)

    def build_space(self) -> Space:
        """The search space with its changes.

        Raises:
            ConfigError: If a change names no dimension or does not fit it, or a user's own space fails.
        """
        space_class = _naming("space.name", lambda: resolve("space", self.space.name, SPACES, Space, as_class=True))
        options = {"n_exits": self.n_exits, "teachers": self.teacher_names}
        with user_code(f"{name_of(space_class)}()", ConfigError):
            # Without changes first: what is then wrong is not theirs.
            space_class(**options)
            try:
                space: Space = space_class(**options, overrides=self.space.overrides)
            except ValueError as error:
                raise ConfigError(f"space.overrides: {error}") from None
        return space

    def sharing_with(self, other: SweepConfig) -> SweepConfig:
        """Another configuration with the shares that were proposed of this one, where its own are yet to be."""
        if not (other.splits.is_open and self.splits.auto):
            return other
        return other.model_copy(update={"splits": other.splits.with_fractions(self.splits.fractions())})

    def to_yaml(self) -> str:
        """The sweep file that gives exactly this configuration, but for a password in the tracking URI."""
        values = self.model_dump(mode="json")
        if self.tracking.uri is not None:
            values["tracking"]["uri"] = redact_uri(self.tracking.uri)
        return write_yaml(values)


def known_keys() -> list[str]:
    """Every dotted key of a sweep file."""
    return _keys_of(SweepConfig)


def _keys_of(section: type[BaseModel]) -> list[str]:
    keys = []
    for name, field in section.model_fields.items():
        inner = inner_section(field)
        if inner is field.annotation and inner is not None:
            keys += [f"{name}.{key}" for key in _keys_of(inner)]
        else:
            keys.append(name)
    return keys


def _naming(key: str, build: Callable[[], T]) -> T:
    """Build something from the value of a key, and name the key where that cannot be."""
    try:
        return build()
    except ExitSearchError as error:
        raise ConfigError(f"{key}: {error}") from None


def _require_different(key: str, values: Sequence[Any]) -> None:
    twice = [value for value in values if list(values).count(value) > 1]
    if twice:
        raise ConfigError(f"{key} must differ from each other but {twice[0]!r} occurs {len(twice)} times")


def _check_request(config: SweepConfig) -> None:
    try:
        times = config.request.latency_ms
    except RequestError as error:
        key = error.key if error.key in SweepConfig.model_fields else f"policy.{error.key}"
        raise ConfigError(f"{key} {error.rule}") from None
    except ExitSearchError as error:
        raise ConfigError(f"policy: {error}") from None
    if times:
        _naming("policy.latency_ms", lambda: checked_latency(times, config.n_exits))


def _require_claim_to_split_by(config: SweepConfig) -> None:
    if config.splits.is_open and config.request.claim is None:
        raise ConfigError(
            f"splits are proposed by what is to be certified but nothing of {config.request} can be; ask for a target "
            f"or a drop that can, or give the shares in place of auto"
        )


def _require_comparable(config: SweepConfig, space: Space) -> None:
    """Refuse to compare networks by what is not the same for all of them."""
    searched = [name for name, one in space.dimensions.items() if is_of_network(name) and not isinstance(one, Fixed)]
    if not searched:
        return
    if not get_objective(config.policy.objective).is_comparable:
        raise ConfigError(
            f"policy.objective {config.policy.objective} is relative to a network's own full cost, so networks must be "
            f"alike, but {searched[0]} is searched; fix it in space.overrides, or take depth or latency"
        )
    if config.policy.latency_ms:
        raise ConfigError(
            f"policy.latency_ms holds the times of one network, but {searched[0]} is searched; fix it in "
            f"space.overrides, or leave the times out, so that each network is timed"
        )


def _first_trials(given: Sequence[FirstTrial], space: Space) -> list[FirstTrial]:
    """The same with every value as its dimension has it: YAML reads 1e-3 as text."""
    taken: list[FirstTrial] = []
    for number, one in enumerate(given, start=1):
        params = {}
        for key, value in one.params.items():
            try:
                if key not in space.dimensions:
                    raise ValueError(f"is no dimension of space {space.name!r}")
                params[key] = space.dimensions[key].taken(value)
            except ValueError as problem:
                raise ConfigError(
                    f"search.first_trials: {key!r} of number {number} {problem}; change it, or leave first trials out "
                    f"with --set search.first_trials=[]"
                ) from None
        taken.append(one.model_copy(update=params))
    return taken
