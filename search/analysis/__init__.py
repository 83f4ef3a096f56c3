"""What several runs, or all trials of one, show together."""
