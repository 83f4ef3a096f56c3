"""``summary.json``: what a search found, as every part of the program has it. Written and read here alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from search.run_folder.planned.divisions import SharingSummary
from search.run_folder.planned.power import PowerSummary
from search.run_folder.planned.worst_value import WorstValueSummary
from search.run_folder.result_files import write_json
from search.run_folder.summary_architecture import ArchitectureSummary
from search.run_folder.summary_compute import BudgetPolicy, SoftNetwork
from search.run_folder.summary_latency import LatencySummary
from search.run_folder.summary_validity import ValiditySummary
from search.run_folder.verdict import Outcome, Verdict, policy_in_words


if TYPE_CHECKING:
    from policies.certificates.certificate import Certificate

Figures: TypeAlias = dict[str, Any]
"""What a policy did on one split: numbers by their names, and with ``exit_mix`` the share of samples of each exit."""

SPLITS = ("search", "certify", "test")
"""The splits that figures are told of, in the order in which they are shown."""


class SummaryPart(BaseModel):
    """Plain values that are told of one thing.

    What is not known is not set, and not written either. Keys that are no fields, such as those of one task or of an
    earlier version, are kept as they are.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the keys that were set."""
        return self.model_dump(exclude_unset=True)


class PolicyFigures(SummaryPart):
    """A policy and its figures; a split's figures stand under the split's own name."""

    @property
    def by_split(self) -> dict[str, Figures]:
        """The figures on each split that there are figures of, in the order of :data:`SPLITS`."""
        told = self.model_extra or {}
        return {split: told[split] for split in SPLITS if isinstance(told.get(split), dict)}


class SelectedPolicy(PolicyFigures):
    """The policy that was chosen.

    Attributes:
        trial_id: Trial that the policy's network is of; only in a sweep, as are ``network``, ``seed`` and
            ``hyperparameters``.
        network: Name of the policy's network, which is not the trial's where trials have several seeds.
        seed: Seed that the network was trained with.
        hyperparameters: Training parameters that the network was trained with.
        rule: Name of the policy's rule.
        params: The policy as :func:`~policies.outline.outline` gives it.
        answered: What leaves together and how answers are pooled, in words; empty where each sample answers for itself.
    """

    answered: str = ""
    trial_id: str = ""
    network: str = ""
    seed: int = 0
    hyperparameters: dict[str, Any] = {}
    rule: str = ""
    params: dict[str, Any] = {}


class BaselinePolicyFigures(PolicyFigures):
    """A policy that stands beside the selected one.

    Attributes:
        is_fallback: Whether a grid had nothing that does what it was asked for, so that this is what it falls back to.
    """

    is_fallback: bool = False


class SplitsSummary(SummaryPart):
    """How alike ``search`` and ``certify`` are.

    Attributes:
        differ: Whether a difference was seen.
        sentence: What was found, for a person.
        differences: What was compared, with means and p-values.
    """

    differ: bool
    sentence: str
    differences: list[dict[str, Any]] = []


class FrontMatch(PolicyFigures):
    """The policy of the front that a baseline is compared with.

    Attributes:
        network: Name of the network that the policy is for.
        rule: Name of the policy's rule.
    """

    network: str = ""
    rule: str = ""


class BaselineTrialFigures(BaselinePolicyFigures):
    """A policy of a baseline of the sweep file, and what the front has beside it, both chosen on ``search``.

    Attributes:
        trial: Name that a person calls the baseline.
        policy: Name of the policy: the full network, or the grid that chose it.
        same_depth: The most accurate policy of the front that is no deeper; None where there is none.
        same_accuracy: The least deep policy of the front that is no less accurate; None where there is none.
    """

    trial: str
    policy: str
    same_depth: FrontMatch | None = None
    same_accuracy: FrontMatch | None = None


class CertificateSummary(SummaryPart):
    """What came of certifying the selected policy.

    Attributes:
        claim: Claim that was to be certified, in words.
        reason: Why the policy is not certified, or empty.
        bound: Bound on what was claimed, such as the least accuracy; None where there is none.
        n_tested: Number of policies that were tested; None where an earlier version did not keep it.
        n_passed: Number of those that passed.
        worst_subgroup: The least certain value of the column that the claim is made by; None where it is made by none.
    """

    claim: str
    reason: str
    bound: float | None
    n_tested: int | None = None
    n_passed: int | None = None
    worst_subgroup: str | None = None

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateSummary:
        """Of a whole certificate, what a summary tells."""
        steps = certificate.sequence
        return cls(
            claim=str(certificate.claim),
            reason=certificate.reason,
            bound=certificate.bound,
            n_tested=len(steps),
            n_passed=sum(step.passed for step in steps),
            worst_subgroup=certificate.worst_subgroup,
        )


def _told(text: str) -> str:
    """A text with the names of qualities as a person reads them."""
    # Here, since the import takes a while.
    from policies.qualities import in_words

    return in_words(text)


class EstimateSummary(SummaryPart):
    """Why a policy was chosen that is not certified; figures of the estimate stand beside it.

    Attributes:
        meets: Whether the policy has its margin, so that it is expected to do what was asked for.
        sentence: What is known of the policy, for a person.
        quality: Name of the figure that is estimated, such as ``relative drop of map_50``.
        side: On which side of its limit it has to be: ``at least`` or ``at most``.
        limit: The limit that was asked for.
    """

    meets: bool = False
    sentence: str = ""
    quality: str = ""
    side: str = ""
    limit: float | None = None

    @property
    def asked(self) -> str:
        """The limit in words; empty where the folder does not tell it."""
        told = self.quality and self.side and self.limit is not None
        return f"{_told(self.quality)} {self.side} {self.limit:g}" if told else ""


class ControlTrial(SummaryPart):
    """One plain network that was trained to be compared with the selected policy.

    Attributes:
        name: Name of the trial, which its checkpoints have too.
        exit: Depth of its exit in the network that it is cut from, counted from 1.
        width: Channels of its first stage.
        macs: Multiply-accumulates for one sample.
        quality: The quality that was asked for on ``search``, of the best seed; None where the training failed.
        failure: Why the training failed, or empty.
    """

    name: str
    exit: int
    width: int
    macs: int
    quality: float | None = None
    failure: str = ""


class ControlSummary(PolicyFigures):
    """The plain network that the selected policy is compared with: one exit, no earlier heads, and no more cost.

    Of the figures on each split, costs are relative to the full network of the selected policy. There are none that
    tell of depth or of several exits.

    Attributes:
        network: Name of the network: its trial, with the seed where there are several.
        family: Family of the network, or the workload whose own network it is.
        width: Channels of its first stage.
        exit: Depth of its exit in the network that it is cut from, counted from 1.
        seed: Seed that it was trained with.
        macs: Multiply-accumulates for one sample.
        budget_macs: The most that it may take: those of the selected policy, on average on ``search``.
        relative_cost: Its multiply-accumulates over those of the selected policy's full network.
        parameters: Number of its weights.
        temperature: Divisor of its logits, fitted on ``search``.
        certified: Whether what was claimed holds of it, with confidence.
        certificate: What came of certifying it; None where nothing was claimed that a network without exits can keep.
        better: Which is better on the last split, ``control`` or ``policy``, as far as its samples can show; else
            ``neither``.
        p_value: Of the paired test that they do not differ there.
        verdict: The same in words, with what both cost.
        times: What both take for a sample as measured, in words; empty where nobody measured it.
        trials: All plain networks that were trained; the best on ``search`` is the one that is compared.
    """

    network: str
    family: str
    width: int
    exit: int
    seed: int
    macs: int
    budget_macs: int
    relative_cost: float
    parameters: int
    temperature: float
    certified: bool = False
    certificate: CertificateSummary | None = None
    better: str = "neither"
    p_value: float = 1.0
    verdict: str = ""
    times: str = ""
    trials: list[ControlTrial] = []


class TableSearch(SummaryPart):
    """How a policy search was called beside its tables, so that it can be run again.

    Attributes:
        seed: Seed of the search, which the folds of rules that learn depend on.
        options: The options that were given to ``exitsearch policy``, word by word, but for where the results go.
    """

    seed: int = 0
    options: list[str] = []


class TrialCounts(SummaryPart):
    """How many trials there were, and how many ended in each of Optuna's states.

    Attributes:
        started: All that were begun.
        complete: Those that were trained to their end; ``completed`` in older files.
        pruned: Those that were stopped early.
        fail: Those that failed; ``failed`` in older files.
    """

    started: int = 0
    complete: int = Field(default=0, validation_alias=AliasChoices("complete", "completed"))
    pruned: int = 0
    fail: int = Field(default=0, validation_alias=AliasChoices("fail", "failed"))


class Summary(SummaryPart):
    """What a sweep or a policy search found.

    Attributes:
        name: Name of the sweep or policy search.
        workload: Name of the workload that was trained on; only in a sweep.
        tables: Where the table of each split was read from; only in a policy search.
        table_search: How the policy search was called; None in a sweep, and in folders of earlier versions.
        task: The kind of answers.
        main_quality: What answers of that kind are judged by unless something else is asked for.
        target: The least quality that was asked for, or the largest where less is better; 0 where none was.
        quality: Name of the quality that the target is of.
        objective: Name of the objective that was minimised.
        max_drop: Most accuracy, or other quality, to be lost against the full network, or most of several by name; None
            where nothing was asked.
        max_relative_drop: Largest share of the full network's to be lost, or shares by name; None where nothing was
            asked.
        max_drop_greedy: Most to be lost against the greedy shared threshold; None where nothing was asked.
        budget: The largest mean objective; None where nothing was asked.
        bounds: Bounds of further qualities.
        asked: All that was asked for, in words.
        least_accuracy: The accuracy that this comes to on ``search``; None where it comes to none.
        goal_target: The bound of ``quality`` that this comes to on ``search``, drops counted; None where it comes to
            none.
        delta: The largest probability that a certificate is wrong.
        n_exits: Number of exits of the network.
        feasible: Whether some policy did on ``search`` what was asked for.
        certified: Whether what was claimed holds of the selected policy, with confidence.
        certificate: What came of certifying it; None where nothing was claimed.
        estimate: Why the selected policy was chosen; None where all is certified, or no
            policy did what was asked for.
        selected: The policy that was chosen.
        exits: Figures of each exit alone, by split.
        baselines: The policies beside it, by name.
        oracle: Mean depth for what was asked if exits were chosen by who knows the truth, by split, as the task tells
            it; None where it is out of reach.
        undertrained: What to do where exits are undertrained; else empty.
        alarms: What looks wrong with the policy, the most important first.
        plan: What the units of ``certify`` can prove of what was asked for, told before the search; empty where nothing
            was to be certified.
        search_target: How often a policy at the search target is certified, and what that costs; None where the search
            target has no margin of a certificate.
        worst_value: Where the selected policy is worst on ``search``, of the values of a column for every one of which
            something is claimed; None where nothing is.
        sharing: Which shares of the splits were proposed of which; None where they were given.
        splits: How alike ``search`` and ``certify`` are; None without a ``certify`` table.
        soft: By split, what the soft network promises and hard exits deliver; empty without stop probabilities.
        fixed_budgets: The best of the front within each compute budget, the smallest budget first; budgets within which
            the front has no policy are left out.
        architecture: Which operations the edges of the selected network choose; None where it has nothing to choose.
        latency: How long the selected policy really takes; None where that was not measured.
        validity: The full network that was trained first; None where none was.
        front_size: Number of policies of the front.
        baseline_trials: The baselines of the sweep file.
        control: The plain network that the selected policy is compared with; None where none was asked for, or none
            could be had.
        control_notes: What could not be done about it, one line each.
        trials: How many trials there were, and how many ended in each way.
        failures: Reason why each failed trial failed, by trial.
        seconds: Wall time of the search in seconds.
    """

    name: str = ""
    workload: str = ""
    tables: dict[str, str] = {}
    table_search: TableSearch | None = None
    task: str = "classification"
    main_quality: str = "accuracy"
    target: float = 0.0
    quality: str = "accuracy"
    objective: str = "depth"
    max_drop: float | dict[str, float] | None = None
    max_relative_drop: float | dict[str, float] | None = None
    max_drop_greedy: float | None = None
    budget: float | None = None
    bounds: dict[str, float] = {}
    asked: str = ""
    least_accuracy: float | None = None
    goal_target: float | None = None
    delta: float = 0.05
    n_exits: int = 0
    feasible: bool = False
    certified: bool = False
    certificate: CertificateSummary | None = None
    estimate: EstimateSummary | None = None
    selected: SelectedPolicy
    exits: dict[str, list[Figures]] = {}
    baselines: dict[str, BaselinePolicyFigures]
    oracle: dict[str, float | None] = {}
    undertrained: str = ""
    alarms: list[str] = []
    plan: list[str] = []
    search_target: PowerSummary | None = None
    worst_value: WorstValueSummary | None = None
    sharing: SharingSummary | None = None
    splits: SplitsSummary | None = None
    soft: dict[str, SoftNetwork] = {}
    fixed_budgets: list[BudgetPolicy] = []
    architecture: ArchitectureSummary | None = None
    latency: LatencySummary | None = None
    validity: ValiditySummary | None = None
    front_size: int = 0
    baseline_trials: list[BaselineTrialFigures] = []
    control: ControlSummary | None = None
    control_notes: list[str] = []
    trials: TrialCounts = TrialCounts()
    failures: dict[str, str] = {}
    seconds: float = 0.0

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict, and the selected policy beside those that it is compared with."""
        # Most who read a summary show none.
        from search.run_folder.summary_html import summary_html

        policies: dict[str, PolicyFigures] = {"selected policy": self.selected}
        policies |= {} if self.control is None else {"plain network": self.control}
        rows = {name: told.by_split for name, told in {**policies, **self.baselines}.items()}
        columns = (self.main_quality, self.quality, "mean_depth", "mean_cost")
        return summary_html(self.verdict, rows, columns, self.alarms)

    @property
    def verdict(self) -> Verdict:
        """What came of the search, for whatever tells it in words."""
        chosen, certificate, estimate = self.selected, self.certificate, self.estimate
        return Verdict(
            outcome=self._outcome,
            asked=_told(self.asked),
            policy=policy_in_words(chosen.rule, chosen.params, answered=chosen.answered, network=chosen.network),
            claim="" if certificate is None else _told(certificate.claim),
            reason="" if certificate is None else _told(certificate.reason),
            bound=None if certificate is None else certificate.bound,
            delta=self.delta,
            estimate="" if estimate is None else _told(estimate.sentence),
            limit="" if estimate is None else estimate.asked,
            expected=estimate is not None and estimate.meets,
        )

    @property
    def least_quality(self) -> float | None:
        """The bound of ``quality`` that all that was asked for comes to on ``search``; None where there is none."""
        least = self.least_accuracy if self.quality == "accuracy" else None
        return least or self.goal_target or self.target or None

    @property
    def _outcome(self) -> Outcome:
        if not self.feasible:
            return Outcome.INFEASIBLE
        if self.certificate is None:
            return Outcome.UNCLAIMED
        if not self.certified:
            return Outcome.NOT_CERTIFIED
        # What has no certificate, such as a mean precision, is estimated: then less is claimed than was asked for.
        return Outcome.CERTIFIED if self.estimate is None else Outcome.PARTLY

    def save(self, path: Path) -> None:
        """Write it in one step.

        Raises:
            OSError: If the file cannot be written.
        """
        write_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Summary:
        """Read a summary; older ones that lack some keys too.

        Raises:
            OSError: If there is no file that can be read.
            ValueError: If it is not the summary of a finished search.
        """
        return cls.model_validate(json.loads(path.read_text()))
