"""Whole populations of policies at once."""
