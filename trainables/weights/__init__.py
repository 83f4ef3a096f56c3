"""Weights from elsewhere, read without running any code."""
