"""Which exit a sample takes: exit tables, rules, policy search, certificates. Knows nothing of training.

What is named here is all that most scripts need; each part is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from policies.calibration.temperature import fit_temperatures
    from policies.certificates.certificate import Certificate
    from policies.certificates.certifying import certify_policy
    from policies.certificates.claims import Claim
    from policies.evolution.search import search_front
    from policies.evolution.settings import EvolveSettings
    from policies.goals.goal import Goal
    from policies.goals.request import Request
    from policies.policy import Decision, Policy
    from policies.selection.choose import choose_policy
    from policies.selection.policy_search import PolicySearch
    from policies.tables.base import ExitTable
    from policies.tables.classification import ClassificationTable
    from policies.tables.detection import DetectionTable
    from policies.tables.multilabel import MultiLabelTable
    from policies.tasks import load_table

__all__ = [
    "Certificate",
    "Claim",
    "ClassificationTable",
    "Decision",
    "DetectionTable",
    "EvolveSettings",
    "ExitTable",
    "Goal",
    "MultiLabelTable",
    "Policy",
    "PolicySearch",
    "Request",
    "certify_policy",
    "choose_policy",
    "fit_temperatures",
    "load_table",
    "search_front",
]

_PLACES = {
    "Certificate": "policies.certificates.certificate",
    "Claim": "policies.certificates.claims",
    "ClassificationTable": "policies.tables.classification",
    "Decision": "policies.policy",
    "DetectionTable": "policies.tables.detection",
    "EvolveSettings": "policies.evolution.settings",
    "ExitTable": "policies.tables.base",
    "Goal": "policies.goals.goal",
    "MultiLabelTable": "policies.tables.multilabel",
    "Policy": "policies.policy",
    "PolicySearch": "policies.selection.policy_search",
    "Request": "policies.goals.request",
    "certify_policy": "policies.certificates.certifying",
    "choose_policy": "policies.selection.choose",
    "fit_temperatures": "policies.calibration.temperature",
    "load_table": "policies.tasks",
    "search_front": "policies.evolution.search",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
