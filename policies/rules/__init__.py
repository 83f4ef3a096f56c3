"""Rules by name. A new rule is one new file and one line here."""

from policies.errors import PolicyError
from policies.rules.base import Rule, RuleView
from policies.rules.confidence import ConfidenceRule


RULES: dict[str, Rule] = {rule.name: rule for rule in (ConfidenceRule(),)}


def get_rule(name: str) -> Rule:
    """Return the rule registered under ``name``.

    Raises:
        PolicyError: If there is none.
    """
    if name not in RULES:
        raise PolicyError(f"there is no rule {name!r}; known are {', '.join(sorted(RULES))}")
    return RULES[name]


__all__ = ["RULES", "Rule", "RuleView", "get_rule"]
