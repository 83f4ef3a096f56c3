"""Rules by name. A new rule is one new file and one line here."""

from policies.errors import PolicyError
from policies.rules.base import Rule
from policies.rules.class_wise import ClassWiseRule
from policies.rules.confidence import ConfidenceRule
from policies.rules.conformal_gate import ConformalGateRule
from policies.rules.dual_threshold import DualThresholdRule
from policies.rules.ensemble import EnsembleRule
from policies.rules.entropy import EntropyRule
from policies.rules.evidence import EvidenceRule
from policies.rules.learned_gate import LearnedGateRule
from policies.rules.margin import MarginRule
from policies.rules.mixture import MixtureRule
from policies.rules.patience import PatienceRule
from policies.rules.recalibrated import RecalibratedRule
from policies.rules.view import Combine, RuleView


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        ConfidenceRule(),
        MarginRule(),
        EntropyRule(),
        EvidenceRule(),
        PatienceRule(),
        DualThresholdRule(),
        ConformalGateRule(),
        EnsembleRule(),
        RecalibratedRule(),
        ClassWiseRule(),
        MixtureRule(),
        LearnedGateRule(),
    )
}

DEFAULT_RULES = ("confidence", "ensemble", "mixture")


def get_rule(name: str) -> Rule:
    """Return the rule registered under ``name``.

    Raises:
        PolicyError: If there is none.
    """
    if name not in RULES:
        raise PolicyError(f"there is no rule {name!r}; known are {', '.join(sorted(RULES))}")
    return RULES[name]


__all__ = ["DEFAULT_RULES", "RULES", "Combine", "Rule", "RuleView", "get_rule"]
