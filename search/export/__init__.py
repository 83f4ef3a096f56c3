"""From what a search found to a bundle that runs."""
