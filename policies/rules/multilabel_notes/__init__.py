"""The stop rules for sets of labels of the NeuroAccuExit results log, versions 0.11 to 0.18; see docs/sources.md."""
