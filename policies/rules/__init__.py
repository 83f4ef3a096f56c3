"""Rules by name, each imported when it is first used. A new rule is one new file and one line here."""

from policies.errors import PolicyError
from policies.registry import Registry
from policies.rules.base import Rule
from policies.rules.view import Combine, RuleView


RULES: Registry[Rule] = Registry(
    {
        "confidence": "policies.rules.confidence:ConfidenceRule",
        "margin": "policies.rules.margin:MarginRule",
        "entropy": "policies.rules.entropy:EntropyRule",
        "evidence": "policies.rules.evidence:EvidenceRule",
        "patience": "policies.rules.patience:PatienceRule",
        "dual-threshold": "policies.rules.dual_threshold:DualThresholdRule",
        "conformal-gate": "policies.rules.conformal_gate:ConformalGateRule",
        "ensemble": "policies.rules.ensemble:EnsembleRule",
        "recalibrated": "policies.rules.recalibrated:RecalibratedRule",
        "class-wise": "policies.rules.class_wise:ClassWiseRule",
        "mixture": "policies.rules.mixture:MixtureRule",
        "learned-gate": "policies.rules.learned_gate:LearnedGateRule",
    }
)

DEFAULT_RULES = ("confidence", "ensemble", "mixture")


def require_rule(name: str) -> None:
    """Refuse a name that no rule has; none is imported for that.

    Raises:
        PolicyError: If there is none.
    """
    if name not in RULES:
        raise PolicyError(f"there is no rule {name!r}; known are {', '.join(sorted(RULES))}")


def get_rule(name: str) -> Rule:
    """Return the rule registered under ``name``.

    Raises:
        PolicyError: If there is none.
    """
    require_rule(name)
    return RULES[name]


__all__ = ["DEFAULT_RULES", "RULES", "Combine", "Rule", "RuleView", "get_rule", "require_rule"]
