"""What versions 0.11 to 0.18 of the NeuroAccuExit results log choose for sets of labels; see docs/sources.md."""
