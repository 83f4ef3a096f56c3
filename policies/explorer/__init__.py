"""Policies with other thresholds, recounted from a table that is small enough to travel in a page."""
