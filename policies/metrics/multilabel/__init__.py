"""Figures of networks that answer with sets of labels."""
