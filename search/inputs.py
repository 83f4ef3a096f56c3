"""What a sweep starts from: its configuration, its data, and what both say of the trials and the target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import warnings

from policies.names import list_some
from policies.selection.search_target import SearchTarget, search_target
from policies.selection.split_size import SplitSize
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tasks import get_task
from search.config.sweep import SweepConfig
from search.errors import ConfigError
from search.sharing.proposal import ProposedSplits, proposed_splits
from search.sharing.units import SplitUnits
from trainables.data import Splits
from trainables.tasks import get_training_task
from trainables.trials.imported_weights import with_given_weights
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


@dataclass(frozen=True)
class SweepInputs:
    """One sweep on its data: every step of it is given this.

    Attributes:
        config: Resolved; it has a name once the sweep has a folder, and shares of its splits.
        splits: The four disjoint splits of the data.
        target: What is asked for, with the margin that these splits need and with what certificates claim.
        spec: What all trials have in common.
        sharing: Which shares were proposed of which; None where they were given.
    """

    config: SweepConfig
    splits: Splits
    target: SearchTarget
    spec: TrialSpec
    sharing: ProposedSplits | None = None

    @classmethod
    def of(cls, config: SweepConfig, splits: Splits) -> SweepInputs:
        """The sweep of a configuration on data that were read already.

        Raises:
            TrainingError: If the weights that trials start from cannot be read, or do not fit the network.
        """
        target = _target(config, splits)
        sharing = _proposal(config, splits) if config.splits.auto else None
        return cls(config, splits, target, _spec(config, splits, target), sharing)


def load_inputs(config: SweepConfig) -> SweepInputs:
    """Read the workload's data, and everything else that a configuration names but teachers.

    Shares of splits that are yet to be proposed are in the configuration of what is returned.

    Raises:
        DataError: If files are missing or damaged.
        TrainingError: If the weights that trials start from cannot be read, or do not fit the network.
    """
    return SweepInputs.of(*_read(config))


def load_splits(config: SweepConfig) -> Splits:
    """Read the workload's data and split it, by shares that are proposed where none are given.

    Raises:
        DataError: If files are missing or damaged.
    """
    return _read(config)[1]


def _read(config: SweepConfig) -> tuple[SweepConfig, Splits]:
    """The data, and the configuration with the shares by which they are split."""
    workload, seed = get_workload(config.workload), config.splits.seed
    samples = workload.samples(config.data_dir, config.data.options())
    if not config.splits.is_open:
        return config, workload.split(samples, config.splits.fractions(), split_seed=seed)
    with warnings.catch_warnings():
        # They are about splits that nobody will see.
        warnings.simplefilter("ignore")
        usual = workload.split(samples, config.splits.fractions(), split_seed=seed)
    fractions = _proposal(config, usual).fractions
    shared = config.model_copy(update={"splits": config.splits.with_fractions(fractions)})
    return shared, workload.split(samples, fractions, split_seed=seed)


def _proposal(config: SweepConfig, splits: Splits) -> ProposedSplits:
    """The shares that suit what is claimed, however the data are shared out now."""
    asked = config.request
    if asked.claim is None:
        raise ConfigError("splits are proposed by what is to be certified but nothing is; give the shares")
    task = get_training_task(get_workload(config.workload).task)
    units = SplitUnits.of(splits, task, _sizes(config, splits)("certify"))
    return proposed_splits(units, asked.claim, delta=asked.delta, power=asked.power)


def _sizes(config: SweepConfig, splits: Splits) -> Callable[[str], SplitSize]:
    """From the name of a split to its size, in what is judged; of ``search`` and ``certify`` with their subgroups."""
    task = get_training_task(get_workload(config.workload).task)
    answering, by = config.policy.answers.answering(get_task(task.name).pooling), config.request.by
    if by is not None:
        _require_column(config, splits, by)

    def size(name: str) -> SplitSize:
        own = SplitSize.answered(splits[name], task.truth(splits[name], len(splits.class_names)), answering)
        if by is None or name not in ("search", "certify"):
            return own
        return own.with_subgroups(splits[name], by, answering, is_claimed=name == "certify")

    return size


def _target(config: SweepConfig, splits: Splits) -> SearchTarget:
    """What trials are compared by, policies are searched for and certificates claim."""
    size = _sizes(config, splits)
    return search_target(config.request, search=size("search"), certify=size("certify"))


def _require_column(config: SweepConfig, splits: Splits, by: str) -> None:
    known = sorted(splits.certify.columns)
    if by not in known:
        there = f"only {list_some(known)}" if known else "none"
        raise ConfigError(
            f"policy.by must name a column of the data but workload {config.workload!r} has no {by!r}, and of columns "
            f"there is {there}; leave policy.by out, or give the data that column"
        )


def _spec(config: SweepConfig, splits: Splits, target: SearchTarget) -> TrialSpec:
    times = config.policy.latency_ms
    spec = TrialSpec(
        workload=config.workload,
        class_names=splits.class_names,
        network=config.training.network_spec(),
        recipe=config.training.recipe(view_seed=config.splits.seed),
        search_target=target.tightened,
        rules=tuple(config.policy.rules),
        answers=config.policy.answers,
        seeds=config.all_seeds,
        n_threads=max(int(config.resources.cpus_per_trial), 1),
        use_gpu=config.resources.gpus_per_trial > 0,
        teachers=config.teacher_names,
        augmentation=config.training.augmentation(get_workload(config.workload)),
        metadata={**splits.metadata, **({LATENCY_KEY: list(times)} if times else {})},
    )
    weights = config.training.weights
    return spec if weights is None else with_given_weights(spec, weights, splits.train)
