"""The plain network beside the selected policy: figures, certificate and verdict. This reads ``test``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
import warnings

from policies.baselines.full_network import full_network
from policies.calibration.temperature import CalibrationWarning
from policies.certificates.certificate import Certificate
from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.goals.figures import asked_figures
from policies.goals.goal import Goal
from policies.metrics.paired import compare_paired
from policies.policy import Decision, Policy
from policies.qualities import get_quality
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from policies.tables.origin import Origin
from policies.tasks import get_task
from search.control.training import ControlTrials, PlainTrial
from search.control.verdict import Spent, better_of, times, verdict
from search.finalists.tables import NetworkTables
from search.inputs import SweepInputs
from search.reporting.policy_summary import decisions_on
from search.run_folder.answers import PolicyAnswers, answers_of
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SPLITS, CertificateSummary, ControlSummary, ControlTrial
from search.trials.outcomes import TrialNetwork, networks_of
from trainables.export.model_file import ModelConfig
from trainables.models import MultiExitModel, cumulative_macs
from trainables.models.exits.tracing import first_line


STATIC_CONTROL = "static_control"
_COSTS = ("mean_cost", "median_cost", "p90_cost", "worst_cost")
# What is said of a network with several exits, and would be said of this one without meaning anything.
_OF_SEVERAL_EXITS = (
    *("mean_depth", "median_depth", "p90_depth", "worst_depth", "exit_mix"),
    *("flip_rate", "exit_consistency", "premature_exits", "rescues"),
)


@dataclass(frozen=True)
class ControlReport:
    """What came of the plain networks.

    Attributes:
        notes: What could not be done, one line each.
        summary: The best of them beside the policy; None where there is none.
        answered: What it answered on every split, as ``static_control``.
        model: The network itself, on the CPU; None where there is none.
        model_config: What it is built from; None where there is none.
    """

    notes: list[str]
    summary: ControlSummary | None = None
    answered: list[PolicyAnswers[Any]] = field(default_factory=list)
    model: MultiExitModel | None = None
    model_config: ModelConfig | None = None

    @property
    def told(self) -> dict[str, Any]:
        """The fields of a :class:`~search.run_folder.summary.Summary` that tell of it."""
        return {"control": self.summary, "control_notes": self.notes}


def report_control(
    inputs: SweepInputs,
    selection: Selection,
    own: Mapping[str, ExitTable],
    control: ControlTrials,
    *,
    full_macs: int,
    folder: RunFolder | None = None,
) -> ControlReport:
    """Compare the best plain network on ``search`` with the selected policy.

    Of the plain networks this one alone is tabulated on ``certify`` and ``test``. On ``certify`` the same is claimed
    of it as of the policy, in one further test at the same level: each of the two statements is wrong with probability
    ``delta`` at most, not both together.

    Args:
        inputs: The sweep on its data.
        selection: Policy that was chosen.
        own: Tables of the policy's network by split, ``search``, ``certify`` and ``test``.
        control: The plain networks that were trained.
        full_macs: Multiply-accumulates of the policy's full network, for one sample.
        folder: Folder that tables are written to as well; None keeps them in memory alone.
    """
    best = control.best(inputs.target.asked.quality)
    if best is None:
        return ControlReport(control.notes)
    try:
        return _reported(inputs, selection, own, control, best, full_macs=full_macs, folder=folder)
    # Whatever it is, such as a GPU without memory, it costs the control and not what the sweep has found.
    except Exception as error:
        return ControlReport([*control.notes, f"{best[1].name} is left out: {first_line(error)}"])


def _reported(
    inputs: SweepInputs,
    selection: Selection,
    own: Mapping[str, ExitTable],
    control: ControlTrials,
    best: tuple[PlainTrial, TrialNetwork],
    *,
    full_macs: int,
    folder: RunFolder | None,
) -> ControlReport:
    trial, network = best
    made = NetworkTables(replace(inputs, spec=trial.spec), [network], [], folder=folder)
    tables = {split: made.table(network.name, split) for split in SPLITS}
    model = made.model(network.name)
    policy = _never_early(tables["search"], inputs)
    decisions = {split: policy.decide(table) for split, table in tables.items()}
    macs = int(cumulative_macs(model, inputs.splits.train.inputs.shape[1:])[-1])
    figures: dict[str, Any] = {
        split: _figures(inputs, table, decisions[split], relative_cost=macs / full_macs)
        for split, table in tables.items()
    }
    certificate = _certificate(policy, tables["certify"], inputs)
    told = ControlSummary(
        network=network.name,
        family=trial.spec.network.family or inputs.config.workload,
        width=trial.spec.network.width,
        exit=trial.candidate.depth,
        seed=network.seed,
        macs=macs,
        budget_macs=control.budget_macs,
        relative_cost=macs / full_macs,
        parameters=sum(weight.numel() for weight in model.parameters()),
        temperature=policy.temperatures[0],
        certified=certificate is not None and certificate.certified,
        certificate=None if certificate is None else CertificateSummary.of(certificate),
        **_compared(inputs, selection, own["test"], decisions["test"], figures["test"], certificate),
        trials=[_told(one, control, inputs.target.asked.quality) for one in control.trials],
        **figures,
    )
    answered = answers_of(STATIC_CONTROL, tables, decisions)
    return ControlReport(control.notes, told, answered, model, made.model_config(network.name))


def _never_early(search: ExitTable, inputs: SweepInputs) -> Policy:
    """The policy of a network with one exit, which has nothing to decide."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        temperatures = get_task(search.task).fit_temperatures(search, inputs.config.policy.calibration)
    return replace(full_network(search, temperatures), origin=Origin.of(search))


