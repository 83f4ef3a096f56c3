"""Trained networks as files."""
