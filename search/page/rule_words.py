"""What exit rules do, in words of somebody who reads about them for the first time."""

from __future__ import annotations

from policies.registry import title_of


_EXPLAINED = {
    "confidence": "a sample leaves at the first exit whose most likely class is likely enough",
    "margin": "a sample leaves at the first exit whose most likely class is far enough ahead of the next",
    "entropy": "a sample leaves at the first exit whose answer is spread over few enough classes",
    "evidence": "what the exits say is added up, and a sample leaves once one class has gathered enough",
    "patience": "a sample leaves once enough exits in a row have given the same answer",
    "dual-threshold": "a sample leaves where both the network's own stop signal and the confidence are high enough",
    "conformal-gate": "a sample leaves where its answer is confident, or usual enough for its class",
    "ensemble": "each exit averages its answer with those before it, and a sample leaves once the average is confident",
    "recalibrated": "the confidence of each exit is corrected first, and a sample leaves where it is then high enough",
    "class-wise": "a sample leaves at the first exit that is confident enough for the class it predicts",
    "mixture": "every exit has a measure of sureness and a threshold of its own, or is closed",
    "learned-gate": "a small model at each exit judges whether leaving there gives the right answer",
    "top-scores": "an image leaves where its best boxes score high enough",
    "box-count": "an image leaves where enough boxes score high enough",
    "box-agreement": "an image leaves once two exits in a row find nearly the same boxes",
    "box-gate": "a small model at each exit judges whether the whole network would find better boxes",
    "routed": "an image leaves where the confidence learnt for its best boxes is high enough",
    "quality-gate": "an image leaves where enough objects are sure and its confidence is high enough",
    "label-margin": "a sample leaves where no label is close to the line between yes and no",
    "mean-label-confidence": "a sample leaves where its labels are sure enough on average",
    "least-label-confidence": "a sample leaves where even its least sure label is sure enough",
    "label-margins": "a sample leaves where each label is as sure as is asked of that label",
    "label-move": "a sample leaves once no label's probability changes much from exit to exit",
    "label-agreement": "a sample leaves once two exits in a row give the same labels, surely enough",
    "label-patience": "a sample leaves once enough exits in a row have given the same labels",
    "label-ensemble": "each exit adds up what exits said so far, and a sample leaves once every label is sure",
    "label-gate": "a small model at each exit judges whether leaving there costs nothing",
    "notes-gate": "a sample leaves where its labels stay as they are and are confident enough",
    "notes-logistic": "a small model at each exit judges whether the last exit would do better",
}
"""By the rule's name, in the order of the rules."""


def rule_words(rule: str) -> str:
    """What a rule does, in one clause; what is known of a rule from outside the project is that it has thresholds.

    Args:
        rule: Name of the rule.
    """
    return _EXPLAINED.get(
        rule, f"a sample leaves at the first exit where {title_of(rule)} reaches the exit's threshold"
    )
