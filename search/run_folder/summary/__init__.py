"""``summary.json``, part by part."""

from search.run_folder.summary.architecture import ArchitectureSummary
from search.run_folder.summary.certificate import CertificateSummary, EstimateSummary
from search.run_folder.summary.compute import BudgetPolicy, HardExits, SoftNetwork
from search.run_folder.summary.control import ControlSummary, ControlTrial
from search.run_folder.summary.latency import LatencySummary, Milliseconds
from search.run_folder.summary.part import SummaryPart
from search.run_folder.summary.policies import (
    SPLITS,
    BaselinePolicyFigures,
    BaselineTrialFigures,
    Figures,
    FrontMatch,
    PolicyFigures,
    SelectedPolicy,
)
from search.run_folder.summary.power import PowerSummary, TargetSummary, WorstValueSummary
from search.run_folder.summary.splits import DivisionSummary, SharingSummary, SplitsSummary
from search.run_folder.summary.summary import Summary
from search.run_folder.summary.table_search import TableSearch
from search.run_folder.summary.trials import TrialCounts
from search.run_folder.summary.validity import ValiditySummary


__all__ = [
    "SPLITS",
    "ArchitectureSummary",
    "BaselinePolicyFigures",
    "BaselineTrialFigures",
    "BudgetPolicy",
    "CertificateSummary",
    "ControlSummary",
    "ControlTrial",
    "DivisionSummary",
    "EstimateSummary",
    "Figures",
    "FrontMatch",
    "HardExits",
    "LatencySummary",
    "Milliseconds",
    "PolicyFigures",
    "PowerSummary",
    "SelectedPolicy",
    "SharingSummary",
    "SoftNetwork",
    "SplitsSummary",
    "Summary",
    "SummaryPart",
    "TableSearch",
    "TargetSummary",
    "TrialCounts",
    "ValiditySummary",
    "WorstValueSummary",
]
