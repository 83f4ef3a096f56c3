"""What the names of policies mean, in a short and in a long line, wherever a person meets them.

Short ones stand behind the name in the legend of a terminal, long ones below it on the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.registry import title_of


SELECTED = "selected"
"""What the selected policy is called where policies are named."""
CONTROL = "static_control"
"""What the plain network is called that the selected policy is compared with."""
ORACLE = "oracle"
"""What the bound is called that nobody reaches without knowing the truth."""


@dataclass(frozen=True)
class Explained:
    """What a name means, without a stop at the end.

    Attributes:
        short: As it fits into 80 columns behind the name.
        long: As a sentence for a person who has read nothing else.
    """

    short: str
    long: str


_AUDIO_LOG = "the NeuroAccuExit results log"
_HARD_EXIT = "the notes on input-adaptive hard exits (June 2026)"
_LABEL_LOG = f"from {_AUDIO_LOG}, version"

EXPLAINED = {
    SELECTED: Explained(
        "what this search chose",
        "the policy that this search chose",
    ),
    CONTROL: Explained(
        "a plain network without early exits, of no more cost",
        "a plain network with one exit, trained to cost no more than the selected policy",
    ),
    ORACLE: Explained(
        "the least depth of who knows the truth",
        "the least depth if exits were chosen by somebody who knows the truth: a bound, not a policy",
    ),
    "full_network": Explained(
        "no early exits",
        "never leaves early: every sample takes the last exit",
    ),
    "full_network_recalibrated": Explained(
        "its last exit scaled and shifted by class",
        "the last exit alone, its outputs rescaled and shifted class by class",
    ),
    "best_single_exit": Explained(
        "every sample leaves at the same exit",
        "every sample takes the same exit, the best one that does what was asked",
    ),
    "greedy_shared_threshold": Explained(
        "one threshold for all exits, the usual practice",
        "leaves at the first exit whose confidence reaches one threshold, the same at all exits",
    ),
    "geometric": Explained(
        "shares of exits fall or rise by a constant factor",
        "the share that leaves falls or rises by a constant factor from exit to exit",
    ),
    "hill_climbing": Explained(
        "thresholds moved while that pays",
        "opens exits step by step, first where most depth is saved per lost answer",
    ),
    "coordinate_descent": Explained(
        "one threshold after the other",
        "sets one threshold at a time as well as it can be, the others fixed, until none changes",
    ),
    "random_search": Explained(
        "thresholds drawn at random",
        "the best of many thresholds that were drawn at random",
    ),
    "exhaustive": Explained(
        "every combination of thresholds, or a fine grid",
        "the best of all thresholds (on a grid where there are more than two): exact for few exits",
    ),
    "grid_greedy": Explained(
        "one confidence threshold from a hand-made grid",
        f"one shared threshold from a hand-made grid, chosen by F1 and depth as in {_AUDIO_LOG}",
    ),
    "grid_conformal": Explained(
        "leaves where few classes remain possible",
        f"leaves where few classes remain possible, from the conformal grid of {_AUDIO_LOG}",
    ),
    "grid_evidence": Explained(
        "leaves once evidence summed over exits suffices",
        f"leaves once evidence summed over exits suffices, from the grid of {_AUDIO_LOG}",
    ),
    "grid_dual_threshold": Explained(
        "stop probability and confidence both suffice",
        f"leaves where stop probability and confidence both suffice, after {_HARD_EXIT}",
    ),
    "grid_dual_threshold_fixed": Explained(
        "the two thresholds over fixed values",
        f"the same two thresholds over fixed values, after {_HARD_EXIT}",
    ),
    "grid_f1_under_budget": Explained(
        "the best F1 of all these grids",
        f"the best F1 within 4 ms of all published grids, as in {_AUDIO_LOG}",
    ),
    "notes_v0.11": Explained(
        "labels agree and are confident enough",
        f"leaves where the labels agree and are confident enough, {_LABEL_LOG} 0.11",
    ),
    "notes_v0.13_global": Explained(
        "labels agree and are very confident",
        f"leaves where the labels agree and are very confident, {_LABEL_LOG} 0.13",
    ),
    "notes_v0.13_move": Explained(
        "no label's probability still moves much",
        f"leaves where no label's probability still moves much, {_LABEL_LOG} 0.13",
    ),
    "notes_v0.13_margins": Explained(
        "each label is far enough from its threshold",
        f"leaves where each label is far enough from its threshold, {_LABEL_LOG} 0.13",
    ),
    "notes_v0.13_logistic": Explained(
        "a logistic model expects no more wrong labels",
        f"leaves where a logistic model expects no more wrong labels, {_LABEL_LOG} 0.13",
    ),
    "notes_v0.16": Explained(
        "confidence, movement and margins, by evolution",
        f"confidence, movement and margins of labels, set by evolution, {_LABEL_LOG} 0.16",
    ),
    "notes_v0.17": Explained(
        "evolved too, with a limit on risky labels",
        f"the same at every exit, with a limit on risky labels, {_LABEL_LOG} 0.17",
    ),
    "notes_v0.18": Explained(
        "evolved too, with wider margins for risky labels",
        f"the same with wider margins for risky labels, {_LABEL_LOG} 0.18",
    ),
}
"""What each name means: the selected policy's, the control's, the bound's, and those of baselines, grids and logs."""
FALLBACK = "nothing on its grid did what it asks for, so this is what it falls back to"
"""What ``fallback`` behind a name means."""
FALLBACK_IN_SHORT = "none of that grid kept to its own limits"
"""The same, as it fits into 80 columns."""
_OWN = Explained("a baseline of your own", "a baseline of your own")
_UNKNOWN = Explained("a policy to compare with", "a policy to compare with")


def explained(name: str) -> Explained:
    """What a policy's name means; of a user's own, that it is theirs.

    Args:
        name: Key of the policy in ``summary.json``, or one of this module's names.
    """
    return EXPLAINED.get(name, _OWN if ":" in name else _UNKNOWN)


def explanation_of(name: str) -> str:
    """The long line on what a policy's name means; arguments as for :func:`explained`."""
    return explained(name).long


def policy_title(name: str) -> str:
    """A policy's name as a person reads it.

    Args:
        name: Key of the policy in ``summary.json``, or one of this module's names.
    """
    return "selected policy" if name == SELECTED else title_of(name)


def is_published(name: str) -> bool:
    """Whether a baseline is a published grid or a version of a published log, of which there are many.

    Args:
        name: Key of the baseline in ``summary.json``.
    """
    return name.startswith(("grid_", "notes_v"))
