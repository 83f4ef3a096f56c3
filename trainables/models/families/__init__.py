"""Families of multi-exit networks."""
