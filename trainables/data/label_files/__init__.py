"""Samples with several labels each: files beside a CSV of their labels, read, matched, cleaned and reported."""
