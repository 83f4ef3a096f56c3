"""Rules by name, each imported when it is first used. A new rule is one new file and one line here."""

from typing import Any

from policies.errors import ExitSearchError, PolicyError
from policies.registry import Registry, resolve
from policies.rules.base import Rule
from policies.views.view import Combine, RuleView


_DETECTION = "policies.rules.detection"
_MULTILABEL = "policies.rules.multilabel"
_NOTES = "policies.rules.multilabel_notes"

RULES: Registry[Rule[Any]] = Registry(
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
        "top-scores": f"{_DETECTION}.top_scores:TopScoresRule",
        "box-count": f"{_DETECTION}.box_count:BoxCountRule",
        "box-agreement": f"{_DETECTION}.box_agreement:BoxAgreementRule",
        "box-gate": f"{_DETECTION}.box_gate:BoxGateRule",
        "routed": f"{_DETECTION}.routed:RoutedRule",
        "quality-gate": f"{_DETECTION}.quality_gate:QualityGateRule",
        "label-margin": f"{_MULTILABEL}.label_margin:LabelMarginRule",
        "mean-label-confidence": f"{_MULTILABEL}.mean_label_confidence:MeanLabelConfidenceRule",
        "least-label-confidence": f"{_MULTILABEL}.least_label_confidence:LeastLabelConfidenceRule",
        "label-margins": f"{_MULTILABEL}.label_margins:LabelMarginsRule",
        "label-move": f"{_MULTILABEL}.label_move:LabelMoveRule",
        "label-agreement": f"{_MULTILABEL}.label_agreement:LabelAgreementRule",
        "label-patience": f"{_MULTILABEL}.label_patience:LabelPatienceRule",
        "label-ensemble": f"{_MULTILABEL}.label_ensemble:LabelEnsembleRule",
        "label-gate": f"{_MULTILABEL}.label_gate:LabelGateRule",
        "notes-gate": f"{_NOTES}.notes_gate:NotesGateRule",
        "notes-logistic": f"{_NOTES}.notes_logistic:NotesLogisticRule",
    }
)

DEFAULT_RULES = ("confidence", "ensemble", "mixture")
"""The rules that are searched for classifiers where nobody names any."""
DETECTION_RULES = ("top-scores", "box-count", "box-agreement", "box-gate")
"""The rules that are searched for detectors where nobody names any."""
MULTILABEL_RULES = ("label-margin", "label-ensemble", "label-gate")
"""The rules that are searched for networks with sets of labels where nobody names any."""
BASELINE_RULES = {"classification": "confidence", "detection": "top-scores", "multi-label": "label-margin"}
"""By the kind of answers: the rule of the baselines, and of the full network. Its answers are the exits' own."""


def require_rule(name: str) -> None:
    """Refuse a name that no rule has; of registered rules none is imported for that.

    Raises:
        PolicyError: If there is none.
    """
    if name not in RULES:
        get_rule(name)


def get_rule(name: str) -> Rule[Any]:
    """Return the rule registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        PolicyError: If there is none.
    """
    try:
        rule: Rule[Any] = resolve("rule", name, RULES, Rule)
    except PolicyError:
        raise
    except ExitSearchError as error:
        raise PolicyError(str(error)) from None
    return rule


__all__ = [
    "BASELINE_RULES",
    "DEFAULT_RULES",
    "DETECTION_RULES",
    "MULTILABEL_RULES",
    "RULES",
    "Combine",
    "Rule",
    "RuleView",
    "get_rule",
    "require_rule",
]
