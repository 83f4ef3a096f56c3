"""What a sweep searches for: what its file asks, with the margin that its splits need."""

from __future__ import annotations

from policies.selection.search_target import SearchTarget, SplitSize, search_target
from policies.tables.classification import ClassLabels
from search.config.sweep import SweepConfig
from search.preflight.certifiable import SplitUnits, proposed_fractions
from trainables.data import Split, SplitFractions, Splits


def sweep_target(config: SweepConfig, splits: Splits) -> SearchTarget:
    """What trials are compared by, policies are searched for and certificates claim."""
    n_classes = len(splits.class_names)
    return search_target(
        config.request, search=_size(splits.search, n_classes), certify=_size(splits.certify, n_classes)
    )


def announced(target: SearchTarget, fractions: SplitFractions, splits: Splits) -> list[str]:
    """What a sweep says before it trains: what trials aim at and why, and whether anything will be certified.

    Where nothing will be, splits are proposed that would allow a certificate, or at least an estimate.
    """
    margin = "for a certificate" if target.is_certifiable else "for a lower bound on search"
    lines = [f"Asked for {target.asked}; with the margin {margin}, trials aim at {target.tightened}"]
    if not target.why_not or target.claim is None:
        return lines
    lines.append(f"Note: {target.why_not}")
    proposal = proposed_fractions(SplitUnits.of(splits), target.claim, fractions, delta=target.asked.delta)
    return [*lines, f"Note: {proposal.sentence}"] if proposal.sentence else lines


def _size(split: Split, n_classes: int) -> SplitSize:
    return SplitSize.of(split, ClassLabels(split.labels, n_classes))
