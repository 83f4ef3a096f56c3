"""Detectors with exits: anchors, matching, heads that predict boxes, and what is kept of them."""
