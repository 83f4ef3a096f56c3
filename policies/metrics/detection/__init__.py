"""Figures of detectors: of each exit alone, and of a policy."""
