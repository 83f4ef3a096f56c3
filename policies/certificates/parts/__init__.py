"""The parts of a claim, each with the losses that were seen and the test that it passes or fails."""
