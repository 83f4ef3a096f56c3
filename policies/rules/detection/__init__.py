"""Rules for detectors: when the boxes that were found in an image are good enough."""
