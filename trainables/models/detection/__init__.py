"""Detectors with exits: anchors, matching, heads that predict boxes, and what is kept of them."""

FROZEN = ("nothing", "backbone", "full-network")
"""What of a detector need not be trained: nothing, the network it is built on, or all but the early exits' heads."""

__all__ = ["FROZEN"]
