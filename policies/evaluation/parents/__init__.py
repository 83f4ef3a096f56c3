"""Whole populations of policies at once, where the answers of samples are pooled over their parents."""
