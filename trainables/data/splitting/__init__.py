"""Dividing samples into splits, whole groups together."""
