"""Recordings that are mixed of others: dealt out, each to one mixture, laid over each other, with noise."""
