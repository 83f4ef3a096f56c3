"""``summary.json``: what a search found, as every part of the program has it. Written and read here alone."""

from __future__ import annotations

import json
from pathlib import Path

from search.run_folder.result_files import write_json
from search.run_folder.summary.architecture import ArchitectureSummary
from search.run_folder.summary.certificate import CertificateSummary, EstimateSummary, spelled_out
from search.run_folder.summary.compute import BudgetPolicy, SoftNetwork
from search.run_folder.summary.control import ControlSummary
from search.run_folder.summary.latency import LatencySummary
from search.run_folder.summary.part import SummaryPart
from search.run_folder.summary.policies import (
    BaselinePolicyFigures,
    BaselineTrialFigures,
    Figures,
    PolicyFigures,
    SelectedPolicy,
)
from search.run_folder.summary.power import PowerSummary, TargetSummary, WorstValueSummary
from search.run_folder.summary.splits import SharingSummary, SplitsSummary
from search.run_folder.summary.table_search import TableSearch
from search.run_folder.summary.trials import TrialCounts
from search.run_folder.summary.validity import ValiditySummary
from search.run_folder.verdict import Outcome, Verdict, policy_in_words


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
        estimate: Why the selected policy was chosen; None where all is certified, or no policy did what was asked for.
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
        targets: What was asked for and other targets, strictest first, each with what a search for it would aim at and
            about what that takes; empty where nothing was to be certified, and in folders of earlier versions.
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
    targets: list[TargetSummary] = []
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
        from search.run_folder.summary.html import summary_html

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
            asked=spelled_out(self.asked),
            policy=policy_in_words(chosen.rule, chosen.params, answered=chosen.answered, network=chosen.network),
            claim="" if certificate is None else spelled_out(certificate.claim),
            reason="" if certificate is None else spelled_out(certificate.reason),
            least_certain="" if certificate is None else spelled_out(certificate.least_certain),
            bound=None if certificate is None else certificate.bound,
            delta=self.delta,
            estimate="" if estimate is None else spelled_out(estimate.sentence),
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
