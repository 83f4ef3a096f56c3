"""The validity gate: a network without early exits is trained first, and nothing else is done where it is no good."""
