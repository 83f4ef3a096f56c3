"""Finite-sample certificates: claims, and the tests that they pass or fail."""
