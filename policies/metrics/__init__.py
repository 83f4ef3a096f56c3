"""Figures of policies and of single exits."""
