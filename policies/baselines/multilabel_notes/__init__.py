"""What versions 0.11 to 0.18 of the NeuroAccuExit results log choose on a table of sets of labels."""
