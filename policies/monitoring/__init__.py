"""Watching a policy on new data: whether its certificate still holds, and whether the data are still the same."""
