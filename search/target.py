"""What a sweep searches for: what its file asks, with the margin that its splits need."""

from __future__ import annotations

from policies.margin import SearchTarget, SplitSize, search_target
from search.config import SweepConfig
from trainables.data import Split, Splits


def sweep_target(config: SweepConfig, splits: Splits) -> SearchTarget:
    """What trials are compared by, policies are searched for and certificates claim."""
    n_classes = len(splits.class_names)
    return search_target(
        config.request, search=_size(splits.search, n_classes), certify=_size(splits.certify, n_classes)
    )


def announced(target: SearchTarget) -> list[str]:
    """What a sweep says before it trains: what trials aim at and why, and whether anything will be certified."""
    margin = "for a certificate" if target.is_certifiable else "for a lower bound on search"
    lines = [f"Asked for {target.asked}; with the margin {margin}, trials aim at {target.tightened}"]
    return [*lines, *([f"Note: {target.why_not}"] if target.why_not else [])]


def _size(split: Split, n_classes: int) -> SplitSize:
    return SplitSize.of(split, split.labels, n_classes=n_classes)
