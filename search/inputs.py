"""What a sweep starts from: its configuration, its data, and what both say of the trials and the target."""

from __future__ import annotations

from dataclasses import dataclass

from policies.names import list_some
from policies.selection.search_target import SearchTarget, SplitSize, search_target
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tasks import get_task
from search.config.sweep import SweepConfig
from search.errors import ConfigError
from trainables.data import Split, Splits
from trainables.tasks import get_training_task
from trainables.trials.imported_weights import with_given_weights
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


@dataclass(frozen=True)
class SweepInputs:
    """One sweep on its data: every step of it is given this.

    Attributes:
        config: Resolved; it has a name once the sweep has a folder.
        splits: The four disjoint splits of the data.
        target: What is asked for, with the margin that these splits need and with what certificates claim.
        spec: What all trials have in common.
    """

    config: SweepConfig
    splits: Splits
    target: SearchTarget
    spec: TrialSpec

    @classmethod
    def of(cls, config: SweepConfig, splits: Splits) -> SweepInputs:
        """The sweep of a configuration on data that were read already.

        Raises:
            TrainingError: If the weights that trials start from cannot be read, or do not fit the network.
        """
        target = _target(config, splits)
        return cls(config, splits, target, _spec(config, splits, target))


def load_inputs(config: SweepConfig) -> SweepInputs:
    """Read the workload's data, and everything else that a configuration names but teachers.

    Raises:
        DataError: If files are missing or damaged.
        TrainingError: If the weights that trials start from cannot be read, or do not fit the network.
    """
    return SweepInputs.of(config, load_splits(config))


def load_splits(config: SweepConfig) -> Splits:
    """Read the workload's data and split it.

    Raises:
        DataError: If files are missing or damaged.
    """
    return get_workload(config.workload).load(
        config.data_dir,
        config.splits.fractions(),
        split_seed=config.splits.seed,
        options=config.data.options(),
    )


def _target(config: SweepConfig, splits: Splits) -> SearchTarget:
    """What trials are compared by, policies are searched for and certificates claim."""
    task = get_training_task(get_workload(config.workload).task)
    answering = config.policy.answers.answering(get_task(task.name).pooling)

    def size(split: Split) -> SplitSize:
        return SplitSize.answered(split, task.truth(split, len(splits.class_names)), answering)

    certify, by = size(splits.certify), config.request.by
    if by is not None:
        _require_column(config, splits, by)
        certify = certify.with_subgroups(splits.certify, by, answering)
    return search_target(config.request, search=size(splits.search), certify=certify)


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
