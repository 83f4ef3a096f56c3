"""The verdict on a search in sentences: plain text, for a terminal and for pages."""

from __future__ import annotations

from policies.registry import title_of
from search.run_folder.summary import SelectedPolicy, Summary


def verdict(summary: Summary) -> tuple[str, ...]:
    """What was selected, whether it is certified, and what is known where it is not: one sentence each."""
    sentences = (selection_sentence(summary), certificate_sentence(summary), estimate_sentence(summary))
    return tuple(sentence for sentence in sentences if sentence)


def selection_sentence(summary: Summary) -> str:
    """Which policy was selected; where none does what was asked for, how near one comes."""
    selected = summary.selected
    if not summary.feasible:
        found = selected.by_split["search"]
        nearest = f"{title_of(summary.quality)} {found[summary.quality]:.4f} at depth {found['mean_depth']:.3f}"
        return f"INFEASIBLE: no policy met {summary.asked} on search; the nearest has {nearest}{_trial(selected)}"
    policy = f"rule {selected.rule}" if leaves_early(selected) else "the full network, without early exits"
    if selected.answered:
        policy += f" ({selected.answered})"
    return f"Selected: {policy}{_trial(selected)}, for {summary.asked}"


def certificate_sentence(summary: Summary) -> str:
    """What is certified and how surely, or why nothing is; empty where nothing was to be certified."""
    certificate = summary.certificate
    if certificate is None or not summary.feasible:
        return ""
    if not summary.certified:
        return f"NOT CERTIFIED: {certificate.reason}"
    bound = "" if certificate.bound is None else f" (bound {certificate.bound:.4f})"
    return (
        f"Certified: with confidence {100 * (1 - summary.delta):g} %, on new data of the same kind "
        f"{certificate.claim}{bound}; shown on samples that the search did not see"
    )


def estimate_sentence(summary: Summary) -> str:
    """What is known of a policy, or a part of what was asked for, that is not certified; empty for nothing."""
    if summary.estimate is None or not summary.feasible or not summary.estimate.sentence:
        return ""
    sentence = summary.estimate.sentence
    if summary.certified:
        return f"Of what cannot be certified: {sentence}"
    return sentence[0].upper() + sentence[1:]


def leaves_early(selected: SelectedPolicy) -> bool:
    """Whether any sample can leave before the last exit, or any parent be answered before it is read whole."""
    if selected.params.get("answering", {}).get("read_until") is not None:
        return True
    rows = selected.params["thresholds"]
    return any(value is not None for row in rows for value in (row if isinstance(row, list) else [row]))


def _trial(selected: SelectedPolicy) -> str:
    return f", {selected.network}" if selected.network else ""
