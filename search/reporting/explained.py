"""What the names of policies mean, one line each, wherever a person meets them: on the page and in the terminal."""

from __future__ import annotations

from policies.registry import title_of


SELECTED = "selected"
"""What the selected policy is called where policies are named."""
CONTROL = "static_control"
"""What the plain network is called that the selected policy is compared with."""
ORACLE = "oracle"
"""What the bound is called that nobody reaches without knowing the truth."""

_AUDIO_LOG = "the NeuroAccuExit results log"
_HARD_EXIT = "the notes on input-adaptive hard exits (June 2026)"
_LABEL_LOG = f"from {_AUDIO_LOG}, version"

_EXPLAINED = {
    SELECTED: "the policy that this search chose",
    CONTROL: "a plain network with one exit, trained to cost no more than the selected policy",
    ORACLE: "the least depth if exits were chosen by somebody who knows the truth: a bound, not a policy",
    "full_network": "never leaves early: every sample takes the last exit",
    "full_network_recalibrated": "the last exit alone, its outputs rescaled and shifted class by class",
    "best_single_exit": "every sample takes the same exit, the best one that does what was asked",
    "greedy_shared_threshold": "leaves at the first exit whose confidence reaches one threshold, the same at all exits",
    "geometric": "the share that leaves falls or rises by a constant factor from exit to exit",
    "hill_climbing": "opens exits step by step, first where most depth is saved per lost answer",
    "coordinate_descent": "sets one threshold at a time as well as it can be, the others fixed, until none changes",
    "random_search": "the best of many thresholds that were drawn at random",
    "exhaustive": "the best of all thresholds (on a grid where there are more than two): exact for few exits",
    "grid_greedy": f"one shared threshold from a hand-made grid, chosen by F1 and depth as in {_AUDIO_LOG}",
    "grid_conformal": f"leaves where few classes remain possible, from the conformal grid of {_AUDIO_LOG}",
    "grid_evidence": f"leaves once evidence summed over exits suffices, from the grid of {_AUDIO_LOG}",
    "grid_dual_threshold": f"leaves where stop probability and confidence both suffice, after {_HARD_EXIT}",
    "grid_dual_threshold_fixed": f"the same two thresholds over fixed values, after {_HARD_EXIT}",
    "grid_f1_under_budget": f"the best F1 within 4 ms of all published grids, as in {_AUDIO_LOG}",
    "notes_v0.11": f"leaves where the labels agree and are confident enough, {_LABEL_LOG} 0.11",
    "notes_v0.13_global": f"leaves where the labels agree and are very confident, {_LABEL_LOG} 0.13",
    "notes_v0.13_move": f"leaves where no label's probability still moves much, {_LABEL_LOG} 0.13",
    "notes_v0.13_margins": f"leaves where each label is far enough from its threshold, {_LABEL_LOG} 0.13",
    "notes_v0.13_logistic": f"leaves where a logistic model expects no more wrong labels, {_LABEL_LOG} 0.13",
    "notes_v0.16": f"confidence, movement and margins of labels, set by evolution, {_LABEL_LOG} 0.16",
    "notes_v0.17": f"the same at every exit, with a limit on risky labels, {_LABEL_LOG} 0.17",
    "notes_v0.18": f"the same with wider margins for risky labels, {_LABEL_LOG} 0.18",
}
FALLBACK = "nothing on its grid did what it asks for, so this is what it falls back to"
"""What ``fallback`` behind a name means."""


def explanation_of(name: str) -> str:
    """One line on what a policy's name means, without a stop at its end; of a user's own, that it is theirs.

    Args:
        name: Key of the policy in ``summary.json``, or one of this module's names.
    """
    return _EXPLAINED.get(name, "a baseline of your own" if ":" in name else "a policy to compare with")


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