def _figures(inputs: SweepInputs, table: ExitTable, decision: Decision, *, relative_cost: float) -> dict[str, Any]:
    """Figures that a network with one exit has, with its cost on the scale of the policy's network."""
    asked = inputs.target.asked
    figures = {
        **asked_figures(Goal(target=0.0, quality=asked.quality, bounds=asked.bounds), table, decision),
        **get_task(table.task).policy_figures(table, decision),
    }
    figures |= {name: relative_cost for name in _COSTS if name in figures}
    # Times that are given are of another machine than the one that would be measured here.
    unknown = ("mean_latency_ms",) if inputs.config.policy.latency_ms else ()
    return {name: value for name, value in figures.items() if name not in (*_OF_SEVERAL_EXITS, *unknown)}


def _certificate(policy: Policy, certify: ExitTable, inputs: SweepInputs) -> Certificate | None:
    """Of what was claimed, what does not compare with a full network: this one has none beside itself."""
    claim = inputs.target.claim
    if claim is None or claim.target is None:
        return None
    own = Claim(target=claim.target, class_floor=claim.class_floor, quality=claim.quality, bounds=claim.bounds)
    return certify_policy(policy, certify, own, delta=inputs.target.asked.delta)


def _compared(
    inputs: SweepInputs,
    selection: Selection,
    test: ExitTable,
    plain: Decision,
    figures: Mapping[str, Any],
    certificate: Certificate | None,
) -> dict[str, Any]:
    """Who is better on ``test``, by how little chance, and in words."""
    config = inputs.config
    decision = decisions_on(selection.policy, {"test": test}, seed=config.seed)["test"]
    compared = compare_paired(inputs.target.asked.quality, test, decision, plain, seed=config.seed)
    spent = get_task(test.task).policy_figures(test, decision)
    # Where the policy's claim is of more, such as a drop, the two certificates cannot be set against each other.
    claims = (
        selection.certificate is not None
        and certificate is not None
        and selection.certificate.claim == certificate.claim
    )
    of_policy, of_control = (
        Spent(own["mean_cost"], own.get("mean_latency_ms"), certified if claims else None, _reaches(reached, inputs))
        for own, certified, reached in (
            (spent, selection.is_certified, compared.first),
            (figures, certificate is not None and certificate.certified, compared.second),
        )
    )
    return {
        "better": better_of(compared),
        "p_value": compared.p_value,
        "verdict": verdict(compared, of_policy, of_control, split="test"),
        "times": times(of_policy, of_control),
    }


def _reaches(value: float, inputs: SweepInputs) -> bool | None:
    """Whether a quality is what was asked for; None where that was no value of its own, such as a largest drop."""
    asked = inputs.target.asked
    if asked.target is None:
        return None
    sign = get_quality(asked.quality).sign
    return bool(sign * value >= sign * asked.target)


def _told(trial: PlainTrial, control: ControlTrials, quality: str) -> ControlTrial:
    own = [one.name for one in networks_of([trial.outcome], trial.spec.seeds)]
    qualities = [control.qualities[name] for name in own if name in control.qualities]
    sign = get_quality(quality).sign
    return ControlTrial(
        name=trial.outcome.trial_id,
        exit=trial.candidate.depth,
        width=trial.candidate.network.width,
        macs=trial.candidate.macs,
        quality=max(qualities, key=lambda value: sign * value, default=None),
        failure=trial.outcome.failure,
    )
