"""Tests and bounds of the mean of losses, valid at any number of them."""
