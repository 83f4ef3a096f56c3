"""Boxes from what a detector computes: which are kept, and whether two runs kept the same."""
