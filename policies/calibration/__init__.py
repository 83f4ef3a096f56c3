"""From outputs to probabilities that mean what they say: temperatures, likelihoods, calibration errors."""
