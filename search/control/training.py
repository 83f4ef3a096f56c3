"""Ray tasks after the selection: training the plain networks that the selected policy is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.trial import TrialState
import ray
import torch

from policies.errors import ExitSearchError
from policies.goals.request import Request
from policies.qualities import get_quality
from policies.registry import title_of
from policies.selection.select import Selection
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tasks import get_task
from search.cluster.connection import concurrent_trials
from search.cluster.trial_task import stop_tasks, trial_task
from search.control.candidates import PlainCandidate, plain_candidates, policy_macs
from search.errors import SweepInterruptedError
from search.finalists.tables import NetworkTables
from search.inputs import SweepInputs
from search.messages import OnMessage, silent
from search.run_folder.folder import RunFolder
from search.trials.outcomes import TrialNetwork, TrialOutcome, networks_of
from trainables.data import Split
from trainables.errors import StorageFullError
from trainables.models import is_of_network
from trainables.models.exits.tracing import first_line
from trainables.recipes.hyperparameters import without_early_exits
from trainables.teachers.teacher import TeacherSet
from trainables.training.checkpoints import CheckpointFolder
from trainables.trials.seed_run import OF_SEED
from trainables.trials.spec import TrialSpec
from trainables.trials.trial import Trial


@dataclass(frozen=True)
class PlainTrial:
    """One plain network after its training.

    Attributes:
        candidate: Which network it is.
        spec: What it was trained by: that of the sweep's trials, but for the network and what it is judged by.
        outcome: How its training ended.
    """

    candidate: PlainCandidate
    spec: TrialSpec
    outcome: TrialOutcome


@dataclass(frozen=True)
class ControlTrials:
    """The plain networks that were trained within the cost of the selected policy.

    Attributes:
        budget_macs: The most multiply-accumulates of one sample: the policy's, on average on ``search``.
        trials: One for each exit that allows one, the first exit first.
        qualities: The quality that was asked for on ``search`` of each network of those that were trained to the end,
            by the network's name.
        notes: What could not be done, one line each.
    """

    budget_macs: int
    trials: list[PlainTrial]
    qualities: dict[str, float]
    notes: list[str]

    def best(self, quality: str) -> tuple[PlainTrial, TrialNetwork] | None:
        """The best network on ``search`` and its trial, of equals the first; None where there is none."""
        sign = get_quality(quality).sign
        known = [
            (trial, one)
            for trial in self.trials
            for one in networks_of([trial.outcome], trial.spec.seeds)
            if one.name in self.qualities
        ]
        return max(known, key=lambda pair: sign * self.qualities[pair[1].name], default=None)


def train_control(
    inputs: SweepInputs,
    outcomes: Sequence[TrialOutcome],
    selection: Selection,
    tables: NetworkTables,
    folder: RunFolder,
    *,
    teachers: TeacherSet | None = None,
    on_message: OnMessage = silent,
) -> ControlTrials:
    """Train plain networks that cost no more than the selected policy, with its trial's parameters and as long.

    Of the data only ``train`` and ``search`` are used. What was trained before is not trained again: checkpoints are
    kept under the names of the trial, the exit and the width. A training that fails is a note.

    Args:
        inputs: The sweep on its data.
        outcomes: Trials of the sweep.
        selection: Policy that was chosen.
        tables: Tables of all networks, which the policy's network is taken from.
        folder: Folder of the sweep, where checkpoints go; all nodes must see it.
        teachers: Teachers that the sweep names, or None.
        on_message: Takes a line on each network.

    Raises:
        SweepInterruptedError: If the disk is full.
    """
    network, shape = selection.network.network, inputs.splits.train.inputs.shape[1:]
    chosen = next(one for one in networks_of(outcomes, inputs.spec.seeds) if one.name == network).trial
    budget = policy_macs(selection, tables.model(network), shape, seed=inputs.config.seed)
    candidates = plain_candidates(inputs.spec, chosen.params, shape, budget_macs=budget)
    count = f"{len(candidates.found)} plain network{'s' * (len(candidates.found) != 1)}"
    on_message(f"Training {count} of at most {budget:,} multiply-accumulates, the selected policy's mean")
    planned = [_planned(inputs, one, chosen, folder.checkpoints) for one in candidates.found]
    trials: list[PlainTrial] = []
    qualities: dict[str, float] = {}
    notes = list(candidates.notes)
    for ended in _train_all(inputs, planned, teachers):
        own = _qualities(ended, inputs.target.asked.quality)
        trials.append(ended)
        qualities |= own
        if ended.outcome.failure:
            notes.append(f"{ended.outcome.trial_id} is left out: {ended.outcome.failure}")
        else:
            on_message(f"{ended.outcome.trial_id}: {_told(own, inputs.target.asked.quality)} on search")
    trials.sort(key=lambda trial: trial.candidate.depth)
    return ControlTrials(budget, trials, qualities, notes)


def _planned(inputs: SweepInputs, candidate: PlainCandidate, chosen: TrialOutcome, checkpoints: Path) -> PlainTrial:
    """The trial of a candidate before it is trained."""
    name = f"control-{chosen.trial_id}-exit-{candidate.depth}-width-{candidate.network.width}"
    params = {key: value for key, value in without_early_exits(chosen.params).items() if not is_of_network(key)}
    outcome = TrialOutcome(name, params, {}, checkpoints / name, TrialState.RUNNING)
    asked = inputs.target.asked
    # Its depth is settled: the epoch that is kept is the one of the best quality.
    wanted = Request(quality=asked.quality, objective="depth", budget=1.0, delta=asked.delta)
    # Times that a sweep file gives are those of the network with all of its exits.
    metadata = {key: value for key, value in inputs.spec.metadata.items() if key != LATENCY_KEY}
    spec = replace(
        inputs.spec,
        network=candidate.network,
        # All of it is trained: what is frozen for exits would leave nothing of a network of one exit.
        recipe=replace(inputs.spec.recipe, frozen="nothing"),
        search_target=wanted,
        rules=(get_task(inputs.spec.task.name).baseline_rule,),
        metadata=metadata,
    )
    return PlainTrial(candidate, spec, outcome)


def _train_all(inputs: SweepInputs, planned: Sequence[PlainTrial], teachers: TeacherSet | None) -> Iterator[PlainTrial]:
    """Train as many at once as trials of the sweep, and give each when it has ended."""
    resources = inputs.config.resources
    remote = trial_task(_train, resources)
    shared = [ray.put(one) for one in (inputs.splits.train, inputs.splits.search, teachers)]
    waiting, running = list(planned), dict[Any, PlainTrial]()
    at_once = concurrent_trials(resources)
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                one = waiting.pop(0)
                running[remote.remote(one.spec, one.outcome.params, one.outcome.checkpoints, *shared)] = one
            (done,), _ = ray.wait(list(running))
            yield _ended(running.pop(done), done, inputs.config.name or "")
    finally:
        stop_tasks(list(running))


def _ended(trial: PlainTrial, answer: Any, sweep: str) -> PlainTrial:
    """A trial with what came of it; a worker that was lost too often is its failure too."""
    report: dict[str, Any] = {}
    try:
        report = ray.get(answer)
        failure = str(report["failure"])
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, StorageFullError):
            raise SweepInterruptedError.unwritable("after its last trial", str(error.cause), sweep) from None
        failure = first_line(error.cause)
    except (ray.exceptions.RayError, ExitSearchError) as error:
        failure = first_line(error)
    state = TrialState.FAIL if failure else TrialState.COMPLETE
    return replace(trial, outcome=replace(trial.outcome, metrics=report, state=state, failure=failure))


def _train(
    spec: TrialSpec,
    params: dict[str, Any],
    folder: Path,
    train: Split,
    search: Split,
    teachers: TeacherSet | None,
) -> dict[str, Any]:
    """Train a plain network to its end, from its newest checkpoint where there is one, and return its last report."""
    torch.set_num_threads(spec.n_threads)
    asked = teachers.build() if teachers is not None else None
    trial = Trial(spec, params, train, search, folder=CheckpointFolder(folder), teachers=asked)
    while True:
        report = trial.step()
        if report["done"]:
            return report


def _qualities(trial: PlainTrial, quality: str) -> dict[str, float]:
    """The quality on ``search`` of each network of a trial, by the network's name; none where it failed."""
    if trial.outcome.failure:
        return {}
    seeds, report = trial.spec.seeds, trial.outcome.metrics
    keys = {seed: quality if len(seeds) == 1 else f"{quality}{OF_SEED}{seed}" for seed in seeds}
    return {one.name: float(report[keys[one.seed]]) for one in networks_of([trial.outcome], seeds)}


def _told(qualities: dict[str, float], quality: str) -> str:
    return f"{title_of(quality)} {', '.join(f'{value:.4f}' for value in qualities.values())}"
